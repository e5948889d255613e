import random
from datetime import timedelta

import pytest

from marrowd.cds.webhook import Answer
from marrowd.errors import BadConfiguration, BadInput, EhrUnavailable, StoreUnavailable, place_of
from marrowd.fhir.answers import Absent, Rejected, TooLarge, Unusable
from marrowd.telemetry.metrics import Parked
from marrowd.work.retrying import (
    GIVE_UP_AFTER,
    SCHEDULE,
    NoSubject,
    Park,
    Patience,
    Stop,
    Taken,
    TryAgain,
    after_answer,
    after_failure,
)

PATIENCE = Patience()
MARKER = "Zebediah"


def rng() -> random.Random:
    return random.Random(7)  # noqa: S311 - jitter


def failing(error: Exception, attempts: int = 1, alike: int = 1) -> TryAgain | Park:
    return after_failure(error, attempts=attempts, alike=alike, patience=PATIENCE, rng=rng())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(NoSubject("Observation.subject"), Parked.NO_SUBJECT, id="no subject"),
        pytest.param(BadInput("not JSON"), Parked.NOT_FHIR, id="not FHIR"),
        pytest.param(Rejected(422, "search"), Parked.REFUSED, id="rejected"),
        pytest.param(TooLarge("read answered more"), Parked.REFUSED, id="too large"),
        pytest.param(Absent("read answered 404"), Parked.REFUSED, id="absent"),
        pytest.param(BadConfiguration("x"), Parked.ERROR, id="configuration"),
    ],
)
def test_what_cannot_be_used_is_parked_at_once(error: Exception, reason: Parked) -> None:
    step = failing(error)

    assert isinstance(step, Park)
    assert step.reason == reason


@pytest.mark.parametrize("error", [EhrUnavailable("read answered 503"), StoreUnavailable("full")])
def test_what_is_down_is_waited_for_without_end(error: Exception) -> None:
    assert isinstance(failing(error, attempts=10_000), TryAgain)


def test_pauses_grow_up_to_a_bound() -> None:
    pauses = [PATIENCE.pause(n, random.Random(1)) for n in (1, 2, 5, 50)]  # noqa: S311 - jitter

    assert pauses == sorted(pauses)
    assert pauses[-1] <= PATIENCE.longest * 1.5


def test_retry_after_is_honoured_within_the_bound() -> None:
    soon = failing(EhrUnavailable("x", retry_after_s=30))
    late = failing(EhrUnavailable("x", retry_after_s=1e9))

    assert isinstance(soon, TryAgain)
    assert isinstance(late, TryAgain)
    assert timedelta(seconds=30) <= soon.after <= timedelta(seconds=36)
    assert late.after <= PATIENCE.longest * 1.2


def test_a_refused_token_is_tried_a_bounded_number_of_times() -> None:
    assert isinstance(failing(Unusable("read answered 401"), attempts=10_000), TryAgain)
    assert failing(Unusable("read answered 401"), alike=PATIENCE.tries_unusable) == Park(
        reason=Parked.REFUSED, detail="Unusable: read answered 401"
    )


def test_an_error_of_ours_is_parked_after_some_tries_without_its_text() -> None:
    with pytest.raises(ValueError, match=MARKER) as caught:
        int(MARKER)
    error = caught.value

    first, last = failing(error), failing(error, alike=PATIENCE.tries_unknown)
    place = place_of(error)

    assert isinstance(first, TryAgain)
    assert isinstance(last, Park)
    assert last.reason == Parked.ERROR
    assert place.startswith("ValueError at test_retrying.py:")
    assert MARKER not in last.detail


def answered(
    status: int | None,
    *,
    attempts: int = 1,
    age: timedelta = timedelta(0),
    retry_after_s: float | None = None,
) -> Taken | TryAgain | Park | Stop:
    answer = Answer(status=status, problem="timeout", retry_after_s=retry_after_s)
    return after_answer(answer, attempts=attempts, age=age, rng=rng())


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((s, Taken) for s in (200, 201, 202, 204)),
        *((s, TryAgain) for s in (301, 302, 303, 307, 308)),
        *((s, Park) for s in (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 425, 451)),
        (429, TryAgain),
        (410, Stop),
        *((s, TryAgain) for s in (500, 501, 502, 503, 504, 599)),
        (None, TryAgain),
    ],
)
def test_every_status_has_an_outcome(status: int | None, outcome: type) -> None:
    assert isinstance(answered(status), outcome)


def test_the_schedule_is_the_recommended_one_and_ends_after_three_days() -> None:
    age, attempts, pauses = timedelta(0), 1, []
    while isinstance(step := answered(500, attempts=attempts, age=age), TryAgain):
        pauses.append(step.after)
        age += step.after
        attempts += 1

    assert isinstance(step, Park)
    assert GIVE_UP_AFTER <= age <= GIVE_UP_AFTER + timedelta(minutes=1)
    for pause, planned in zip(pauses[:-1], SCHEDULE, strict=False):
        assert planned <= pause <= planned * 1.1


def test_what_is_older_than_three_days_is_tried_some_times() -> None:
    old = timedelta(days=9)

    assert isinstance(answered(500, age=old), TryAgain)
    assert isinstance(answered(500, age=old, attempts=2), TryAgain)
    assert answered(500, age=old, attempts=3) == Park(reason="500")


@pytest.mark.parametrize("status", [429, 503])
def test_a_destination_that_asks_for_time_gets_it(status: int) -> None:
    step = answered(status, retry_after_s=600)

    assert isinstance(step, TryAgain)
    assert step.after >= timedelta(seconds=600)


def test_a_wild_retry_after_is_cut_to_a_day() -> None:
    step = answered(503, retry_after_s=1e12)

    assert isinstance(step, TryAgain)
    assert step.after <= timedelta(days=1)
