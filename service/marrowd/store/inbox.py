"""
The inbox: events accepted at the edge, leased to workers, ended once.

Claims go by state (`due_at`), never by a highest number seen: rows commit out of order, and a
number that commits late would be passed over for ever. States are drawn in DESIGN.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Update,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from marrowd.store.database import BATCH
from marrowd.store.intake import SqlIntake
from marrowd.store.leases import Leases
from marrowd.store.protocols import Event, EventKind, EventRow, EventState, NewEvent
from marrowd.store.schema import inbox

LEASES = Leases(inbox)
_FINISH = (
    update(inbox)
    .where(inbox.c.id == bindparam("event_id"))
    .values(
        state=EventState.DONE,
        due_at=None,
        settled_at=bindparam("now"),
        payload=None,
        worker="",
        reason="",
        detail="",
    )
)
_PARK = LEASES.outcome().values(
    state=EventState.PARKED,
    due_at=None,
    settled_at=bindparam("now"),
    worker="",
    reason=bindparam("why"),
    detail=bindparam("where"),
)
_RETRY = LEASES.outcome().values(
    state=EventState.READY,
    due_at=bindparam("now"),
    lost=0,
    worker="",
    reason=bindparam("why"),
    detail=bindparam("where"),
)
_ANY_DUE = select(inbox.c.id).where(inbox.c.due_at <= bindparam("now")).limit(1)
# A common table expression with FOR UPDATE is evaluated once; as a plain sub-select it may be
# planned into a loop and hand out more than the limit. SQLite has no row locks and ignores it.
_PICKED = (
    select(inbox.c.id)
    .where(inbox.c.due_at <= bindparam("now"))
    .order_by(inbox.c.due_at, inbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("picked")
)
_CLAIM = (
    update(inbox)
    .where(inbox.c.id.in_(select(_PICKED.c.id)))
    .values(
        state=EventState.RUNNING,
        fence=inbox.c.fence + 1,
        attempts=inbox.c.attempts + 1,
        # Still running: whoever had it before came to no outcome.
        lost=case((inbox.c.state == EventState.RUNNING, inbox.c.lost + 1), else_=inbox.c.lost),
        due_at=bindparam("until"),
        worker=bindparam("by"),
    )
    .returning(
        inbox.c.id,
        inbox.c.fence,
        inbox.c.attempts,
        inbox.c.lost,
        inbox.c.source,
        inbox.c.kind,
        inbox.c.key,
        inbox.c.received_at,
        inbox.c.ref,
        inbox.c.payload,
        inbox.c.trace,
    )
)
_ROW = (
    inbox.c.id,
    inbox.c.source,
    inbox.c.kind,
    inbox.c.ref,
    inbox.c.state,
    inbox.c.attempts,
    inbox.c.received_at,
    inbox.c.due_at,
    inbox.c.settled_at,
    inbox.c.reason,
    inbox.c.detail,
)


class SqlInbox(SqlIntake):
    """`Inbox` over SQL; accepting is in `intake.py`."""

    async def claim(
        self, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Event]:
        """Lease up to *limit* events that are ready, or whose lease has run out, oldest first."""
        # Looking first keeps idle workers from taking the write lock and an fsync every second.
        if await self._database.read(lambda c: c.scalar(_ANY_DUE, {"now": now})) is None:
            return []
        values = {"by": worker, "most": limit, "now": now, "until": until}
        rows = await self._database.write(lambda c: c.execute(_CLAIM, values).all())
        return sorted((_event(row) for row in rows), key=lambda e: (e.new.received_at, e.id))

    async def extend(self, events: Sequence[Event], *, until: datetime) -> list[Event]:
        """Heartbeat: prolong the leases; give back those that are still ours."""
        prolong = LEASES.of(events).values(due_at=until)
        # A fence that stands is ours, whatever the state: an event may just have been finished.
        fences = select(inbox.c.id, inbox.c.fence).where(inbox.c.id.in_([e.id for e in events]))

        def beat(connection: Connection) -> dict[int, int]:
            LEASES.held(connection, events)
            connection.execute(prolong)
            return {row.id: row.fence for row in connection.execute(fences)}

        standing = await self._database.write(beat)
        return [event for event in events if standing.get(event.id) == event.fence]

    async def finish(self, event: Event, *, now: datetime) -> bool:
        """Mark *event* done and let its payload go; False when the lease was lost."""
        return await self._database.write_with(_finish, (event, now))

    async def retry(self, event: Event, *, at: datetime, reason: str, detail: str = "") -> bool:
        """Make *event* ready again at *at*."""
        return await self._database.write(
            partial(LEASES.settle, _RETRY, event, now=at, why=reason, where=detail)
        )

    async def park(self, event: Event, *, now: datetime, reason: str, detail: str = "") -> bool:
        """Set *event* aside with a *reason* that an operator can read; it keeps its payload."""
        return await self._database.write(
            partial(LEASES.settle, _PARK, event, now=now, why=reason, where=detail)
        )

    async def release(self, events: Sequence[Event]) -> None:
        """Give leases back unused (shutdown): the attempt does not count."""
        statement = LEASES.of(events).values(
            state=EventState.READY,
            due_at=inbox.c.received_at,
            attempts=inbox.c.attempts - 1,
            worker="",
        )

        def give_back(connection: Connection) -> None:
            LEASES.held(connection, events)
            connection.execute(statement)

        await self._database.write(give_back)

    async def inbox_depth(self) -> Mapping[EventState, int]:
        """Count events by state, done ones left out."""
        return await self._database.read(_depth)

    async def oldest_waiting(self) -> datetime | None:
        """Give the arrival time of the oldest event neither done nor parked."""
        statement = select(func.min(inbox.c.received_at)).where(inbox.c.due_at.is_not(None))
        return await self._database.read(lambda c: c.scalar(statement))

    async def last_told(self, source: str) -> datetime | None:
        """Give when *source* last sent an event that is still known; what sweeps found is none."""
        # What was sent has its resource or its kind before all else in its key.
        is_sent = inbox.c.key.startswith(inbox.c.ref + "#") | inbox.c.key.startswith(
            inbox.c.kind + ":"
        )
        statement = select(func.max(inbox.c.received_at)).where(
            inbox.c.source == source, inbox.c.kind != EventKind.STATUS, is_sent
        )
        return await self._database.read(lambda c: c.scalar(statement))

    async def list_events(self, *, state: EventState | None, limit: int) -> list[EventRow]:
        """List events for an operator, oldest first."""
        statement = _listing(state).order_by(inbox.c.id).limit(limit)
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return [_event_row(row) for row in rows]

    async def show_event(self, event_id: int) -> tuple[EventRow, bytes | None] | None:
        """Give one event with its payload."""
        statement = select(*_ROW, inbox.c.payload).where(inbox.c.id == event_id)
        row = await self._database.read(lambda c: c.execute(statement).one_or_none())
        return None if row is None else (_event_row(row), row.payload)

    async def retry_parked(self, event_ids: Sequence[int], *, now: datetime) -> int:
        """Make parked events ready again with their attempts at zero; say how many."""
        statement = _parked(event_ids).values(
            state=EventState.READY, attempts=0, lost=0, due_at=now, settled_at=None
        )
        return await self._database.change(statement)

    async def discard(self, event_ids: Sequence[int]) -> int:
        """
        Drop parked events for good; say how many.

        The key stays until retention takes it: otherwise the next redelivery or sweep would bring
        back what an operator has just thrown away.
        """
        statement = _parked(event_ids).values(
            state=EventState.DONE, reason="discarded", detail="", payload=None
        )
        return await self._database.change(statement)

    async def purge_done(self, *, before: datetime) -> int:
        """Forget events done before *before* (retention)."""
        old = (
            select(inbox.c.id)
            .where(inbox.c.state == EventState.DONE, inbox.c.settled_at < before)
            .limit(BATCH)
        )
        return await self._database.change_all(delete(inbox).where(inbox.c.id.in_(old)))


def finish_held(connection: Connection, ended: Sequence[tuple[Event, datetime]]) -> None:
    """Mark as done events that are held in this transaction (`LEASES`)."""
    if ended:
        connection.execute(_FINISH, [{"event_id": event.id, "now": now} for event, now in ended])


def _finish(connection: Connection, calls: Sequence[tuple[Event, datetime]]) -> list[bool]:
    outcomes, ended = LEASES.sorted_out(connection, calls)
    finish_held(connection, ended)
    return outcomes


def _parked(event_ids: Sequence[int]) -> Update:
    return update(inbox).where(inbox.c.id.in_(event_ids), inbox.c.state == EventState.PARKED)


def _depth(connection: Connection) -> Mapping[EventState, int]:
    waiting = (
        select(inbox.c.state, func.count().label("n"))
        .where(inbox.c.due_at.is_not(None))
        .group_by(inbox.c.state)
    )
    parked = select(func.count()).where(
        inbox.c.state == EventState.PARKED, inbox.c.settled_at.is_not(None)
    )
    depth = {EventState.READY: 0, EventState.RUNNING: 0}
    depth |= {EventState(row.state): row.n for row in connection.execute(waiting)}
    depth[EventState.PARKED] = connection.scalar(parked) or 0
    return depth


def _listing(state: EventState | None) -> Select[tuple[object, ...]]:
    statement = select(*_ROW)
    if state is None:
        return statement
    # Naming the partial index's own condition is what lets the planner use it.
    is_settled = state in (EventState.DONE, EventState.PARKED)
    column = inbox.c.settled_at if is_settled else inbox.c.due_at
    return statement.where(inbox.c.state == state, column.is_not(None))


def _event_row(row: Row[*tuple[Any, ...]]) -> EventRow:
    return EventRow(
        id=row.id,
        source=row.source,
        kind=EventKind(row.kind),
        ref=row.ref,
        state=EventState(row.state),
        attempts=row.attempts,
        received_at=row.received_at,
        available_at=row.due_at or row.settled_at,
        reason=row.reason,
        detail=row.detail,
    )


def _event(row: Row[tuple[object, ...]]) -> Event:
    return Event(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        lost=row.lost,
        new=NewEvent(
            source=row.source,
            kind=EventKind(row.kind),
            key=row.key,
            received_at=row.received_at,
            ref=row.ref,
            payload=row.payload,
            trace=row.trace,
        ),
    )
