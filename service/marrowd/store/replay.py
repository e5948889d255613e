"""Settled messages made ready again: what an operator asks for after a receiver lost some."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, false, select, update

from marrowd.store import outbox as outbox_room
from marrowd.store.database import BATCH, OverDatabase
from marrowd.store.messages import Chosen, MessageRow, MessageState
from marrowd.store.schema import outbox
from marrowd.store.stored import batches

_SETTLED = (MessageState.TAKEN, MessageState.PARKED)


class SqlReplays(OverDatabase):
    """`Replays` over SQL."""

    async def replayable(self, chosen: Chosen, *, limit: int) -> list[MessageRow]:
        """List those of *chosen* that are taken or parked, oldest first."""
        statement = (
            select(*outbox_room.ROW)
            .where(_is_settled(chosen))
            .order_by(outbox.c.created_at, outbox.c.sequence, outbox.c.id)
            .limit(limit)
        )
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return [outbox_room.message_row(row) for row in rows]

    async def replay(self, chosen: Chosen, *, now: datetime) -> int:
        """Make them ready under the same id and sequence, attempts at zero; say how many."""
        parts = [replace(chosen, ids=tuple(ids)) for ids in batches(chosen.ids)] or [chosen]
        total = 0
        for part in parts:
            # A message leaves the selection by being made ready, so this comes to an end.
            while count := await self._database.write(partial(_replay, part, now)):
                total += count
        return total


def _replay(chosen: Chosen, now: datetime, connection: Connection) -> int:
    picked = (
        select(outbox.c.id)
        .where(_is_settled(chosen), outbox.c.settled_at <= now)
        .order_by(outbox.c.created_at)
        .limit(BATCH)
    )
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(picked))
        .values(
            state=MessageState.READY,
            attempts=0,
            due_at=now,
            settled_at=None,
            # How long the event took to the EHR has been counted.
            event_received_at=None,
        )
    )
    return connection.execute(statement).rowcount


def _is_settled(chosen: Chosen) -> ColumnElement[bool]:
    is_settled = outbox.c.state.in_(_SETTLED) & outbox.c.settled_at.is_not(None)
    if chosen.destinations is not None:
        is_settled &= outbox.c.destination.in_(chosen.destinations)
    if chosen.ids:
        return is_settled & outbox.c.id.in_(chosen.ids)
    if chosen.since is None or chosen.until is None:
        return false()
    # A message is settled after it was written: the first bound lets the index of settled ones
    # leave out what is older.
    return (
        is_settled
        & (outbox.c.settled_at >= chosen.since)
        & (outbox.c.created_at >= chosen.since)
        & (outbox.c.created_at < chosen.until)
    )
