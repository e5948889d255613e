"""
The errors that rooms hand to each other, so that a caller can tell what to do next.

    MarrowdError
    |- BadInput              what was sent cannot be used: never retry, answer 4xx or exit 3
    |  |- UnreadableResource a FHIR resource (or a part of it) that cannot be read; carries a reason
    |- BadConfiguration      the configuration is wrong: exit 2
    |- Unavailable           somebody else is down: retry later
       |- StoreUnavailable   the database cannot be reached or cannot write (disk full)
       |- EhrUnavailable     a FHIR server or a destination did not answer usefully

Messages never contain patient data: they name places (paths, keys, ids of our own making), never
values.
"""

from pathlib import PurePath


class MarrowdError(Exception):
    """Root of every error this package raises on purpose."""


class BadInput(MarrowdError):
    """What was sent cannot be used; sending it again will not help."""


class UnreadableResource(BadInput):
    """
    A FHIR resource that cannot be read.

    `reason` is one of a closed list: "scan", "language", "no_text", "type", "not_fetched",
    "broken", "value", "unit", "implausible", "date", "future_date", "resource".
    """

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{reason} at {place}" if place else reason)


class BadConfiguration(MarrowdError):
    """The configuration is wrong; the message says what, where and how to mend it."""


class Unavailable(MarrowdError):
    """Somebody else is down; the same call may work later."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class StoreUnavailable(Unavailable):
    """The database cannot be reached or cannot write."""


class EhrUnavailable(Unavailable):
    """A FHIR server or a destination did not answer usefully."""


def place_of(error: Exception) -> str:
    """
    Say where *error* comes from without quoting anything.

    Our own errors name places by rule; a foreign one's text may quote the input, so only its type
    and the line that raised it are kept.
    """
    if isinstance(error, MarrowdError):
        return f"{type(error).__name__}: {error}"
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    line = f" at {PurePath(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
    return f"{type(error).__name__}{line}"
