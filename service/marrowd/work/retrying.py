"""
When to try again, and when to stop: pure decisions, carried out by the loops.

Each strategy takes what went wrong, how often it was tried and how long ago it began, and gives a
value that says what to do. Randomness is handed in: pauses are jittered so that a server which
comes back is not met by everybody at once.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from marrowd.cds.webhook import Answer
from marrowd.errors import BadInput, MarrowdError, StoreUnavailable, Unavailable, place_of
from marrowd.fhir.answers import Absent, Rejected, TooLarge, Unusable
from marrowd.telemetry.metrics import Parked


class NoSubject(BadInput):
    """A relevant resource names no patient that can be resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Try again after `after`; `reason` is a word of ours, never text from outside."""

    after: timedelta
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Set it aside for an operator."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """It arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The destination wants nothing more (410): keep the message, send nothing for now."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How an event is retried: pauses double from `first` up to `longest`."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=15)  # an EHR's maintenance window is hours, not days
    tries_unusable: int = 14  # 401, 403, redirects: over an hour for somebody to mend a token
    tries_unknown: int = 5  # an error of ours seldom goes away by itself

    def pause(self, attempts: int, rng: random.Random) -> timedelta:
        """Give the jittered pause after *attempts* tries (1 = the first failed)."""
        doublings = min(attempts - 1, 20)  # 2**20 s is past any `longest`
        return min(self.first * (1 << doublings), self.longest) * rng.uniform(0.5, 1.5)


def after_failure(  # noqa: PLR0911 - a table
    error: Exception, *, attempts: int, alike: int, patience: Patience, rng: random.Random
) -> TryAgain | Park:
    """
    Say what becomes of an event whose handling raised *error*.

    A server or database that is down is waited for without end: giving up would lose what was
    acknowledged. What only a person can mend, and errors of ours, are tried a bounded number of
    times. What cannot be used is parked at once.

    Args:
        error: what was raised.
        attempts: tries so far, this one included: how long the next pause is.
        alike: failures in a row of the same `kind_of`, this one included: when to give up. A
            server that was down for a day and now shows a login page has failed once in that way.
        patience: how patient to be.
        rng: jitter.
    """
    detail = place_of(error)
    match error:
        case Unusable() if alike >= patience.tries_unusable:
            return Park(reason=Parked.REFUSED, detail=detail)
        case Unavailable():
            pause = patience.pause(attempts, rng)
            if error.retry_after_s is not None:
                # Not before the server's word, but one header cannot put a day's work off.
                asked = min(timedelta(seconds=min(error.retry_after_s, 1e6)), patience.longest)
                pause = max(pause, asked * rng.uniform(1.0, 1.2))
            return TryAgain(
                after=pause, reason="store" if isinstance(error, StoreUnavailable) else "ehr"
            )
        case NoSubject():
            return Park(reason=Parked.NO_SUBJECT, detail=detail)
        case Absent() | Rejected() | TooLarge():
            return Park(reason=Parked.REFUSED, detail=detail)
        case BadInput():
            return Park(reason=Parked.NOT_FHIR, detail=detail)
        case MarrowdError():
            return Park(reason=Parked.ERROR, detail=detail)
        case _ if alike >= patience.tries_unknown:
            return Park(reason=Parked.ERROR, detail=detail)
        case _:
            return TryAgain(after=patience.pause(attempts, rng), reason=Parked.ERROR)


def kind_of(error: Exception) -> str:
    """Name what is tried a bounded number of times; "" for what is waited for without end."""
    if isinstance(error, Unusable):
        return "unusable"
    return "" if isinstance(error, MarrowdError) else "unknown"


# Pauses after the first, second, ... try: the schedule that the Standard Webhooks specification
# recommends (0 s, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; 0 s is the first try itself).
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
GIVE_UP_AFTER = timedelta(days=3)  # then parked; ehr.md tells EHRs so
LEAST_TRIES = 3  # also of a message that is older: replayed, or held back by an outage
# With Retry-After these speak for the whole destination, not for one message.
PAUSES_ALL = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def after_answer(
    answer: Answer, *, attempts: int, age: timedelta, rng: random.Random
) -> Taken | TryAgain | Park | Stop:
    """
    Say what becomes of a message that a destination answered thus at the *attempts*-th try.

    Args:
        answer: the destination's word; no status when there was none.
        attempts: tries so far, this one included.
        age: how long ago the message was written.
        rng: jitter of the pause.
    """
    status = answer.status
    reason = answer.problem if status is None else str(status)
    if answer.is_taken:
        return Taken()
    step = SCHEDULE[min(attempts, len(SCHEDULE)) - 1] * rng.uniform(1.0, 1.1)
    if status == HTTPStatus.GONE:
        return Stop(after=step)
    is_refused = status is not None and 400 <= status < 500  # noqa: PLR2004 - HTTP's own ranges
    if is_refused and status not in PAUSES_ALL:
        return Park(reason=reason)
    if status in PAUSES_ALL and answer.retry_after_s is not None:
        step = max(step, timedelta(seconds=min(answer.retry_after_s, 86_400.0)))
    if age >= GIVE_UP_AFTER and attempts >= LEAST_TRIES:
        return Park(reason=reason)
    # The last try comes at the end of the third day.
    left = max(GIVE_UP_AFTER - age, SCHEDULE[0]) if age < GIVE_UP_AFTER else step
    return TryAgain(after=min(step, left), reason=reason)
