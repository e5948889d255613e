"""
What a FHIR server may answer other than what was asked for, as errors a caller can tell apart.

    BadInput
    |- Absent        404 or 410: there is no such resource (any more)
    |- Rejected      another 4xx: the server will not do this, however often it is asked
    |- TooLarge      an answer longer than the cap, nested too deeply, or of too many pages
    EhrUnavailable   408, 409, 429, 5xx: the same request may work later
    |- Unreachable   no answer, 502, 503, 504: nobody is there at the moment
    |- LeftAlone     not asked, because nobody answered lately (`fhir.breaker`)
    |- Unusable      an answer that only a person can mend: 401, a redirect, something not FHIR
       |- Forbidden  403: not for us, though others of our requests may be granted

`Unusable` is worth a few more tries (a token is being rotated, a proxy shows its maintenance page)
but not endless ones. aiohttp's and asyncio's own errors are wrapped in `Unreachable`; their
messages are not kept, because they quote URLs and a search URL names the patient.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from marrowd.errors import BadInput, EhrUnavailable, MarrowdError

_WAIT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,  # HAPI: a Subscription that it is activating at this moment
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_NOBODY = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Absent(BadInput):
    """The server has no such resource (any more); `at` is its own time when it said so."""

    def __init__(self, message: str, *, at: datetime | None = None) -> None:
        self.at = at
        super().__init__(message)


class Rejected(BadInput):
    """The server will not do what was asked; `status` is its answer."""

    def __init__(self, status: int, operation: str) -> None:
        self.status = status
        super().__init__(f"{operation} answered {status}")


class TooLarge(BadInput):
    """The answer is longer than the service is willing to hold."""


class Unreachable(EhrUnavailable):
    """Nobody answered, or a proxy said that nobody is behind it."""


class LeftAlone(EhrUnavailable):
    """Nothing was asked: the server did not answer lately; `retry_after_s` says when to ask."""


class Unusable(EhrUnavailable):
    """An answer that more waiting alone will hardly mend."""


class Forbidden(Unusable):
    """The server does not let us do this; other requests may still be granted."""


def error_of(
    status: int, operation: str, *, retry_after_s: float | None = None, at: datetime | None = None
) -> MarrowdError:
    """Turn a *status* that is not 2xx into the error a caller acts on; *at*: the answer's Date."""
    what = f"{operation} answered {status}"
    if status in _GONE:
        return Absent(what, at=at)
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(what)
    if status == HTTPStatus.UNAUTHORIZED or status < HTTPStatus.BAD_REQUEST:
        return Unusable(what)
    if status in _NOBODY:
        return Unreachable(what, retry_after_s=retry_after_s)
    if status in _WAIT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return EhrUnavailable(what, retry_after_s=retry_after_s)
    return Rejected(status, operation)


def seconds_to_wait(header: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After *header* (seconds or an HTTP date); None when absent or nonsense."""
    if header is None:
        return None
    seconds = header.strip()  # of more than `float` takes for blanks
    if seconds.isdecimal():
        return float(seconds)
    at = http_date(header)
    return None if at is None else max(0.0, (at - now).total_seconds())


def http_date(header: str | None) -> datetime | None:
    """Read an HTTP date; None when absent or nonsense."""
    if header is None:
        return None
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
