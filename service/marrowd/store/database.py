"""
One database as the store's rooms use it: `read` and `write` take a function of a connection.

What runs for every event is called with `read_with` and `write_with`: concurrent calls of one kind
share its statements and, when they write, a commit. One that fails takes nobody with it: the others
are then made one by one. On SQLite, which has one writer, all kinds of writes share a commit, each
in a savepoint of its own. On PostgreSQL a kind has a transaction of its own, and takes its locks
sorted over all of its calls; other writes are a transaction each, since row locks of strangers
held together would deadlock.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Delete, Update

from marrowd.errors import StoreUnavailable
from marrowd.store.engine import Engines, connect, translated
from marrowd.store.group import LATER, Failed, Flush, Group, Later, attempted
from marrowd.store.lanes import Run, Threads

C = TypeVar("C")
T = TypeVar("T")
Together: TypeAlias = Callable[[Connection, Sequence[C]], Sequence[T | Failed | Later]]
"""
One kind of call, carried out for many at once: an outcome for each, in order.

A call that cannot stand beside those before it is LATER, never the first one. When it raises,
nothing may have been done but on the connection.
"""

WRITERS = 6  # PostgreSQL transactions at a time, per process
READERS = 2  # kept apart, so that a hook's read never queues behind writes
GROUP = 32  # calls that share a commit: bounds how long an intake waits behind screening
WAITING = 10_000
BATCH = 1_000  # rows that a purge changes at a time: it holds the write lock meanwhile
_REFUSALS = 2
_Job: TypeAlias = tuple[Together[Any, Any], Any]
_Transact: TypeAlias = Callable[[Sequence[C]], Sequence[T | Failed | Later]]


class Database:
    """Engines, the threads they run on, and the rule how errors come out."""

    def __init__(
        self, url: str, *, run: Run | None = None, login_of: Callable[[], str] | None = None
    ) -> None:
        self.engines: Engines = connect(url, connections=WRITERS + READERS, login_of=login_of)
        self._threads: list[Threads] = []
        writers = 1 if self.engines.is_sqlite else WRITERS
        self.on_writer: Run = run or self._own_threads("write", writers)
        self._on_reader: Run = run or self._own_threads(
            "read", 1 if self.engines.is_sqlite else READERS
        )
        self._on_ending: Run = run or asyncio.to_thread
        self._writes: dict[object, Group[Any, Any]] = {}
        self._reads: dict[object, Group[Any, Any]] = {}
        self._is_closed = False

    def _own_threads(self, name: str, count: int) -> Threads:
        threads = Threads(name, count)
        self._threads.append(threads)
        return threads

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run *work*, which must not write, outside any transaction."""
        self._require_open()

        def call() -> T:
            with translated(), self.engines.read.connect() as connection:
                return work(connection)

        return await self._on_reader(call)

    async def read_sqlite(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a read that is too hot for a layer in between; on SQLite only."""
        self._require_open()

        def call() -> T:
            with translated():
                pooled = self.engines.read.raw_connection()
                try:
                    return work(cast("sqlite3.Connection", pooled.driver_connection))
                finally:
                    pooled.close()

        return await self._on_reader(call)

    async def read_with(self, work: Together[C, T], call: C) -> T:
        """Have *work*, which must not write, answer *call* and whatever waits beside it."""
        self._require_open()
        if work not in self._reads:
            self._reads[work] = self._group_of(
                lambda calls: self._on_reader(lambda: _read_together(self.engines, calls, work))
            )
        return cast("T", await self._reads[work].submit(call))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """
        Run *work* in a transaction that is durable on return, or rolled back if *work* raises.

        On SQLite *work* may run a second time, after a group commit failed: it must have no effect
        but on the connection.
        """
        self._require_open()
        if self.engines.is_sqlite:
            return cast("T", await self.write_with(_one_by_one, work))
        return await self.on_writer(lambda: _in_transaction(self.engines, work))

    async def change(self, statement: Update | Delete) -> int:
        """Run *statement*; say how many rows it changed."""
        return await self.write(lambda connection: connection.execute(statement).rowcount)

    async def change_all(self, statement: Update | Delete) -> int:
        """Run *statement*, which changes some rows at a time, until none is left; say how many."""
        total = 0
        while count := await self.change(statement):
            total += count
        return total

    async def write_with(self, work: Together[C, T], call: C) -> T:
        """
        Have *work* carry out *call* and whatever waits beside it; durable on return.

        It may run again for the same calls, after a commit that failed.
        """
        self._require_open()
        if self.engines.is_sqlite:
            group = self._writing(_by_kind)
            return cast("T", await group.submit((work, call)))
        return await self._writing(work).submit(call)

    async def write_together(
        self, calls: Sequence[C], work: Together[C, T]
    ) -> Sequence[T | Failed]:
        """Have *work* write *calls* in one transaction; give the outcome of each, in order."""
        engines = self.engines

        def transact(some: Sequence[C]) -> Sequence[T | Failed | Later]:
            return _in_transaction(engines, lambda connection: work(connection, some))

        return await self.on_writer(lambda: _together(transact, calls))

    async def write_apart(
        self, calls: Sequence[C], work: Callable[[Engines, Sequence[C]], Sequence[T | Failed]]
    ) -> Sequence[T | Failed]:
        """Do the same for *work* that finds its own connection and has committed on return."""

        def transact(some: Sequence[C]) -> Sequence[T | Failed]:
            with translated():
                return work(self.engines, some)

        return await self.on_writer(lambda: _together(transact, calls))

    async def close(self) -> None:
        """Write what is waiting, then let the connections go."""
        if self._is_closed:
            return
        self._is_closed = True  # first: what comes now is refused, not forgotten
        for group in (*self._writes.values(), *self._reads.values()):
            await group.close()
        await self._on_ending(self._end)

    def _end(self) -> None:
        # A caller that was cancelled has left its work behind on a thread: wait for that too, or
        # its connection would come back to a pool that is gone.
        for threads in self._threads:
            threads.stop()
        self.engines.dispose()

    def _require_open(self) -> None:
        if self._is_closed:
            message = "the store is closed"
            raise StoreUnavailable(message)

    def _writing(self, work: Together[C, T]) -> Group[C, T]:
        if work not in self._writes:
            self._writes[work] = self._group_of(lambda calls: self.write_together(calls, work))
        return self._writes[work]

    def _group_of(self, flush: Flush[C, T]) -> Group[C, T]:
        return Group(flush, size=lambda _: 1, group_size=GROUP, capacity=WAITING)


class OverDatabase:
    """What inbox, evidence and outbox share: the database they stand on."""

    def __init__(self, database: Database) -> None:
        self._database = database


def _in_transaction(engines: Engines, work: Callable[[Connection], T]) -> T:
    with translated(), engines.write.begin() as connection:
        return work(connection)


def _one_by_one(
    connection: Connection, calls: Sequence[Callable[[Connection], Any]]
) -> Sequence[Any]:
    """Carry out the first: writes of no kind share a commit and nothing else."""
    return [calls[0](connection), *[LATER] * (len(calls) - 1)]


def _by_kind(connection: Connection, jobs: Sequence[_Job]) -> Sequence[object | Failed | Later]:
    """Carry out jobs of all kinds in one transaction, each kind for all of its calls at once."""
    if len(jobs) == 1:
        work, call = jobs[0]
        return work(connection, [call])
    outcomes: list[object | Failed | Later] = [LATER] * len(jobs)
    while waiting := [n for n, outcome in enumerate(outcomes) if outcome is LATER]:
        work = jobs[waiting[0]][0]
        same = [n for n in waiting if jobs[n][0] is work]
        came = _savepointed(connection, work, [jobs[n][1] for n in same])
        for n, outcome in zip(same, came, strict=True):
            outcomes[n] = outcome
    return outcomes


def _savepointed(
    connection: Connection, work: Together[C, T], calls: Sequence[C]
) -> Sequence[T | Failed | Later]:
    """Have *work* carry out *calls*; if it fails, each by itself."""

    def carried_out() -> Sequence[T | Failed | Later]:
        with translated():
            return work(connection, calls)

    connection.exec_driver_sql("SAVEPOINT job")
    outcomes = attempted(carried_out)
    if isinstance(outcomes, Failed):
        # If SQLite rolled back everything by itself (disk full), this fails, and the group.
        connection.exec_driver_sql("ROLLBACK TO job")
    connection.exec_driver_sql("RELEASE job")
    if not isinstance(outcomes, Failed):
        return outcomes
    if len(calls) == 1:
        return [outcomes]
    return [_savepointed(connection, work, [call])[0] for call in calls]


def _together(transact: _Transact[C, T], calls: Sequence[C]) -> Sequence[T | Failed]:
    """
    Write *calls* in one transaction, and those that are LATER in the next.

    If it fails, each by itself: only those suffer that must. Two refusals in a row say that the
    database is down, not that a call is bad: the rest is then refused without keeping everybody
    waiting for another time-out each.
    """
    whole = attempted(lambda: transact(calls))
    if not isinstance(whole, Failed):
        return _with_later(whole, calls, lambda rest: _together(transact, rest))
    if len(calls) == 1:
        return [whole]
    outcomes: list[T | Failed] = []
    refusals = 0
    for call in calls:
        if refusals == _REFUSALS:
            outcomes.append(Failed(StoreUnavailable("the database refuses to write")))
            continue
        alone = attempted(partial(transact, [call]))
        outcomes.append(alone if isinstance(alone, Failed) else _settled(alone[0]))
        is_refusal = isinstance(alone, Failed) and isinstance(alone.error, StoreUnavailable)
        refusals = refusals + 1 if is_refusal else 0
    return outcomes


def _with_later(
    outcomes: Sequence[T | Failed | Later],
    calls: Sequence[C],
    again: Callable[[Sequence[C]], Sequence[T | Failed]],
) -> Sequence[T | Failed]:
    rest = [call for call, outcome in zip(calls, outcomes, strict=True) if outcome is LATER]
    later = iter(again(rest) if rest else ())
    return [next(later) if isinstance(o, Later) else o for o in outcomes]


def _read_together(
    engines: Engines, calls: Sequence[C], work: Together[C, T]
) -> Sequence[T | Failed]:
    """Answer *calls* at once; if that fails, each by itself."""

    def answered() -> Sequence[T | Failed]:
        with translated(), engines.read.connect() as connection:
            return [_settled(outcome) for outcome in work(connection, calls)]

    outcomes = attempted(answered)
    if not isinstance(outcomes, Failed):
        return outcomes
    if len(calls) == 1:
        return [outcomes]
    return [_read_together(engines, [call], work)[0] for call in calls]


def _settled(outcome: T | Failed | Later) -> T | Failed:
    if isinstance(outcome, Later):
        message = "a call that stands alone has to be carried out"
        raise TypeError(message)
    return outcome
