"""
Where database work runs: on threads of the store's own, never on the event loop.

`Run` is what a caller may replace: a simulation passes one that does the work at once, on the spot.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Run(Protocol):
    """Do *work* somewhere and give its result; `asyncio.to_thread` fits."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Do *work*."""
        ...


class Threads:
    """
    A small executor of our own.

    The loop's default executor is shared with name resolution and file reads: a slow disk there
    must not make a hook wait for its evidence.
    """

    def __init__(self, name: str, count: int) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=f"marrowd-store-{name}")

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Do *work* on the next free thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def stop(self) -> None:
        """Wait until the threads have done what they were given, and end them."""
        self._executor.shutdown()
