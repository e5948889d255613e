"""
The outbox: messages decided and not yet taken by their destination.

Rows are written by `apply`, in the transaction of the verdict they speak of. A patient's messages
to one destination go out one after the other: a message is claimable only while no earlier one of
the same patient and destination is still under way. Parked ones do not stand in the way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    bindparam,
    delete,
    func,
    select,
    update,
)

from marrowd.store.audit import add_entries, entries_of
from marrowd.store.database import BATCH, OverDatabase
from marrowd.store.leases import Leases
from marrowd.store.messages import Message, MessageRow, MessageState
from marrowd.store.schema import outbox

_LEASES = Leases(outbox)
_TAKEN = (
    update(outbox)
    .where(outbox.c.id == bindparam("message_id"))
    .values(
        state=MessageState.TAKEN, due_at=None, settled_at=bindparam("now"), worker="", reason=""
    )
)
_PARK = _LEASES.outcome().values(
    state=MessageState.PARKED,
    due_at=None,
    settled_at=bindparam("now"),
    worker="",
    reason=bindparam("why"),
)
_RETRY = _LEASES.outcome().values(
    state=MessageState.READY, due_at=bindparam("now"), worker="", reason=bindparam("why")
)
_EARLIER = outbox.alias("earlier")
# Due, and no earlier one of the same patient under way.
_FIRST_DUE = (
    select(outbox.c.id)
    .where(
        outbox.c.destination == bindparam("at"),
        outbox.c.due_at <= bindparam("now"),
        ~select(_EARLIER.c.id)
        .where(
            _EARLIER.c.destination == outbox.c.destination,
            _EARLIER.c.source == outbox.c.source,
            _EARLIER.c.patient == outbox.c.patient,
            _EARLIER.c.sequence < outbox.c.sequence,
            _EARLIER.c.due_at.is_not(None),
        )
        .exists(),
    )
    .order_by(outbox.c.due_at, outbox.c.created_at)
)
_ANY_DUE = _FIRST_DUE.limit(1)
_PICKED = (
    _FIRST_DUE.limit(bindparam("most")).with_for_update(skip_locked=True, of=outbox).cte("picked")
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id.in_(select(_PICKED.c.id)))
    .values(
        state=MessageState.RUNNING,
        fence=outbox.c.fence + 1,
        attempts=outbox.c.attempts + 1,
        due_at=bindparam("until"),
        worker=bindparam("by"),
    )
    .returning(
        outbox.c.id,
        outbox.c.fence,
        outbox.c.destination,
        outbox.c.source,
        outbox.c.patient,
        outbox.c.sequence,
        outbox.c.attempts,
        outbox.c.created_at,
        outbox.c.event_received_at,
        outbox.c.body,
        outbox.c.trace,
    )
)
ROW = (
    outbox.c.id,
    outbox.c.destination,
    outbox.c.sequence,
    outbox.c.state,
    outbox.c.attempts,
    outbox.c.created_at,
    outbox.c.due_at,
    outbox.c.settled_at,
    outbox.c.reason,
)


class SqlOutbox(OverDatabase):
    """`Outbox` over SQL."""

    async def claim_messages(
        self, destination: str, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Message]:
        """Lease messages: only the first untaken one of each patient is ever handed out."""
        due = {"at": destination, "now": now}
        if await self._database.read(lambda c: c.scalar(_ANY_DUE, due)) is None:
            return []
        values = {**due, "by": worker, "most": limit, "until": until}
        rows = await self._database.write(lambda c: c.execute(_CLAIM, values).all())
        return sorted((_message(row) for row in rows), key=lambda m: (m.created_at, m.sequence))

    async def taken(self, message: Message, *, now: datetime) -> bool:
        """Record that the destination took *message*; False when the lease was lost."""
        return await self._database.write_with(_take, (message, now))

    async def retry_message(self, message: Message, *, at: datetime, reason: str) -> bool:
        """Try *message* again at *at*."""
        return await self._database.write(
            partial(_LEASES.settle, _RETRY, message, now=at, why=reason)
        )

    async def park_message(self, message: Message, *, now: datetime, reason: str) -> bool:
        """Set *message* aside; later ones of the same patient go on."""
        return await self._database.write(
            partial(_LEASES.settle, _PARK, message, now=now, why=reason)
        )

    async def release_messages(self, messages: Sequence[Message]) -> None:
        """Give leases back unused (shutdown)."""
        statement = _LEASES.of(messages).values(
            state=MessageState.READY,
            due_at=outbox.c.created_at,
            attempts=outbox.c.attempts - 1,
            worker="",
        )
        await self._database.change(statement)

    async def outbox_depth(self) -> Mapping[str, int]:
        """Count untaken, unparked messages by destination."""
        statement = (
            select(outbox.c.destination, func.count().label("n"))
            .where(outbox.c.due_at.is_not(None))
            .group_by(outbox.c.destination)
        )
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return {row.destination: row.n for row in rows}

    async def oldest_message(self) -> Mapping[str, datetime]:
        """Give by destination the creation time of its oldest untaken, unparked message."""
        statement = (
            select(outbox.c.destination, func.min(outbox.c.created_at).label("oldest"))
            .where(outbox.c.due_at.is_not(None))
            .group_by(outbox.c.destination)
        )
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return {row.destination: row.oldest for row in rows}

    async def list_messages(self, *, state: MessageState | None, limit: int) -> list[MessageRow]:
        """List messages for an operator, oldest first."""
        statement = _listing(state).order_by(outbox.c.created_at, outbox.c.id).limit(limit)
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return [message_row(row) for row in rows]

    async def show_message(self, message_id: str) -> tuple[MessageRow, bytes] | None:
        """Give one message with its body."""
        statement = select(*ROW, outbox.c.body).where(outbox.c.id == message_id)
        row = await self._database.read(lambda c: c.execute(statement).one_or_none())
        return None if row is None else (message_row(row), row.body)

    async def retry_parked_messages(self, message_ids: Sequence[str], *, now: datetime) -> int:
        """Make parked messages ready again; say how many."""
        statement = _parked(message_ids).values(
            state=MessageState.READY, attempts=0, due_at=now, settled_at=None
        )
        return await self._database.change(statement)

    async def hasten_messages(self, message_ids: Sequence[str], *, now: datetime) -> int:
        """Make due those that wait for their next try; say how many."""
        statement = (
            update(outbox)
            .where(
                outbox.c.id.in_(message_ids),
                outbox.c.due_at > now,
                outbox.c.state == MessageState.READY,
            )
            .values(due_at=now)
        )
        return await self._database.change(statement)

    async def discard_messages(self, message_ids: Sequence[str]) -> int:
        """Drop parked messages for good; say how many."""
        return await self._database.change(delete(outbox).where(_is_parked(message_ids)))

    async def purge_taken(self, *, before: datetime) -> int:
        """Forget messages taken before *before* (retention)."""
        old = (
            select(outbox.c.id)
            .where(outbox.c.state == MessageState.TAKEN, outbox.c.settled_at < before)
            .limit(BATCH)
        )
        return await self._database.change_all(delete(outbox).where(outbox.c.id.in_(old)))


def _take(connection: Connection, calls: Sequence[tuple[Message, datetime]]) -> list[bool]:
    """Record the outcomes and, in the same transaction, who was given which card by them."""
    outcomes, taken = _LEASES.sorted_out(connection, calls)
    if taken:
        connection.execute(_TAKEN, [{"message_id": m.id, "now": now} for m, now in taken])
    if entries := [entry for message, now in taken for entry in entries_of(message, at=now)]:
        add_entries(connection, entries)
    return outcomes


def _is_parked(message_ids: Sequence[str]) -> ColumnElement[bool]:
    return outbox.c.id.in_(message_ids) & (outbox.c.state == MessageState.PARKED)


def _parked(message_ids: Sequence[str]) -> Update:
    return update(outbox).where(_is_parked(message_ids))


def _listing(state: MessageState | None) -> Select[tuple[object, ...]]:
    statement = select(*ROW)
    if state is None:
        return statement
    # Naming the partial index's own condition is what lets the planner use it.
    is_settled = state in (MessageState.TAKEN, MessageState.PARKED)
    column = outbox.c.settled_at if is_settled else outbox.c.due_at
    return statement.where(outbox.c.state == state, column.is_not(None))


def _message(row: Row[tuple[object, ...]]) -> Message:
    return Message(
        id=row.id,
        fence=row.fence,
        destination=row.destination,
        source=row.source,
        patient=row.patient,
        sequence=row.sequence,
        body=row.body,
        attempts=row.attempts,
        created_at=row.created_at,
        event_received_at=row.event_received_at,
        trace=row.trace,
    )


def message_row(row: Row[*tuple[Any, ...]]) -> MessageRow:
    """Give a message as an operator sees it, out of the columns of `ROW`."""
    return MessageRow(
        id=row.id,
        destination=row.destination,
        sequence=row.sequence,
        state=MessageState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        available_at=row.due_at or row.settled_at,
        reason=row.reason,
    )
