"""Calls that wait at the same time share a transaction, and none of them another's fate."""

import asyncio

import pytest
import sqlalchemy as sa
from tests.support.statements import counted
from tests.support.stored import AFTER_LEASE, LEASE, NOW, Quiet, event, lab, report, saying, version

from marrowd.core.facts import Fact
from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store.group import LATER
from marrowd.store.messages import MessageState
from marrowd.store.protocols import EventState, PatientChange, PatientState, Store
from marrowd.store.schema import evidence, patient


class Undecided(Exception):
    """What a decision may raise."""


def undecided(_state: PatientState) -> PatientChange:
    raise Undecided


async def claimed(store: Store, count: int) -> list:
    await store.accept([event(str(n)) for n in range(count)])
    return await store.claim(worker="w", limit=count, now=NOW, until=LEASE)


async def names(store: Store) -> list[str]:
    statement = sa.select(patient.c.patient).order_by(patient.c.patient)
    return await store._database.read(lambda c: list(c.scalars(statement)))


def of(number: int, patient: str | None = None) -> Fact:
    return lab(f"Observation/{number}", patient=patient or f"Patient/{number}")


async def test_events_that_wait_share_their_statements(store: Store) -> None:
    events = await claimed(store, 20)
    with counted() as statements:
        applied = await asyncio.gather(
            *(
                store.apply("main", [of(n)], saying(), now=NOW, event=one)
                for n, one in enumerate(events)
            )
        )

    assert all(one.is_finished and one.newer == 1 for one in applied)
    assert [f"Patient/{n}" for n in range(20)] == [name for one in applied for name in one.changes]
    assert (await store.inbox_depth())[EventState.RUNNING] == 0
    assert 20 == len(await store.list_messages(state=MessageState.READY, limit=99))
    assert len(statements) < 40  # two transactions: the first event alone, then the others


async def test_what_cannot_be_decided_is_left_out_and_takes_nobody_with_it(store: Store) -> None:
    events = await claimed(store, 4)
    decides = [Quiet(), undecided, Quiet(), undecided]
    came = await asyncio.gather(
        *(
            store.apply("main", [of(n)], decide, now=NOW, event=one)
            for n, (one, decide) in enumerate(zip(events, decides, strict=True))
        ),
        return_exceptions=True,
    )

    assert [False, True, False, True] == [isinstance(one, Undecided) for one in came]
    assert ["Patient/0", "Patient/2"] == await names(store)
    assert 2 == (await store.inbox_depth())[EventState.RUNNING]
    assert {"Observation/0", "Observation/2"} == set(
        await store.versions_of("main", [f"Observation/{n}" for n in range(4)])
    )


async def test_what_the_database_refuses_takes_nobody_with_it(store: Store) -> None:
    def twice(state: PatientState) -> PatientChange:
        said = saying()(state)
        return PatientChange(
            verdict=said.verdict,
            card=None,
            posted_card=None,
            recheck_at=None,
            rules="1",
            messages=said.messages * 2,
        )

    decides = [saying(), saying(), twice, saying()]
    came = await asyncio.gather(
        *(store.apply("main", [of(n)], decide, now=NOW) for n, decide in enumerate(decides)),
        return_exceptions=True,
    )

    assert [False, False, True, False] == [isinstance(one, BadInput) for one in came]
    assert ["Patient/0", "Patient/1", "Patient/3"] == await names(store)


async def test_events_of_one_patient_see_each_other(store: Store) -> None:
    quiet = Quiet()
    await asyncio.gather(
        *(store.apply("main", [of(n, "Patient/1")], quiet, now=NOW) for n in range(5))
    )

    assert [1, 2, 3, 4, 5] == [len(state.facts) for state in quiet.asked]


async def test_a_resource_that_changes_hands_is_looked_at_after_its_patients(store: Store) -> None:
    """That it belonged to somebody who is being written shows only once it is read."""
    await store.apply("main", [of(1, "Patient/1"), of(2, "Patient/2")], Quiet(), now=NOW)
    quiet = Quiet()
    moved = lab("Observation/1", patient="Patient/3", number=2)
    await asyncio.gather(
        store.apply("main", [of(9)], quiet, now=NOW),
        store.apply("main", [of(4, "Patient/1")], quiet, now=NOW),
        store.apply("main", [moved], quiet, now=NOW),
        store.apply("main", [of(5, "Patient/3")], quiet, now=NOW),
    )

    assert ("Observation/4",) == _refs(await store.facts_of("main", "Patient/1"))
    assert ("Observation/1", "Observation/5") == _refs(await store.facts_of("main", "Patient/3"))
    last = {state.patient: _refs(state.facts) for state in quiet.asked}
    assert ("Observation/4",) == last["Patient/1"]
    assert ("Observation/1", "Observation/5") == last["Patient/3"]


async def test_a_merge_among_others_stands_alone(store: Store) -> None:
    quiet = Quiet()
    merge = Fact(ref="Patient/2", patient="Patient/2", version=version(1), merged_into="Patient/3")
    await asyncio.gather(
        store.apply("main", [of(1)], quiet, now=NOW),
        store.apply("main", [of(2)], quiet, now=NOW),
        store.apply("main", [merge], quiet, now=NOW),
        store.apply("main", [of(3)], quiet, now=NOW),
    )

    last = {state.patient: _refs(state.facts) for state in quiet.asked}
    assert ("Observation/2", "Observation/3", "Patient/2") == last["Patient/3"]


async def test_sources_do_not_mix(store: Store) -> None:
    quiet = Quiet()
    await asyncio.gather(
        *(store.apply(source, [of(1)], quiet, now=NOW) for source in ("a", "b", "a", "b", "c"))
    )

    assert ["a", "b", "c"] == sorted(state.source for state in quiet.asked)
    assert [1, 1, 1] == [len(state.facts) for state in quiet.asked]


async def test_a_lost_lease_among_others_writes_nothing(store: Store) -> None:
    events = await claimed(store, 3)
    [again] = await store.claim(worker="x", limit=1, now=AFTER_LEASE, until=AFTER_LEASE)
    quiet = Quiet()
    applied = await asyncio.gather(
        *(
            store.apply("main", [of(n)], quiet, now=NOW, event=one)
            for n, one in enumerate([*events, again])
        )
    )

    finished = [one.is_finished for one in applied]
    assert [False, True, True, True] == finished
    assert 3 == len(quiet.asked)


async def test_an_event_ends_once_however_often_it_is_said(store: Store) -> None:
    one, other = await claimed(store, 2)

    assert [True, False, True] == await asyncio.gather(
        store.finish(one, now=NOW), store.finish(one, now=NOW), store.finish(other, now=NOW)
    )


async def test_an_event_has_one_effect_however_often_it_is_applied(store: Store) -> None:
    [one] = await claimed(store, 1)
    alone, *twice = await asyncio.gather(
        store.apply("main", [of(9)], saying(), now=NOW),
        *(store.apply("main", [of(n)], saying(), now=NOW, event=one) for n in range(2)),
    )

    assert alone.is_finished
    assert [each.is_finished for each in twice] == [True, False]
    assert await names(store) == ["Patient/0", "Patient/9"]


async def test_a_message_is_taken_once_however_often_it_is_said(store: Store) -> None:
    await store.apply("main", [of(1), of(2)], saying(), now=NOW)
    one, other = await store.claim_messages("ehr", worker="w", limit=9, now=NOW, until=LEASE)

    assert [True, False, True] == await asyncio.gather(
        store.taken(one, now=NOW), store.taken(one, now=NOW), store.taken(other, now=NOW)
    )
    assert 2 == len(await store.list_messages(state=MessageState.TAKEN, limit=9))


async def test_facts_of_nobody_are_kept_beside_those_of_somebody(store: Store) -> None:
    await asyncio.gather(
        store.apply("main", [of(1)], Quiet(), now=NOW),
        store.apply("main", [lab("Observation/2", patient="")], Quiet(), now=NOW),
        store.apply("main", [lab("Observation/3", patient="")], Quiet(), now=NOW),
    )

    assert ["", "Patient/1"] == await names(store)
    assert 3 == len(await store.versions_of("main", [f"Observation/{n}" for n in range(1, 4)]))


async def test_reads_that_wait_are_answered_at_once_each_its_own(store: Store) -> None:
    await store.apply("main", [of(1), of(2), report(patient="Patient/1")], Quiet(), now=NOW)
    await store.apply("other", [of(1, "Patient/9")], Quiet(), now=NOW)

    one, two, none, other = await asyncio.gather(
        store.own_facts_of("main", "Patient/1"),
        store.own_facts_of("main", "Patient/2"),
        store.own_facts_of("main", "Patient/3"),
        store.own_facts_of("other", "Patient/9"),
    )
    assert ("DiagnosticReport/1", "Observation/1") == _refs(one)
    assert ("Observation/2",) == _refs(two)
    assert () == none
    assert {"Patient/9"} == {fact.patient for fact in other}


async def test_a_fact_that_cannot_be_read_harms_who_asks_for_it(store: Store) -> None:
    await store.apply("main", [of(1), of(2), of(3)], Quiet(), now=NOW)
    damaged = sa.update(evidence).where(evidence.c.ref == "Observation/2").values(fact=b"{")
    await store._database.write(lambda c: c.execute(damaged).rowcount)

    asked = [[f"Observation/{n}"] for n in (1, 3, 2, 1)]
    came = await asyncio.gather(
        *(store.versions_of("main", refs) for refs in asked), return_exceptions=True
    )
    assert [False, False, True, False] == [isinstance(one, StoreUnavailable) for one in came]


async def test_a_call_that_stands_alone_cannot_be_put_off(store: Store) -> None:
    with pytest.raises(TypeError):
        await store._database.read_with(lambda _connection, calls: [LATER for _ in calls], 1)


def _refs(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    return tuple(fact.ref for fact in facts)
