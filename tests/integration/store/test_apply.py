"""The one transaction: facts, verdict, outbox and the event's end, or nothing of them."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from tests.support.stored import (
    AFTER_LEASE,
    LEASE,
    NOW,
    Quiet,
    change,
    event,
    lab,
    report,
    saying,
    tombstone,
)

from marrowd.core.facts import newest
from marrowd.errors import BadInput
from marrowd.store.messages import MessageState
from marrowd.store.open import open_store
from marrowd.store.protocols import Event, EventState, NewMessage, Store


async def claim_one(store: Store) -> Event:
    await store.accept([event()])
    [claimed] = await store.claim(worker="w", limit=1, now=NOW, until=LEASE)
    return claimed


async def test_everything_is_written_at_once(store: Store) -> None:
    claimed = await claim_one(store)
    applied = await store.apply("main", [lab(), report()], saying(), now=NOW, event=claimed)

    assert applied.is_finished
    assert 2 == applied.newer
    assert ["Patient/1"] == list(applied.changes)
    assert "card" == applied.changes["Patient/1"].verdict
    assert (report(), lab()) == await store.facts_of("main", "Patient/1")
    assert {"ehr": 1} == await store.outbox_depth()
    row, _ = await store.show_event(claimed.id)
    assert EventState.DONE is row.state


async def test_decide_sees_the_facts_merged_and_what_was_said_before(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)
    quiet = Quiet()
    await store.apply("main", [report()], quiet, now=NOW)

    [state] = quiet.asked
    assert ("main", "Patient/1") == (state.source, state.patient)
    assert (report(), lab()) == state.facts
    assert "main/Patient/1/ehr/1" == state.posted_card
    assert {"ehr": 1} == state.last_sequence


async def test_a_decision_that_fails_leaves_nothing(store: Store) -> None:
    claimed = await claim_one(store)

    def fail(_state: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.apply("main", [lab()], fail, now=NOW, event=claimed)

    assert () == await store.facts_of("main", "Patient/1")
    assert [] == await store.due_rechecks(now=NOW, limit=9)
    row, payload = await store.show_event(claimed.id)
    assert EventState.RUNNING is row.state
    assert payload is not None
    assert await store.park(claimed, now=NOW, reason="broken")


async def test_a_decision_that_fails_takes_no_other_with_it(store: Store) -> None:
    def fail(_state: object) -> None:
        raise ZeroDivisionError

    outcomes = await asyncio.gather(
        *(
            store.apply(
                "main",
                [lab(f"Observation/{n}", patient=f"Patient/{n}")],
                fail if n % 3 == 0 else saying(),
                now=NOW,
            )
            for n in range(9)
        ),
        return_exceptions=True,
    )

    assert 3 == sum(isinstance(o, ZeroDivisionError) for o in outcomes)
    assert {"ehr": 6} == await store.outbox_depth()
    assert () == await store.facts_of("main", "Patient/3")


async def test_a_lost_lease_writes_nothing(store: Store) -> None:
    lost = await claim_one(store)
    await store.claim(worker="other", limit=1, now=AFTER_LEASE, until=AFTER_LEASE + (LEASE - NOW))

    applied = await store.apply("main", [lab()], saying(), now=AFTER_LEASE, event=lost)

    assert not applied.is_finished
    assert {} == applied.changes
    assert () == await store.facts_of("main", "Patient/1")
    assert {} == await store.outbox_depth()


async def test_an_older_version_never_replaces_and_decides_nothing(store: Store) -> None:
    await store.apply("main", [lab(number=2)], saying(), now=NOW)
    quiet = Quiet()

    applied = await store.apply("main", [lab(number=1, value="99")], quiet, now=NOW)

    assert (0, {}, True) == (applied.newer, applied.changes, applied.is_finished)
    assert [] == quiet.asked
    assert (lab(number=2),) == await store.facts_of("main", "Patient/1")


async def test_a_duplicate_is_decided_only_when_asked_for(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)
    await store.apply("main", [lab()], saying(), now=NOW)
    assert {"ehr": 1} == await store.outbox_depth()

    await store.apply("main", [lab()], saying(), now=NOW, patients=["Patient/1"])
    assert {"ehr": 2} == await store.outbox_depth()


async def test_a_tombstone_stays(store: Store) -> None:
    await store.apply("main", [tombstone(number=2)], Quiet(), now=NOW)
    await store.apply("main", [lab(number=1)], Quiet(), now=NOW)

    assert (tombstone(number=2),) == await store.facts_of("main", "Patient/1")


async def test_the_newest_of_several_versions_in_one_call_is_kept(store: Store) -> None:
    applied = await store.apply(
        "main", [lab(number=2), lab(number=3), lab(number=1)], Quiet(), now=NOW
    )

    assert 1 == applied.newer
    assert (lab(number=3),) == await store.facts_of("main", "Patient/1")


async def test_a_corrected_subject_touches_both_patients(store: Store) -> None:
    await store.apply("main", [lab(patient="Patient/wrong")], saying(), now=NOW)
    quiet = Quiet()
    moved = lab(patient="Patient/right", number=2)

    applied = await store.apply("main", [moved], quiet, now=NOW)

    assert {"Patient/right", "Patient/wrong"} == set(applied.changes)
    assert [(moved,), ()] == [state.facts for state in quiet.asked]
    assert () == await store.facts_of("main", "Patient/wrong")


async def test_other_rules_may_read_the_same_version_again(store: Store) -> None:
    await store.apply("main", [report(rules="1")], Quiet(), now=NOW)
    applied = await store.apply("main", [report(rules="2")], Quiet(), now=NOW)

    assert 1 == applied.newer
    assert (report(rules="2"),) == await store.facts_of("main", "Patient/1")


async def test_a_text_fetched_later_completes_the_same_version_and_is_not_lost_again(
    store: Store,
) -> None:
    missing = report(unreadable="not_fetched")
    await store.apply("main", [missing], Quiet(), now=NOW)
    assert 1 == (await store.apply("main", [report()], Quiet(), now=NOW)).newer
    assert 0 == (await store.apply("main", [missing], Quiet(), now=NOW)).newer

    assert (report(),) == await store.facts_of("main", "Patient/1")


async def test_sources_are_apart(store: Store) -> None:
    await store.apply("a", [lab()], Quiet(), now=NOW)
    await store.apply("b", [lab(value="1.0")], Quiet(), now=NOW)

    assert (lab(),) == await store.facts_of("a", "Patient/1")
    assert {"Observation/1": lab(value="1.0")} == await store.versions_of(
        "b", ["Observation/1", "Observation/2"]
    )


async def test_an_event_without_facts_is_finished(store: Store) -> None:
    claimed = await claim_one(store)

    applied = await store.apply("main", [], Quiet(), now=NOW, event=claimed)

    assert applied.is_finished
    assert {} == applied.changes


async def test_a_sequence_used_twice_is_refused_and_nothing_is_written(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)
    again = change(NewMessage(id="other", destination="ehr", sequence=1, body=b""))

    with pytest.raises(BadInput):
        await store.apply("main", [lab(number=2)], lambda _: again, now=NOW)

    assert (lab(),) == await store.facts_of("main", "Patient/1")


async def test_many_facts_and_patients_fit_one_call(store: Store) -> None:
    facts = [lab(f"Observation/{n}", patient=f"Patient/{n % 700}") for n in range(1_400)]

    applied = await store.apply("main", facts, Quiet(), now=NOW)

    assert 700 == len(applied.changes)
    assert 1_400 == len(await store.versions_of("main", [fact.ref for fact in facts]))


async def test_rechecks_are_due_by_time_and_only_once_decided_anew(store: Store) -> None:
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    for patient, at in (("Patient/b", later), ("Patient/a", soon), ("Patient/c", None)):
        facts = [lab(f"Observation/{patient[-1]}", patient=patient)]
        await store.apply("main", facts, Quiet(recheck_at=at), now=NOW)

    assert [] == await store.due_rechecks(now=NOW, limit=9)
    assert [("main", "Patient/a"), ("main", "Patient/b")] == await store.due_rechecks(
        now=later, limit=9
    )
    assert [("main", "Patient/a")] == await store.due_rechecks(now=later, limit=1)

    await store.apply("main", [], Quiet(), now=soon, patients=["Patient/a"])

    assert [("main", "Patient/b")] == await store.due_rechecks(now=later, limit=9)


async def test_a_recheck_of_a_patient_nobody_knows_is_harmless(store: Store) -> None:
    quiet = Quiet()
    await store.apply("main", [], quiet, now=NOW, patients=["Patient/new"])

    [state] = quiet.asked
    assert ((), None, {}) == (state.facts, state.posted_card, state.last_sequence)


async def test_every_order_of_arrival_ends_in_the_same_evidence(store: Store) -> None:
    versions = [lab(number=1), lab(patient="Patient/2", number=2), tombstone(number=3)]

    for run, order in enumerate(itertools.permutations([*versions, versions[1]])):
        for fact in order:
            await store.apply(f"s{run}", [fact], Quiet(), now=NOW)

        assert tuple(newest(versions)) == await store.facts_of(f"s{run}", "Patient/1")
        assert () == await store.facts_of(f"s{run}", "Patient/2")


async def test_replicas_writing_the_same_patients_agree(store: Store, store_url: str) -> None:
    other = open_store(store_url)
    await other.open()
    jobs = [
        (which, lab(f"Observation/{ref}", patient=f"Patient/{(ref + number) % 3}", number=number))
        for number in range(1, 5)
        for ref in range(4)
        for which in (store, other)
    ]
    await asyncio.gather(
        *(which.apply("main", [fact], saying(), now=NOW) for which, fact in reversed(jobs))
    )
    await other.close()

    kept = [f for n in range(3) for f in await store.facts_of("main", f"Patient/{n}")]
    assert newest([fact for _, fact in jobs]) == newest(kept)
    rows = await store.list_messages(state=MessageState.READY, limit=999)
    assert len(rows) == len({row.id for row in rows})


async def test_reports_that_other_rules_read_are_found_page_by_page(store: Store) -> None:
    facts = [
        report("DiagnosticReport/1", rules="old"),
        report("DiagnosticReport/2", rules="old"),
        report("DiagnosticReport/3", rules="new"),
        lab(rules="old"),
    ]
    await store.apply("main", facts, Quiet(), now=NOW)

    first = await store.reports_read_before("main", "new", limit=1)

    assert ["DiagnosticReport/1"] == first
    assert ["DiagnosticReport/2"] == await store.reports_read_before(
        "main", "new", limit=9, after=first[-1]
    )


async def test_positions_are_remembered(store: Store) -> None:
    assert await store.cursor("main", "Observation") is None

    await store.set_cursor("main", "Observation", "1")
    await store.set_cursor("main", "Observation", "2")

    assert "2" == await store.cursor("main", "Observation")
    assert await store.cursor("other", "Observation") is None


async def test_a_position_is_replaced_only_by_who_knows_it(store: Store) -> None:
    assert await store.replace_cursor("main", "told", "1", expected=None)
    assert not await store.replace_cursor("main", "told", "2", expected=None)
    assert not await store.replace_cursor("main", "told", "2", expected="0")
    assert await store.replace_cursor("main", "told", "2", expected="1")
    assert await store.cursor("main", "told") == "2"
