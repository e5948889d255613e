"""The way into the inbox: events kept durably before the edge answers, many to a commit."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection
from sqlalchemy.sql.dml import ReturningInsert

from marrowd.store.database import Database, OverDatabase
from marrowd.store.group import Failed, Group
from marrowd.store.many import given, insert_many
from marrowd.store.protocols import EventState, NewEvent
from marrowd.store.schema import inbox

GROUP_BYTES = 8_000_000  # of payload in one commit
WAITING_BYTES = 64_000_000  # of payload waiting for one: then the edge is told to come back
ROW_BYTES = 512  # what an event weighs besides its payload; with GROUP_BYTES bounds a group's rows
_GIVEN = ("source", "key", "kind", "ref", "received_at", "due_at", "payload", "trace")
_CONSTANTS: Mapping[str, str | int] = {
    "state": EventState.READY,
    "fence": 0,
    "attempts": 0,
    "worker": "",
    "reason": "",
    "detail": "",
}


class SqlIntake(OverDatabase):
    """The accepting part of `Inbox`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._intake: Group[Sequence[NewEvent], int] = Group(
            self._accept_group,
            size=_weight,
            group_size=GROUP_BYTES,
            capacity=WAITING_BYTES,
        )

    async def accept(self, events: Sequence[NewEvent]) -> int:
        """Keep *events* durably (concurrent calls share one commit); say how many were new."""
        return await self._intake.submit(events) if events else 0

    async def _accept_group(self, calls: Sequence[Sequence[NewEvent]]) -> Sequence[int | Failed]:
        return await self._database.write_in_one(calls, _accept)

    async def drain(self) -> None:
        """Accept no more, and wait until all that was accepted is written."""
        await self._intake.close()


def _weight(events: Sequence[NewEvent]) -> int:
    return sum(ROW_BYTES + len(event.payload or b"") for event in events)


def _accept(connection: Connection, calls: Sequence[Sequence[NewEvent]]) -> Sequence[int | Failed]:
    """Insert the events of all *calls* at once; say for each how many of its own were new."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for event in chain.from_iterable(calls):
        rows.setdefault((event.source, event.key), _values(event))
    # Sorted, so that two replicas accepting the same events wait for each other in one direction.
    values = [rows[key] for key in sorted(rows)]
    statement = _insert_new(connection.dialect.name)
    found = connection.execute(statement, given(connection, values))
    new = {(row.source, row.key) for row in found}
    counts: list[int | Failed] = []
    for events in calls:
        own = {(event.source, event.key) for event in events} & new
        new -= own
        counts.append(len(own))
    return counts


@cache
def _insert_new(dialect: str) -> ReturningInsert[tuple[str, str]]:
    return (
        insert_many(dialect, inbox, _GIVEN, constants=_CONSTANTS)
        .on_conflict_do_nothing(index_elements=[inbox.c.source, inbox.c.key])
        .returning(inbox.c.source, inbox.c.key)
    )


def _values(event: NewEvent) -> dict[str, object]:
    return {
        "source": event.source,
        "key": event.key,
        "kind": event.kind,
        "ref": event.ref,
        "received_at": event.received_at,
        "due_at": event.received_at,
        "payload": event.payload,
        "trace": event.trace,
    }
