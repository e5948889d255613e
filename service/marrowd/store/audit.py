"""
The audit record: who was given which patient's card, when and how. Rows are added, never changed.

The database refuses an update itself (a trigger); deletion is by age only, for retention. This is
the one table beside the evidence that names patients, because that is what it is for.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, tuple_

from marrowd.errors import BadInput
from marrowd.store.database import BATCH, OverDatabase
from marrowd.store.dialect import Insert
from marrowd.store.many import given, insert_many
from marrowd.store.messages import Message
from marrowd.store.schema import audit, stored_of
from marrowd.store.upkeep import AuditEntry, AuditKind

_NAMES = AuditEntry._fields
_COLUMNS = [audit.c[name] for name in _NAMES]
_PICKED = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(_NAMES)))
_INSERT_SQLITE = f"INSERT INTO audit ({', '.join(_NAMES)}) SELECT {_PICKED} FROM json_each(?)"  # noqa: S608 - our own names
_NOBODYS = ":"  # in no configured name: what runs under such a source is shown to nobody


class SqlAudit(OverDatabase):
    """`Audit` over SQL."""

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Add *entries*; durable on return."""
        if entries:
            await self._database.write(partial(add_entries, entries=entries))

    async def audited(
        self, *, since: datetime, until: datetime, after: tuple[datetime, int] | None, limit: int
    ) -> list[tuple[int, AuditEntry]]:
        """Give a page of the record, oldest first, with the number of each row."""
        statement = select(audit.c.id, *_COLUMNS).where(audit.c.at >= since, audit.c.at < until)
        if after is not None:
            statement = statement.where(tuple_(audit.c.at, audit.c.id) > after)
        statement = statement.order_by(audit.c.at, audit.c.id).limit(limit)
        rows = await self._database.read(lambda c: c.execute(statement).mappings().all())
        return [(row["id"], _entry(dict(row))) for row in rows]

    async def purge_audit(self, *, before: datetime) -> int:
        """Delete what is older than is kept; say how much."""
        old = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(BATCH)
        return await self._database.change_all(delete(audit).where(audit.c.id.in_(old)))


def add_entries(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add *entries* in the transaction of *connection*."""
    if connection.dialect.name == "sqlite":
        # All rows in one step, during which threads may run: handed over row by row, the driver
        # and the event loop waited for each other in turn, and hooks behind them.
        connection.exec_driver_sql(_INSERT_SQLITE, (_rows(entries),))
        return
    rows = [entry._asdict() for entry in entries]
    connection.execute(_insert(connection.dialect.name), given(connection, rows))


@cache
def _insert(dialect: str) -> Insert:
    return insert_many(dialect, audit, _NAMES)


def _rows(entries: Sequence[AuditEntry]) -> str:
    """Write *entries*, in none of which is a NUL, as an array of rows."""
    try:
        return orjson.dumps([(stored_of(entry.at), *entry[1:]) for entry in entries]).decode()
    except orjson.JSONEncodeError:
        message = "text that is not valid Unicode cannot be stored"
        raise BadInput(message) from None


def entries_of(message: Message, *, at: datetime) -> list[AuditEntry]:
    """Give what a message that was taken has shown or withdrawn; a canary's nothing."""
    if _NOBODYS in message.source:
        return []
    body = _body(message.body)
    told = [(AuditKind.POSTED, card["uuid"]) for card in body.get("cards", ())]
    told += [(AuditKind.RETRACTED, card) for card in body.get("retracts", ())]
    return [
        AuditEntry(
            at=at,
            kind=kind,
            source=message.source,
            patient=message.patient,
            card=str(card),
            verdict=str(body.get("verdict", "")),
            destination=message.destination,
            message=message.id,
        )
        for kind, card in told
    ]


def _body(text: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _entry(row: dict[str, object]) -> AuditEntry:
    del row["id"]
    row["kind"] = AuditKind(str(row["kind"]))
    return AuditEntry(**row)  # type: ignore[arg-type]  # the columns are the fields
