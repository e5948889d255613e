"""
One database as the store's rooms use it: `read` and `write` take a function of a connection.

On SQLite concurrent writes share a commit (each in a savepoint of its own, so that one that fails
takes nobody with it); on PostgreSQL each is a transaction on a connection of the pool, since row
locks of strangers held together would deadlock.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar, cast

from sqlalchemy import Connection

from marrowd.errors import StoreUnavailable
from marrowd.store.engine import Engines, connect, translated
from marrowd.store.group import Failed, Group
from marrowd.store.lanes import Run, Threads

C = TypeVar("C")
T = TypeVar("T")
Together: TypeAlias = Callable[[Connection, Sequence[C]], Sequence[T | Failed]]
_Job = Callable[[Connection], object]

WRITERS = 6  # PostgreSQL transactions at a time, per process
READERS = 2  # kept apart, so that a hook's read never queues behind writes
GROUP = 16  # SQLite writes per commit: bounds how long an intake waits behind screening
WAITING = 10_000
_REFUSALS = 2


class Database:
    """Engines, the threads they run on, and the rule how errors come out."""

    def __init__(self, url: str, *, run: Run | None = None) -> None:
        self.engines: Engines = connect(url, connections=WRITERS + READERS)
        self._threads: list[Threads] = []
        writers = 1 if self.engines.is_sqlite else WRITERS
        self.on_writer: Run = run or self._own_threads("write", writers)
        self._on_reader: Run = run or self._own_threads(
            "read", 1 if self.engines.is_sqlite else READERS
        )
        self._on_ending: Run = run or asyncio.to_thread
        self._group: Group[_Job, object] = Group(
            self._flush, size=lambda _: 1, group_size=GROUP, capacity=WAITING
        )
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

    async def write(self, work: Callable[[Connection], T]) -> T:
        """
        Run *work* in a transaction that is durable on return, or rolled back if *work* raises.

        On SQLite *work* may run a second time, after a group commit failed: it must have no effect
        but on the connection.
        """
        self._require_open()
        if self.engines.is_sqlite:
            return cast("T", await self._group.submit(work))
        return await self.on_writer(lambda: _in_transaction(self.engines, work))

    async def write_together(
        self, calls: Sequence[C], work: Together[C, T]
    ) -> Sequence[T | Failed]:
        """Have *work* write *calls* in one transaction; give the outcome of each, in order."""
        return await self.on_writer(lambda: _together(self.engines, calls, work))

    async def close(self) -> None:
        """Write what is waiting, then let the connections go."""
        if self._is_closed:
            return
        self._is_closed = True  # first: what comes now is refused, not forgotten
        await self._group.close()
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

    async def _flush(self, jobs: Sequence[_Job]) -> Sequence[object | Failed]:
        return await self.write_together(jobs, _savepointed)


class OverDatabase:
    """What inbox, evidence and outbox share: the database they stand on."""

    def __init__(self, database: Database) -> None:
        self._database = database


def _in_transaction(engines: Engines, work: Callable[[Connection], T]) -> T:
    with translated(), engines.write.begin() as connection:
        return work(connection)


def _savepointed(connection: Connection, jobs: Sequence[_Job]) -> Sequence[object | Failed]:
    if len(jobs) == 1:
        return [jobs[0](connection)]
    outcomes: list[object | Failed] = []
    for job in jobs:
        connection.exec_driver_sql("SAVEPOINT job")
        try:
            with translated():
                outcomes.append(job(connection))
        except Exception as error:  # noqa: BLE001 - raised again where the job came from
            # If SQLite rolled back everything by itself (disk full), this fails, and the group.
            connection.exec_driver_sql("ROLLBACK TO job")
            outcomes.append(Failed(error))
        connection.exec_driver_sql("RELEASE job")
    return outcomes


def _together(engines: Engines, calls: Sequence[C], work: Together[C, T]) -> Sequence[T | Failed]:
    """
    Write *calls* in one transaction; if that fails, each by itself: only those suffer that must.

    Two refusals in a row say that the database is down, not that a call is bad: the rest is then
    refused without keeping everybody waiting for another time-out each.
    """
    whole = _attempt(engines, calls, work)
    if not isinstance(whole, Failed):
        return whole
    if len(calls) == 1:
        return [whole]
    outcomes: list[T | Failed] = []
    refusals = 0
    for call in calls:
        if refusals == _REFUSALS:
            outcomes.append(Failed(StoreUnavailable("the database refuses to write")))
            continue
        alone = _attempt(engines, [call], work)
        outcomes.append(alone if isinstance(alone, Failed) else alone[0])
        is_refusal = isinstance(alone, Failed) and isinstance(alone.error, StoreUnavailable)
        refusals = refusals + 1 if is_refusal else 0
    return outcomes


def _attempt(
    engines: Engines, calls: Sequence[C], work: Together[C, T]
) -> Sequence[T | Failed] | Failed:
    try:
        return _in_transaction(engines, lambda connection: work(connection, calls))
    except Exception as error:  # noqa: BLE001 - raised again where the call came from
        return Failed(error)
