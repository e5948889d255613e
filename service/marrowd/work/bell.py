"""
How a loop sleeps: until somebody rings, the service stops, or it is time to look anyway.

Ringing is a hint, not a queue: the work itself is in the store, so a ring that is missed costs one
poll.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Bell:
    """Wakes one loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop, now or at its next nap."""
        self._event.set()

    async def nap(self, longest_s: float) -> None:
        """Sleep until the next ring (or one since the last nap), at most *longest_s* seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._event.wait()
        self._event.clear()

    @asynccontextmanager
    async def rung_by(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """Ring once *stop* is set, for as long as the block lasts."""
        task = asyncio.create_task(self._ring_after(stop), name="bell")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _ring_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.ring()
