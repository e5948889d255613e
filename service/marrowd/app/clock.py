"""The clock of a real process; a simulation hands in another."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the time, aware, in UTC."""
    return datetime.now(UTC)
