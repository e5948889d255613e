import random

import pytest

from marrowd.fhir.breaker import Breaker, BreakerLimits, State, Wait

LIMITS = BreakerLimits(opens_after=3, first_pause_s=1.0, longest_pause_s=4.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[State]:
    return []


@pytest.fixture
def breaker(clock: Clock, told: list[State]) -> Breaker:
    return Breaker(
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter
        limits=LIMITS,
        told=told.append,
    )


def entered(breaker: Breaker) -> int:
    entry = breaker.enter()
    assert isinstance(entry, int)
    return entry


def opened(breaker: Breaker) -> Breaker:
    for _ in range(LIMITS.opens_after):
        breaker.failed(entered(breaker))
    return breaker


def waited(breaker: Breaker) -> float:
    wait = breaker.enter()
    assert isinstance(wait, Wait)
    return wait.seconds


def test_it_opens_after_failures_in_a_row(breaker: Breaker, told: list[State]) -> None:
    breaker.failed(entered(breaker))
    breaker.failed(entered(breaker))
    breaker.answered()
    breaker.failed(entered(breaker))
    breaker.failed(entered(breaker))
    assert breaker.state is State.CLOSED

    breaker.failed(entered(breaker))

    assert breaker.state is State.OPEN
    assert 1.0 <= waited(breaker) <= 1.5
    assert told == [State.OPEN]


def test_one_may_try_when_the_pause_is_over(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += waited(breaker)

    entered(breaker)

    assert breaker.state is State.HALF_OPEN
    assert waited(breaker) == LIMITS.first_pause_s


def test_a_trial_that_succeeds_closes_it(breaker: Breaker, clock: Clock, told: list[State]) -> None:
    opened(breaker)
    clock.now += waited(breaker)
    entered(breaker)

    breaker.answered()

    assert isinstance(breaker.enter(), int)
    assert told == [State.OPEN, State.CLOSED]


def test_pauses_grow_up_to_a_longest_one(breaker: Breaker, clock: Clock, told: list[State]) -> None:
    opened(breaker)
    for least in (1.0, 2.0, 4.0, 4.0):
        pause = waited(breaker)
        assert least <= pause <= least * 1.5
        clock.now += pause
        breaker.failed(entered(breaker))

    assert told == [State.OPEN]


def test_pauses_begin_anew_after_an_answer(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += waited(breaker)
    breaker.failed(entered(breaker))
    clock.now += waited(breaker)
    entered(breaker)
    breaker.answered()

    opened(breaker)

    assert waited(breaker) <= 1.5


def test_a_trial_that_is_given_up_lets_another_try(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += waited(breaker)

    breaker.abandoned(entered(breaker))

    assert isinstance(breaker.enter(), int)


def test_old_failures_say_nothing_of_now(breaker: Breaker, clock: Clock) -> None:
    old = entered(breaker)
    opened(breaker)
    breaker.failed(old)
    clock.now += waited(breaker)
    entered(breaker)

    breaker.failed(old)
    breaker.abandoned(old)

    assert breaker.state is State.HALF_OPEN


def test_an_old_answer_says_that_somebody_is_there(breaker: Breaker) -> None:
    opened(breaker)

    breaker.answered()

    assert breaker.state is State.CLOSED


def test_giving_up_says_nothing_while_it_is_closed(breaker: Breaker) -> None:
    breaker.abandoned(entered(breaker))

    assert breaker.state is State.CLOSED
