"""Messages: in order for each patient and destination, leased, and ended once."""

import asyncio
from datetime import timedelta

import pytest
from tests.support.stored import AFTER_LEASE, LEASE, NOW, lab, saying

from marrowd.store import outbox
from marrowd.store.messages import Message, MessageState
from marrowd.store.open import open_store
from marrowd.store.protocols import Store


async def say(store: Store, *, patient: str = "Patient/1", times: int = 1, to: str = "ehr") -> None:
    for _ in range(times):
        await store.apply("main", [], saying(to), now=NOW, patients=[patient])


async def claim(store: Store, *, to: str = "ehr", limit: int = 9, now=NOW) -> list[Message]:
    return await store.claim_messages(
        to, worker="w", limit=limit, now=now, until=now + (LEASE - NOW)
    )


async def test_a_message_carries_what_delivery_needs(store: Store) -> None:
    await store.apply("main", [lab()], saying(), now=NOW)

    [message] = await claim(store)

    assert ("main", "Patient/1", "ehr", 1) == (
        message.source,
        message.patient,
        message.destination,
        message.sequence,
    )
    assert (b"{}", 1, NOW, NOW) == (
        message.body,
        message.attempts,
        message.created_at,
        message.event_received_at,
    )


async def test_only_the_first_of_each_patient_is_handed_out(store: Store) -> None:
    await say(store, patient="Patient/1", times=3)
    await say(store, patient="Patient/2", times=2)

    first = await claim(store)
    assert [("Patient/1", 1), ("Patient/2", 1)] == sorted((m.patient, m.sequence) for m in first)
    assert [] == await claim(store)

    for message in first:
        assert await store.taken(message, now=NOW)
    assert [("Patient/1", 2), ("Patient/2", 2)] == sorted(
        (m.patient, m.sequence) for m in await claim(store)
    )


async def test_a_message_that_waits_for_its_retry_holds_the_later_ones_back(store: Store) -> None:
    await say(store, times=2)
    [first] = await claim(store)
    later = NOW + timedelta(minutes=5)

    assert await store.retry_message(first, at=later, reason="503")

    assert [] == await claim(store)
    [again] = await claim(store, now=later)
    assert (first.id, 2) == (again.id, again.attempts)


async def test_a_parked_message_lets_the_later_ones_pass(store: Store) -> None:
    await say(store, times=2)
    [first] = await claim(store)

    assert await store.park_message(first, now=NOW, reason="400")

    [second] = await claim(store)
    assert 2 == second.sequence
    [row] = await store.list_messages(state=MessageState.PARKED, limit=9)
    assert (first.id, "400", NOW) == (row.id, row.reason, row.available_at)


async def test_destinations_do_not_wait_for_each_other(store: Store) -> None:
    await say(store, to="ehr")
    await say(store, to="fhir")
    await claim(store, to="ehr")

    assert ["fhir"] == [m.destination for m in await claim(store, to="fhir")]
    assert [] == await claim(store, to="nobody")


async def test_an_expired_lease_is_taken_over_and_the_first_holder_fenced_off(
    store: Store,
) -> None:
    await say(store)
    [first] = await claim(store)
    [second] = await claim(store, now=AFTER_LEASE)

    assert second.fence > first.fence
    assert not await store.taken(first, now=AFTER_LEASE)
    assert not await store.retry_message(first, at=AFTER_LEASE, reason="late")
    assert not await store.park_message(first, now=AFTER_LEASE, reason="late")
    assert await store.taken(second, now=AFTER_LEASE)
    assert not await store.taken(second, now=AFTER_LEASE)


async def test_a_released_message_is_ready_and_the_attempt_does_not_count(store: Store) -> None:
    await say(store)
    await store.release_messages(await claim(store))
    await store.release_messages([])

    assert [1] == [m.attempts for m in await claim(store)]


async def test_depth_and_age_are_by_destination_and_of_what_waits(store: Store) -> None:
    await say(store, patient="Patient/1", times=2)
    await say(store, patient="Patient/2", to="fhir")
    assert {"ehr": 2, "fhir": 1} == await store.outbox_depth()
    assert {"ehr": NOW, "fhir": NOW} == await store.oldest_message()

    [message] = await claim(store, to="fhir")
    await store.taken(message, now=NOW)

    assert {"ehr": 2} == await store.outbox_depth()
    assert {"ehr": NOW} == await store.oldest_message()


async def test_what_waits_for_its_next_try_is_made_due_by_its_id(store: Store) -> None:
    for number in range(1, 4):
        await say(store, patient=f"Patient/{number}")
    one, two, running = await claim(store)
    later = NOW + timedelta(hours=10)
    for message in (one, two):
        await store.retry_message(message, at=later, reason="500")

    assert 1 == await store.hasten_messages([one.id, running.id, "nobody"], now=NOW)

    [again] = await claim(store)
    assert (one.id, 2) == (again.id, again.attempts)
    row, _ = await store.show_message(two.id) or (None, None)
    assert row is not None
    assert later == row.available_at


async def test_a_parked_message_is_retried_or_discarded_by_its_id(store: Store) -> None:
    await say(store, patient="Patient/1")
    await say(store, patient="Patient/2")
    one, two = await claim(store)
    assert 0 == await store.retry_parked_messages([one.id], now=NOW)
    for message in (one, two):
        await store.park_message(message, now=NOW, reason="400")

    assert 1 == await store.retry_parked_messages([one.id, "nobody"], now=NOW)
    assert 1 == await store.discard_messages([one.id, two.id])

    [again] = await claim(store)
    assert (one.id, 1) == (again.id, again.attempts)
    assert await store.show_message(two.id) is None


async def test_listings_are_by_state_and_oldest_first(store: Store) -> None:
    await say(store, times=2)
    [first] = await claim(store)
    await store.taken(first, now=NOW)

    assert [1, 2] == [row.sequence for row in await store.list_messages(state=None, limit=9)]
    assert [2] == [
        row.sequence for row in await store.list_messages(state=MessageState.READY, limit=9)
    ]
    row, body = await store.show_message(first.id)
    assert (MessageState.TAKEN, b"{}") == (row.state, body)


async def test_two_claimers_never_share_a_message(store: Store, store_url: str) -> None:
    for number in range(40):
        await say(store, patient=f"Patient/{number % 20}")
    other = open_store(store_url)
    await other.open()

    async def deliver(of: Store) -> list[Message]:
        mine: list[Message] = []
        while claimed := await claim(of, limit=3):
            for message in claimed:
                assert await of.taken(message, now=NOW)
            mine += claimed
        return mine

    shares = await asyncio.gather(*(deliver(s) for s in (store, other) for _ in range(2)))
    rest = await deliver(store)  # what a neighbour's lease held back while others looked
    await other.close()

    ids = [m.id for share in (*shares, rest) for m in share]
    assert 40 == len(ids) == len(set(ids))


async def test_retention_forgets_what_was_taken_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 1)
    for number in range(3):
        await say(store, patient=f"Patient/{number}")
    await say(store, patient="Patient/0")
    for message in await claim(store):
        await store.taken(message, now=NOW)

    assert 0 == await store.purge_taken(before=NOW)
    assert 3 == await store.purge_taken(before=AFTER_LEASE)
    assert [2] == [row.sequence for row in await store.list_messages(state=None, limit=9)]
    # The patient's row remembers the sequence, so numbers go on rising.
    await say(store, patient="Patient/1")
    assert [2, 2] == [row.sequence for row in await store.list_messages(state=None, limit=9)]
