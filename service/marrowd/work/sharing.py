"""
One fetch for many who ask at the same moment: a patient is asked for once per burst.

A laboratory sends the twelve results of one draw within a second; the problem list behind them is
one. What was asked for before an event came in is never given to it: it may be older than the
event.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """The last result by key, with the moment it was asked for."""

    def __init__(self, *, clock: Callable[[], datetime], most: int) -> None:
        self._clock = clock
        self._most = most
        self._tasks: OrderedDict[Hashable, tuple[datetime, asyncio.Task[T]]] = OrderedDict()

    async def get(
        self, key: Hashable, fetch: Callable[[], Coroutine[Any, Any, T]], *, since: datetime
    ) -> T:
        """
        Give what *fetch* gives, or gave somebody else who asked after *since*.

        Failures are not kept.
        """
        now = self._clock()
        begun, task = self._tasks.get(key, (now, None))
        is_old = begun <= since  # at one and the same instant, nobody knows which was first
        has_failed = task is not None and task.done() and (task.cancelled() or task.exception())
        if task is None or is_old or has_failed:
            task = asyncio.create_task(fetch())
            self._tasks[key] = (now, task)
            self._tasks.move_to_end(key)
            while len(self._tasks) > self._most:
                self._tasks.popitem(last=False)
        # Shielded: one who gives up must not take the answer from the others.
        return await asyncio.shield(task)
