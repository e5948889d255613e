"""
All loops of one process: begun together, stopped together; one that dies takes the process with it.

A loop that silently stopped would look like a quiet day. So an error that escapes a loop ends `run`
with that error, and the process restarts.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)


class Loop(Protocol):
    """Something that runs until told to stop, and then finishes what it holds within a bound."""

    @property
    def name(self) -> str:
        """A constant word for logs."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set, then drain and return."""
        ...


class Worker:
    """The loops of this process."""

    name = "work"

    def __init__(self, loops: Sequence[Loop], *, wake: Callable[[], None] = lambda: None) -> None:
        self._loops = tuple(loops)
        self._wake = wake

    def wake(self) -> None:
        """Say that events have come in (called by the intake after each accepted request)."""
        self._wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Run every loop until *stop* is set and each has drained."""
        _log.info("work_started", count=len(self._loops))
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(self._watched(loop, stop), name=loop.name)
        _log.info("work_stopped")

    async def _watched(self, loop: Loop, stop: asyncio.Event) -> None:
        await loop.run(stop)
        if not stop.is_set():
            message = f"the loop {loop.name} ended although nobody stopped it"
            raise RuntimeError(message)
