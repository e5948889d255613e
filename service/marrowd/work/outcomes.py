"""
Writes that a shutdown must not tear: what was done is recorded though its task is cancelled.

A write runs in a task of its own; cancelling whoever awaits it lets the write go on, and `settle`
waits for all of them before leases are given back.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Outcomes:
    """The writes under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def write(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out *work* to its end, even when the caller is cancelled meanwhile."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait until no write is under way. Their errors belong to those who asked for them."""
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
