"""Messages sent again, destinations stopped and removed."""

from datetime import timedelta

import pytest
from tests.support.stored import AFTER_LEASE, LEASE, NOW, saying

from marrowd.store import replay
from marrowd.store.messages import Chosen, Message, MessageState
from marrowd.store.protocols import Store

LATER = NOW + timedelta(hours=1)


async def say(store: Store, *, patient: str = "Patient/1", to: str = "ehr", now=NOW) -> None:
    await store.apply("main", [], saying(to), now=now, patients=[patient])


async def claim(store: Store, *, to: str = "ehr", now=LATER) -> list[Message]:
    return await store.claim_messages(to, worker="w", limit=99, now=now, until=now + (LEASE - NOW))


async def settled(store: Store) -> list[Message]:
    """Give two messages taken, one parked, one that waits: a patient each, an hour apart."""
    messages = []
    for number in range(4):
        at = NOW - timedelta(hours=3 - number)
        await say(store, patient=f"Patient/{number}", now=at)
    for message in await claim(store, now=NOW):
        messages.append(message)
        match message.patient:
            case "Patient/0" | "Patient/1":
                await store.taken(message, now=NOW)
            case "Patient/2":
                await store.park_message(message, now=NOW, reason="422")
            case _:
                await store.retry_message(message, at=LATER, reason="500")
    return messages


def hours_ago(hours: float):
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(Chosen(since=hours_ago(9), until=LATER), [0, 1, 2], id="all that is settled"),
        pytest.param(Chosen(since=hours_ago(2), until=hours_ago(1)), [1], id="the end excluded"),
        pytest.param(Chosen(since=hours_ago(9)), [], id="no end"),
        pytest.param(Chosen(), [], id="nothing named"),
        pytest.param(
            Chosen(ids=("main/Patient/2/ehr/1", "main/Patient/3/ehr/1", "no")), [2], id="by id"
        ),
    ],
)
async def test_taken_and_parked_ones_go_again_under_their_ids(
    store: Store, monkeypatch: pytest.MonkeyPatch, chosen: Chosen, expected: list[int]
) -> None:
    monkeypatch.setattr(replay, "BATCH", 2)
    messages = await settled(store)

    listed = await store.replayable(chosen, limit=9)
    count = await store.replay(chosen, now=NOW)
    again = {m.patient: m for m in await claim(store, now=NOW)}

    wanted = [f"Patient/{number}" for number in expected]
    assert [f"main/{patient}/ehr/1" for patient in wanted] == [row.id for row in listed]
    assert len(wanted) == count
    assert wanted == sorted(again)
    for before in messages:
        if before.patient in again:
            now = again[before.patient]
            assert (before.id, before.sequence, before.body) == (now.id, now.sequence, now.body)
            assert (1, None) == (now.attempts, now.event_received_at)


async def test_a_list_of_what_would_go_again_is_bounded_and_changes_nothing(store: Store) -> None:
    await settled(store)
    everything = Chosen(since=hours_ago(9), until=LATER)

    assert 2 == len(await store.replayable(everything, limit=2))
    assert [] == await claim(store, now=NOW)


async def test_those_of_one_patient_go_again_in_order(store: Store) -> None:
    for _ in range(3):
        await say(store)
        [message] = await claim(store, now=NOW)
        await store.taken(message, now=NOW)

    assert 3 == await store.replay(Chosen(since=NOW, until=LATER), now=NOW)

    for sequence in (1, 2, 3):
        [message] = await claim(store, now=NOW)
        assert sequence == message.sequence
        await store.taken(message, now=LATER)


async def test_a_stop_is_remembered_until_it_is_taken_back(store: Store) -> None:
    assert {} == await store.stopped_destinations()
    await store.stop_destination("ehr", mark="a")
    await store.stop_destination("ehr", mark="b")
    await store.stop_destination("other", mark="c")

    assert {"ehr": "b", "other": "c"} == await store.stopped_destinations()
    assert 1 == await store.resume_destinations(["ehr", "nobody"])
    assert {"other": "c"} == await store.stopped_destinations()


async def test_what_waits_for_its_next_try_is_brought_forward(store: Store) -> None:
    for patient, to in (("Patient/1", "ehr"), ("Patient/2", "ehr"), ("Patient/3", "other")):
        await say(store, patient=patient, to=to)
    first, second = await claim(store, now=NOW)
    [other] = await claim(store, to="other", now=NOW)
    await store.retry_message(first, at=LATER, reason="500")
    await store.retry_message(other, at=LATER, reason="500")

    assert 1 == await store.bring_forward("ehr", now=NOW)

    assert [first.id] == [m.id for m in await claim(store, now=NOW)]
    assert [] == await claim(store, to="other", now=NOW)
    assert await store.taken(second, now=NOW)  # under way: its lease is as it was


async def test_all_that_waits_for_a_destination_is_set_aside(store: Store) -> None:
    await say(store, patient="Patient/1")
    await say(store, patient="Patient/1")
    await say(store, patient="Patient/2", to="other")
    [under_way] = await claim(store, now=NOW)

    assert 2 == await store.set_aside("ehr", now=NOW, reason="removed")

    assert not await store.taken(under_way, now=NOW)
    assert {"other": 1} == await store.outbox_depth()
    rows = await store.list_messages(state=MessageState.PARKED, limit=9)
    assert [("removed", 1), ("removed", 2)] == [(row.reason, row.sequence) for row in rows]
    assert 1 == await store.retry_parked_messages([rows[0].id], now=AFTER_LEASE)
