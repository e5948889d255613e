"""
The one place that catches broadly: whatever one event does, the loop goes on with the next.

What is caught is handed back as a value, so that the caller must decide (`work.retrying`), record
and count it. Cancellation passes through: it is not an error but a shutdown.
"""

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def guarded(work: Awaitable[T]) -> T | Exception:
    """Await *work*; give its result, or the error it raised."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the guard: see the module's docstring
        return error
