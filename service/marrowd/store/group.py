"""
Group commit: concurrent calls share one transaction, because the commit's fsync is what costs.

No time is waited for: what arrives while one group is being written becomes the next group. Before
a group is closed the event loop turns a few times, so that who has just been answered, or has just
arrived, can be in it. All bookkeeping is on the event loop, so a simulated loop replays it exactly.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from marrowd.errors import StoreUnavailable

# An answer is sent in the first, what it brings is read in the second and submitted in the third.
_TURNS = 3

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Failed:
    """The outcome of one member of a group that was not written, and why."""

    error: Exception


def attempted(work: Callable[[], R]) -> R | Failed:
    """Do *work*; what it raises is its outcome, and is raised again where the call came from."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - no call may take others with it
        return Failed(error)


class Later(Enum):
    """The outcome of a member that cannot be written beside the others: not looked at yet."""

    LATER = "later"


LATER = Later.LATER


Flush = Callable[[Sequence[J]], Awaitable[Sequence[R | Failed]]]


class Group(Generic[J, R]):
    """
    Collects jobs and hands them to *flush*, one group at a time, in the order they came.

    Args:
        flush: writes a group; gives the outcome of each member, in order.
        size: what a job counts for (bytes, or 1).
        group_size: a group is closed when it has reached this.
        capacity: more than this waiting is refused, so that memory stays bounded.
    """

    def __init__(
        self,
        flush: Flush[J, R],
        *,
        size: Callable[[J], int],
        group_size: int,
        capacity: int,
    ) -> None:
        self._flush = flush
        self._size = size
        self._group_size = group_size
        self._capacity = capacity
        self._waiting: deque[tuple[J, int, asyncio.Future[R]]] = deque()
        self._waiting_size = 0
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    async def submit(self, job: J) -> R:
        """
        Have *job* written with whatever else is waiting; return when it is durable.

        A caller that is cancelled meanwhile does not take its job back: it may have been written.

        Raises:
            StoreUnavailable: too much is waiting already, or the store is closed; nothing was kept.
        """
        if self._is_closed:
            message = "the store is closed"
            raise StoreUnavailable(message)
        size = self._size(job)
        if self._waiting and self._waiting_size + size > self._capacity:
            message = "the queue to the database is full"
            raise StoreUnavailable(message, retry_after_s=1)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, size, future))
        self._waiting_size += size
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="store-group")
        return await future

    async def close(self) -> None:
        """Refuse what comes from now on, and wait until all that was submitted is written."""
        self._is_closed = True
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        try:
            while self._waiting:
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                await self._write(self._take())
        finally:
            self._task = None

    def _take(self) -> list[tuple[J, int, asyncio.Future[R]]]:
        group: list[tuple[J, int, asyncio.Future[R]]] = []
        size = 0
        while self._waiting and size < self._group_size:
            member = self._waiting.popleft()
            size += member[1]
            group.append(member)
        self._waiting_size -= size
        return group

    async def _write(self, group: list[tuple[J, int, asyncio.Future[R]]]) -> None:
        outcomes: Sequence[R | Failed] = ()
        try:
            outcomes = await self._flush([job for job, _, _ in group])
        finally:
            # When the flush itself was cut short (cancelled at a hard stop) nobody may hang.
            for index, (_, _, future) in enumerate(group):
                if not future.done():
                    _settle(future, outcomes[index] if index < len(outcomes) else _CUT_SHORT)


_CUT_SHORT = Failed(StoreUnavailable("the store was stopped before the outcome was known"))


def _settle(future: "asyncio.Future[R]", outcome: R | Failed) -> None:
    if isinstance(outcome, Failed):
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome)
