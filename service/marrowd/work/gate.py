"""
Whether a destination may be sent to now: stopped, asked to wait, out of reach, or open.

- **Stopped** (410): it wants nothing more. Remembered in the store, so that neither a restart nor
  another replica asks again, under a mark of the address it was said at: another address begins
  anew, and so does an operator's `outbox retry`.
- **Waiting** (429 or 503 with Retry-After): it named the time.
- **Out of reach**: a circuit breaker lets one message in a while try it for the others. When it is
  back, what waits for its next try becomes due: after a day's outage nobody waits for hours more.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog

from marrowd.cds.webhook import Answer
from marrowd.errors import StoreUnavailable, place_of
from marrowd.fhir.breaker import Breaker, BreakerLimits, State, Wait
from marrowd.store.upkeep import Destinations

# The outbox is patient and an EHR's endpoint slow to come back: longer pauses than for reads.
LIMITS = BreakerLimits(opens_after=5, first_pause_s=5.0, longest_pause_s=60.0)
LOOK_EVERY = timedelta(seconds=30)  # another replica may have been told to stop
LOOK_AGAIN_EVERY = timedelta(seconds=5)  # while stopped: an operator waits for it to go on

_OUT_OF_REACH = frozenset({"timeout", "connection"})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A permission to send, to be given back with the answer."""

    number: int
    is_trial: bool  # one message only


class Gate:
    """What stands before one destination."""

    def __init__(
        self,
        known: Destinations,
        name: str,
        *,
        mark: str,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
        rng: random.Random,
    ) -> None:
        """
        Take what it is decided by.

        Args:
            known: where stops are remembered.
            name: of the destination.
            mark: names its address; a stop under another mark is over.
            clock: the time of day.
            seconds: seconds that never go back, for the breaker.
            rng: jitter.
        """
        self._known = known
        self._name = name
        self._mark = mark
        self._clock = clock
        self._breaker = Breaker(clock=seconds, rng=rng, limits=LIMITS, told=self._told)
        self._not_before: datetime | None = None
        self._look_at: datetime | None = None
        self._is_back = False
        self.is_stopped = False

    async def enter(self) -> Entry | None:
        """
        Ask to send; None: not now.

        Raises:
            StoreUnavailable: it is not known whether the destination is stopped.
        """
        now = self._clock()
        if self._look_at is None or now >= self._look_at:
            await self._look(now)
        if self._is_back:
            await self._bring_forward(now)
        if self.is_stopped or (self._not_before is not None and now < self._not_before):
            return None
        number = self._breaker.enter()
        if isinstance(number, Wait):
            return None
        return Entry(number=number, is_trial=self._breaker.state is State.HALF_OPEN)

    def leave(self, entry: Entry) -> None:
        """Give *entry* back without news: there was nothing to send, or no answer was sought."""
        self._breaker.abandoned(entry.number)

    def heard(self, entry: Entry, answer: Answer) -> None:
        """Take note of what came back."""
        is_failing = answer.status is not None and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_failing or answer.problem in _OUT_OF_REACH:
            self._breaker.failed(entry.number)
        else:
            self._breaker.answered()

    def wait_until(self, moment: datetime) -> None:
        """Send nothing before *moment*: the destination has asked for it."""
        self._not_before = moment

    async def stop(self) -> None:
        """Remember that the destination wants nothing more."""
        self.is_stopped = True
        self._look_at = self._clock() + LOOK_AGAIN_EVERY
        await self._known.stop_destination(self._name, mark=self._mark)

    async def _look(self, now: datetime) -> None:
        mark = (await self._known.stopped_destinations()).get(self._name)
        if mark is not None and mark != self._mark:
            await self._known.resume_destinations([self._name])
        was_stopped, self.is_stopped = self.is_stopped, mark == self._mark
        if was_stopped and not self.is_stopped:
            self._is_back = True
        if was_stopped is not self.is_stopped:
            state = "stopped" if self.is_stopped else "resumed"
            _log.warning("destination_changed", destination=self._name, state=state)
        self._look_at = now + (LOOK_AGAIN_EVERY if self.is_stopped else LOOK_EVERY)

    def _told(self, state: State) -> None:
        _log.warning("destination_changed", destination=self._name, state=state)
        self._is_back = state is State.CLOSED

    async def _bring_forward(self, now: datetime) -> None:
        count = await self._known.bring_forward(self._name, now=now)
        self._is_back = False
        if count:
            _log.info("brought_forward", destination=self._name, count=count)


async def entered(gate: Gate, name: str) -> Entry | None:
    """Ask *gate*; while the store is down nothing is sent."""
    try:
        return await gate.enter()
    except StoreUnavailable as error:
        _log.warning("claim_failed", destination=name, error=place_of(error))
        return None
