"""Merged records: the survivor is decided on with all facts, the others with none, in any order."""

import asyncio
import itertools

import pytest
from tests.support.stored import NOW, Quiet, change, lab, report, version

from marrowd.core.facts import Fact
from marrowd.store.protocols import PatientChange, PatientState, Store

OLD, NEW, THIRD = "Patient/old", "Patient/new", "Patient/third"


def merge(ref: str, into: str | None, number: int = 1) -> Fact:
    return Fact(ref=ref, patient=ref, version=version(number), merged_into=into)


def seen(quiet: Quiet) -> dict[str, list[str]]:
    """Give, by patient decided on, the refs of the facts it was decided with."""
    return {state.patient: refs_of(state) for state in quiet.asked}


def refs_of(state: PatientState) -> list[str]:
    assert {f.patient for f in state.facts} <= {state.patient}
    return [f.ref for f in state.facts if not f.ref.startswith("Patient/")]


async def decided(store: Store, *facts: Fact) -> dict[str, list[str]]:
    quiet = Quiet()
    await store.apply("main", facts, quiet, now=NOW)
    return seen(quiet)


async def test_evidence_follows_the_record(store: Store) -> None:
    await decided(store, lab(patient=OLD))
    await decided(store, report(patient=NEW))

    assert await decided(store, merge(OLD, NEW)) == {
        OLD: [],
        NEW: ["DiagnosticReport/1", "Observation/1"],
    }
    assert {f.ref for f in await store.facts_of("main", NEW)} >= {
        "DiagnosticReport/1",
        "Observation/1",
    }
    assert [f.ref for f in await store.own_facts_of("main", NEW)] == ["DiagnosticReport/1"]


async def test_whoever_opens_the_old_record_sees_the_same(store: Store) -> None:
    await decided(store, lab(patient=NEW), merge(OLD, NEW))

    facts = await store.facts_of("main", OLD)
    assert ["Observation/1"] == [f.ref for f in facts if f.results]
    assert {OLD} == {f.patient for f in facts}


async def test_what_comes_for_the_old_record_counts_for_the_survivor(store: Store) -> None:
    await decided(store, merge(OLD, NEW))

    assert await decided(store, lab(patient=OLD)) == {OLD: [], NEW: ["Observation/1"]}
    assert await decided(store, lab(patient=OLD, number=2)) == {OLD: [], NEW: ["Observation/1"]}


async def test_a_merge_that_is_taken_back_leaves_nothing(store: Store) -> None:
    await decided(store, lab(patient=OLD), report(patient=NEW), merge(OLD, NEW))

    assert await decided(store, merge(OLD, None, number=2)) == {
        OLD: ["Observation/1"],
        NEW: ["DiagnosticReport/1"],
    }


async def test_a_record_merged_twice_ends_at_the_last(store: Store) -> None:
    await decided(store, lab(patient=OLD), merge(OLD, NEW))

    assert (await decided(store, merge(NEW, THIRD)))[THIRD] == ["Observation/1"]
    assert await decided(store, lab(patient=OLD, number=2)) == {OLD: [], THIRD: ["Observation/1"]}


async def test_a_merge_that_moves_is_decided_on_at_both_ends(store: Store) -> None:
    await decided(store, lab(patient=OLD), merge(OLD, NEW))

    assert await decided(store, merge(OLD, THIRD, number=2)) == {
        OLD: [],
        NEW: [],
        THIRD: ["Observation/1"],
    }


async def test_an_older_version_merges_nothing(store: Store) -> None:
    await decided(store, lab(patient=OLD), merge(OLD, None, number=2))

    assert await decided(store, merge(OLD, NEW)) == {}


@pytest.mark.parametrize("is_circle", [False, True])
async def test_the_order_of_arrival_does_not_matter(store: Store, *, is_circle: bool) -> None:
    facts = [
        lab(patient=OLD),
        report(patient=NEW),
        merge(OLD, NEW),
        merge(NEW, OLD if is_circle else THIRD),
    ]
    ends = []
    for run, order in enumerate(itertools.permutations(facts)):
        last: dict[str, list[str]] = {}
        for fact in order:
            quiet = Quiet()
            await store.apply(f"s{run}", [fact], quiet, now=NOW)
            last |= seen(quiet)
        ends.append({name: refs for name, refs in last.items() if refs})
    assert all(end == ends[0] for end in ends)
    assert list(ends[0].values()) == [["DiagnosticReport/1", "Observation/1"]]


async def test_facts_of_nobody_are_kept_and_decide_nothing(store: Store) -> None:
    gone = Fact(ref="Observation/9", patient="", version=version(1, is_withdrawn=True))

    assert await decided(store, gone) == {}
    assert (await store.versions_of("main", ["Observation/9"]))["Observation/9"] == gone
    assert await decided(store, lab("Observation/9", number=2)) == {"Patient/1": ["Observation/9"]}


async def test_merging_and_writing_at_once_leaves_nothing_behind(store: Store) -> None:
    """A result that arrives while its record is merged away is the survivor's in the end."""
    for run in range(20):
        source = f"at-once-{run}"
        last: dict[str, list[str]] = {}

        def decide(state: PatientState, last: dict[str, list[str]] = last) -> PatientChange:
            last[state.patient] = refs_of(state)
            return change()

        await asyncio.gather(
            *(
                store.apply(source, [fact], decide, now=NOW)
                for fact in (
                    lab(patient=OLD),
                    merge(OLD, NEW),
                    report(patient=OLD),
                    lab("Observation/2", patient=NEW),
                )
            )
        )
        whole = ["DiagnosticReport/1", "Observation/1", "Observation/2"]
        assert {name: refs for name, refs in last.items() if refs} == {NEW: whole}
