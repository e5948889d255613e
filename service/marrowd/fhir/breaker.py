"""
A circuit breaker: a server that does not answer is left alone for a while.

    CLOSED --(N failures in a row)--> OPEN --(pause over, one may try)--> HALF_OPEN
      ^                                ^                                     |   |
      |                                '-----(failed: a longer pause)--------'   |
      '------------------------(anything answered, whatever it says)-------------'

It spares the server that comes back the crowd at its door, and the service the wait for a time-out
by each of its events. A pure state machine: no waiting, the clock is handed in. Entries carry a
number, so that what began before the last change does not count as news of now.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"  # everything passes
    OPEN = "open"  # nothing passes
    HALF_OPEN = "half_open"  # one has passed, and the others wait for its news


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When it opens, and for how long."""

    opens_after: int = 5  # in a row: fewer is a restart of a proxy, not an outage
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0  # what an outage's end may stay unnoticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing passes now; ask again after so many seconds."""

    seconds: float


class Breaker:
    """The breaker of one server."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        rng: random.Random,
        limits: BreakerLimits = BreakerLimits(),
        told: Callable[[State], None] = lambda _state: None,
    ) -> None:
        """
        Begin closed.

        Args:
            clock: seconds that never go back.
            rng: jitter of the pauses, so that replicas do not try in step.
            limits: when it opens.
            told: is told each new state, but for the trials of an outage that goes on.
        """
        self._clock = clock
        self._rng = rng
        self._limits = limits
        self._told = told
        self.state = State.CLOSED
        self._entry = 0
        self._failures = 0
        self._pause_s = limits.first_pause_s
        self._until = 0.0

    def enter(self) -> int | Wait:
        """Ask to pass: the number to give news with, or how long to wait."""
        if self.state is State.HALF_OPEN:
            return Wait(seconds=self._limits.first_pause_s)
        if self.state is State.OPEN:
            left_s = self._until - self._clock()
            if left_s > 0:
                return Wait(seconds=left_s)
            self._become(State.HALF_OPEN)
        return self._entry

    def answered(self) -> None:
        """Take note of an answer, of whatever time: somebody is there."""
        self._failures = 0
        self._pause_s = self._limits.first_pause_s
        if self.state is not State.CLOSED:
            self._become(State.CLOSED)
            self._told(State.CLOSED)

    def failed(self, entry: int) -> None:
        """Take note that nobody answered."""
        if entry != self._entry:
            return
        if self.state is State.HALF_OPEN:
            self._pause_s = min(self._pause_s * 2, self._limits.longest_pause_s)
            self._open()
            return
        self._failures += 1
        if self._failures >= self._limits.opens_after:
            self._open()
            self._told(State.OPEN)

    def abandoned(self, entry: int) -> None:
        """Take note that whoever passed went away without news: another may try at once."""
        if entry == self._entry and self.state is State.HALF_OPEN:
            self._until = self._clock()
            self._become(State.OPEN)

    def _open(self) -> None:
        self._until = self._clock() + self._pause_s * self._rng.uniform(1.0, 1.5)
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state = state
        self._entry += 1
