"""
One fetch for many who ask at the same moment: a patient is asked for once per burst.

A laboratory sends the twelve results of one draw within a second; the problem list behind them is
one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Results by key, each good for a short while from the moment it was asked for."""

    def __init__(self, *, good_for_s: float, most: int = 10_000) -> None:
        self._good_for_s = good_for_s
        self._most = most
        self._tasks: OrderedDict[Hashable, tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, key: Hashable, fetch: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Give what *fetch* gives, or gave somebody else a moment ago; failures are not kept."""
        now = asyncio.get_running_loop().time()
        begun, task = self._tasks.get(key, (now, None))
        is_old = now - begun > self._good_for_s
        has_failed = task is not None and task.done() and (task.cancelled() or task.exception())
        if task is None or is_old or has_failed:
            task = asyncio.create_task(fetch())
            self._tasks[key] = (now, task)
            self._tasks.move_to_end(key)
            while len(self._tasks) > self._most:
                self._tasks.popitem(last=False)
        # Shielded: one who gives up must not take the answer from the others.
        return await asyncio.shield(task)
