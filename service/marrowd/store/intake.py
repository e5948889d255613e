"""
The way into the inbox: events kept durably before the edge answers, many to a commit.

All the events of a group are one statement. SQLite gets it with the group's transaction, PostgreSQL
by itself, and past SQLAlchemy (`wire.py`): nothing else is so often waited for.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter

from sqlalchemy import Connection
from sqlalchemy.sql.dml import ReturningInsert

from marrowd.store.database import Database, OverDatabase
from marrowd.store.engine import Engines
from marrowd.store.group import Flush, Group
from marrowd.store.many import insert_many
from marrowd.store.protocols import EventState, NewEvent
from marrowd.store.schema import inbox

GROUP_BYTES = 8_000_000  # of payload in one commit
WAITING_BYTES = 64_000_000  # of payload waiting for one: then the edge is told to come back
ROW_BYTES = 512  # what an event weighs besides its payload; with GROUP_BYTES bounds a group's rows
_GIVEN = ("source", "key", "kind", "ref", "received_at", "due_at", "payload", "trace")
_values = attrgetter(
    "source", "key", "kind", "ref", "received_at", "received_at", "payload", "trace"
)
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
            _way_into(database),
            size=_weight,
            group_size=GROUP_BYTES,
            capacity=WAITING_BYTES,
        )

    async def accept(self, events: Sequence[NewEvent]) -> int:
        """Keep *events* durably (concurrent calls share one commit); say how many were new."""
        return await self._intake.submit(events) if events else 0

    async def drain(self) -> None:
        """Accept no more, and wait until all that was accepted is written."""
        await self._intake.close()


def _weight(events: Sequence[NewEvent]) -> int:
    return sum(ROW_BYTES + len(event.payload or b"") for event in events)


def _way_into(database: Database) -> Flush[Sequence[NewEvent], int]:
    if database.engines.is_sqlite:
        return lambda calls: database.write_together(calls, _accept)
    from marrowd.store.wire import Wired  # noqa: PLC0415 - SQLite has no need of the driver

    insert = Wired("marrowd_accept", _insert_new("postgresql"), inbox, *_GIVEN)

    def accept(engines: Engines, calls: Sequence[Sequence[NewEvent]]) -> Sequence[int]:
        rows = [_values(event) for event in _events(calls)]
        return _counts(calls, insert.run(engines, [*zip(*rows, strict=True)]))

    return lambda calls: database.write_apart(calls, accept)


def _accept(connection: Connection, calls: Sequence[Sequence[NewEvent]]) -> Sequence[int]:
    rows = [dict(zip(_GIVEN, _values(event), strict=True)) for event in _events(calls)]
    found = connection.execute(_insert_new("sqlite"), rows)
    return _counts(calls, [(row.source, row.key) for row in found])


def _events(calls: Sequence[Sequence[NewEvent]]) -> list[NewEvent]:
    """Give the events of all *calls*, those that came twice once."""
    events: dict[tuple[str, str], NewEvent] = {}
    for event in chain.from_iterable(calls):
        events.setdefault((event.source, event.key), event)
    # Sorted, so that two replicas accepting the same events wait for each other in one direction.
    return [events[key] for key in sorted(events)]


def _counts(
    calls: Sequence[Sequence[NewEvent]], inserted: Iterable[tuple[str, ...]]
) -> Sequence[int]:
    """Say for each of *calls* how many of its own events were new."""
    new = set(inserted)
    counts = []
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
