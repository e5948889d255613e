"""Evidence goes once nothing of it is younger than what is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.stored import NOW, Quiet, lab, report, saying, standing, tombstone

from marrowd.core.facts import Fact, Problem, Version, When
from marrowd.store import forgetting
from marrowd.store.protocols import Store

KEPT = timedelta(days=3650)
AFTER = NOW + KEPT + timedelta(days=1)
START = ("", "")


async def forget(store: Store, *, now: datetime = AFTER, limit: int = 99) -> int:
    """Walk to the end."""
    gone, at = 0, START
    while at is not None:
        walked = await store.forget_evidence(before=now - KEPT, after=at, limit=limit)
        gone, at = gone + walked.forgotten, walked.at
    return gone


async def keep(store: Store, *facts: Fact) -> None:
    await store.apply("main", list(facts), Quiet(), now=NOW)


def pain(since: When | None, *, patient: str = "Patient/1") -> Fact:
    problem = Problem(is_pain=True, is_vitamin_d_deficiency=False, is_active=True, since=since)
    return Fact(ref="Condition/1", patient=patient, version=Version(), problem=problem)


async def test_a_patient_is_forgotten_whole_once_the_newest_is_too_old(store: Store) -> None:
    await keep(store, lab(), report(), tombstone("Observation/2"))
    await keep(store, lab("Observation/3", patient="Patient/2"))

    assert 0 == await forget(store, now=NOW + KEPT)
    assert 4 == await forget(store)

    for patient in ("Patient/1", "Patient/2"):
        assert () == await store.facts_of("main", patient)
    assert 0 == await forget(store)


async def test_one_young_fact_keeps_them_all(store: Store) -> None:
    await keep(store, lab(), report(), pain(When(instant=NOW + timedelta(days=9))))

    assert 0 == await forget(store)
    assert 3 == len(await store.facts_of("main", "Patient/1"))


@pytest.mark.parametrize(
    ("since", "forgotten"),
    [
        pytest.param(When(year=2020), 1, id="a year long past"),
        pytest.param(When(year=NOW.year), 0, id="a year that ends after"),
        pytest.param(When(), 0, id="no date and no time of writing"),
        pytest.param(None, 0, id="nothing at all"),
    ],
)
async def test_what_cannot_be_dated_is_kept(store: Store, since: When, forgotten: int) -> None:
    await keep(store, pain(since))

    assert forgotten == await forget(store)


async def test_a_posted_card_keeps_what_it_stands_on(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)

    assert 0 == await forget(store)


async def test_numbers_go_on_rising_for_a_patient_who_comes_back(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)
    await store.apply("main", [lab(number=2)], Quiet(), now=NOW)  # withdrawn
    before = (await standing(store, "main", "Patient/1", "")).revision

    assert 1 == await forget(store)

    quiet = Quiet()
    await store.apply("main", [lab(number=3)], quiet, now=AFTER)
    assert {"ehr": 1} == quiet.asked[0].last_sequence
    assert (await standing(store, "main", "Patient/1", "")).revision > before + 1


async def test_merged_records_are_as_old_as_the_youngest_of_them(store: Store) -> None:
    link = replace(tombstone("Patient/2", patient="Patient/2"), merged_into="Patient/1")
    young = lab("Observation/9", patient="Patient/1")
    result = replace(young.results[0], when=When(instant=AFTER))
    await keep(store, lab("Observation/2", patient="Patient/2"), link)
    await keep(store, replace(young, results=(result,)))

    assert 0 == await forget(store)
    assert 3 == await forget(store, now=AFTER + KEPT + timedelta(days=1))


async def test_facts_of_nobody_go_one_by_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_NOBODYS", 2)
    late = Version(last_updated=AFTER, is_withdrawn=True)
    facts = [tombstone(f"Observation/{number}", patient="") for number in range(5)]
    await keep(store, *facts, Fact(ref="Observation/9", patient="", version=late))

    assert 5 == await forget(store)
    assert ["Observation/9"] == list(
        await store.versions_of("main", [f"Observation/{n}" for n in range(10)])
    )


async def test_the_walk_goes_on_where_it_stopped(store: Store) -> None:
    for number in range(5):
        await keep(store, lab(f"Observation/{number}", patient=f"Patient/{number}"))

    first = await store.forget_evidence(before=AFTER - KEPT, after=START, limit=2)

    assert (2, ("main", "Patient/1")) == (first.forgotten, first.at)
    assert 3 == await forget(store, limit=2)


async def test_an_old_fact_read_today_is_old(store: Store) -> None:
    old = replace(lab().results[0], when=When(instant=datetime(2001, 1, 1, tzinfo=UTC)))
    await store.apply("main", [replace(lab(), results=(old,))], Quiet(), now=AFTER)

    assert 1 == await forget(store)
