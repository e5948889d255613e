"""The service in a simulated storm: what must hold when it is over, whatever was drawn."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from tests.sim.many import outcomes
from tests.sim.patients import Act
from tests.sim.run import Outcome, Plan, simulate
from tests.sim.world import Weather
from tests.support import resources as fhir

SEEDS = int(os.environ.get("MARROWD_TEST_SIM_SEEDS", "200"))
_REPORT = fhir.mri("ra1", "FINDINGS: Bone marrow edema in the left talus.")
_STORY = (
    Act(at_s=1.0, resource=fhir.lab("la1", 14)),
    Act(at_s=2.0, resource=_REPORT),
    Act(at_s=40.0, resource=fhir.lab("la1", 41)),
)


def story(*, dies_at: int | None = None) -> Outcome:
    """A card is posted and taken back, in fair weather."""
    return simulate(
        7,
        Plan(
            weather=Weather(),
            acts=_STORY,
            processes=1,
            channel="full",
            dies_at=dies_at,
            storm_s=80.0,
        ),
    )


def test_all_is_as_the_oracle_says_after_every_storm() -> None:
    failed = []
    acked = 0
    for came in outcomes(range(SEEDS)):
        acked += came.acked
        if came.wrong:
            failed.append(came)

    assert not failed, f"seeds {[f.seed for f in failed]}\n\n{failed[0]}"
    assert acked > SEEDS


@pytest.mark.parametrize("seed", [3, 78])
def test_one_seed_is_one_run(seed: int) -> None:
    assert simulate(seed).digest == simulate(seed).digest


def test_one_seed_is_one_run_in_another_process_with_another_hash_seed() -> None:
    asked = "from tests.sim.run import simulate; print(simulate(11).digest)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["service", "."])}
    digests = {
        subprocess.run(
            [sys.executable, "-c", asked],
            env={**environment, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }

    assert len(digests) == 1


def test_the_story_alone_posts_and_retracts() -> None:
    came = story()

    assert came.wrong == ()
    assert came.taken == 2


def test_a_process_may_die_at_any_step() -> None:
    """Every 20th step here; `make test-sim` takes each of them."""
    stride = int(os.environ.get("MARROWD_TEST_SIM_STRIDE", "20"))
    died = 0
    for step in range(1, 440, stride):
        came = story(dies_at=step)
        died += came.crashes

        assert came.wrong == (), str(came)
    assert died > 300 // stride


DAYS = timedelta(days=3)
_DELETED = (
    Act(at_s=1.0, resource=fhir.lab("la1", 14)),
    Act(at_s=2.0, resource=_REPORT),
    Act(at_s=400.0, deleted="Observation/la1"),
)


@pytest.mark.parametrize("skew", [DAYS, -DAYS])
@pytest.mark.parametrize("seed", range(6))
def test_a_clock_that_is_wrong_all_along_changes_no_verdict(seed: int, skew: timedelta) -> None:
    came = simulate(seed, Plan(skew=skew, has_edges=False))

    assert came.wrong == (), str(came)


# Three days of waiting are some 20,000 looks at an empty queue: on demand.
_BACK = -DAYS if SEEDS > 1_000 else -timedelta(hours=3)


@pytest.mark.parametrize("jump", [DAYS, _BACK])
@pytest.mark.parametrize("seed", range(2))
def test_a_clock_that_is_set_delays_nothing_by_more_than_it_was_set(
    seed: int, jump: timedelta
) -> None:
    # The EHR is well: what it has not taken for three days, by whatever clock, is given up.
    weather = Weather(lost_notice=0.1, late=0.3, fhir_error=0.1, crash=0.1, freeze=0.3)
    came = simulate(seed, Plan(weather=weather, jump=jump, has_edges=False))

    assert came.wrong == (), str(came)


@pytest.mark.parametrize("skew", [timedelta(), DAYS, -DAYS])
def test_a_deletion_that_nobody_tells_is_found_whatever_our_clock_says(skew: timedelta) -> None:
    weather = Weather(lost_notice=1.0)
    plan = Plan(
        weather=weather, acts=_DELETED, processes=1, channel="full", storm_s=420.0, skew=skew
    )
    came = simulate(1, plan)

    assert came.wrong == (), str(came)
    assert came.taken == 2


def test_what_was_deleted_in_the_second_it_was_written_stays_deleted() -> None:
    acts = (
        Act(at_s=2.0, resource=_REPORT),
        Act(at_s=10.2, resource=fhir.lab("la1", 14), told_after_s=5.0),
        Act(at_s=10.4, deleted="Observation/la1", told_after_s=0.01),
    )
    plan = Plan(weather=Weather(), acts=acts, processes=1, channel="full", storm_s=30.0)
    plan.has_history = False

    came = simulate(1, plan)

    assert came.wrong == (), str(came)
    assert came.taken == 0
