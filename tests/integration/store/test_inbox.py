"""Leases, fences and the ends an event can come to."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest
from tests.support.store import until
from tests.support.stored import AFTER_LEASE, LEASE, NOW, event

from marrowd.store import inbox
from marrowd.store.open import open_store
from marrowd.store.protocols import Event, EventKind, EventState, Store


async def claim_one(store: Store, *, now=NOW, until=LEASE) -> Event:
    [claimed] = await store.claim(worker="w", limit=1, now=now, until=until)
    return claimed


async def test_the_oldest_are_claimed_first(store: Store) -> None:
    await store.accept(
        [event("young", received_at=NOW), event("old", received_at=NOW - timedelta(1))]
    )

    claimed = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)

    assert ["old", "young"] == [e.new.key for e in claimed]


async def test_a_limit_is_kept(store: Store) -> None:
    await store.accept([event(str(n)) for n in range(5)])

    assert 2 == len(await store.claim(worker="w", limit=2, now=NOW, until=LEASE))
    assert 3 == len(await store.claim(worker="w", limit=9, now=NOW, until=LEASE))


async def test_two_claimers_never_share_an_event(store: Store, store_url: str) -> None:
    await store.accept([event(str(n)) for n in range(200)])
    other = open_store(store_url)
    await other.open()

    async def work(of: Store, name: str) -> list[int]:
        mine: list[int] = []
        while claimed := await of.claim(worker=name, limit=7, now=NOW, until=LEASE):
            mine += [e.id for e in claimed]
        return mine

    ids = await asyncio.gather(*(work(s, f"w{n}") for n in range(3) for s in (store, other)))
    await other.close()

    flat = [i for some in ids for i in some]
    assert 200 == len(flat) == len(set(flat))


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_holder_fenced_off(
    store: Store,
) -> None:
    await store.accept([event()])
    first = await claim_one(store)
    assert [] == await store.claim(worker="other", limit=1, now=NOW, until=LEASE)

    second = await claim_one(store, now=AFTER_LEASE, until=AFTER_LEASE + timedelta(seconds=30))

    assert second.fence > first.fence
    assert 2 == second.attempts
    assert not await store.finish(first, now=AFTER_LEASE)
    assert not await store.retry(first, at=AFTER_LEASE, reason="late")
    assert not await store.park(first, now=AFTER_LEASE, reason="late")
    assert [] == await store.extend([first], until=AFTER_LEASE)
    await store.release([first])
    assert await store.finish(second, now=AFTER_LEASE)


async def test_a_heartbeat_keeps_the_lease(store: Store) -> None:
    await store.accept([event("1"), event("2")])
    held = await store.claim(worker="w", limit=2, now=NOW, until=LEASE)

    assert held == await store.extend(held, until=AFTER_LEASE + timedelta(minutes=1))
    assert [] == await store.claim(worker="other", limit=2, now=AFTER_LEASE, until=AFTER_LEASE)


async def test_nothing_held_is_nothing_to_prolong_or_release(store: Store) -> None:
    assert [] == await store.extend([], until=LEASE)


async def test_an_event_just_finished_is_not_called_lost(store):
    await store.accept([event("1")])
    (held,) = await store.claim(worker="a", limit=1, now=NOW, until=LEASE)
    await store.finish(held, now=NOW)

    assert [held] == await store.extend([held], until=LEASE)
    await store.release([])


async def test_an_outcome_is_written_once(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)

    assert await store.finish(claimed, now=NOW)
    assert not await store.finish(claimed, now=NOW)
    assert not await store.park(claimed, now=NOW, reason="late")


async def test_done_keeps_the_key_and_lets_the_payload_go(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)
    await store.finish(claimed, now=NOW)

    row, payload = await store.show_event(claimed.id)

    assert payload is None
    assert EventState.DONE is row.state
    assert NOW == row.available_at


async def test_a_retry_waits_until_its_time_and_says_why(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)
    later = NOW + timedelta(minutes=5)

    assert await store.retry(claimed, at=later, reason="ehr_unavailable", detail="GET Binary")

    [row] = await store.list_events(state=EventState.READY, limit=9)
    assert ("ehr_unavailable", "GET Binary", later) == (row.reason, row.detail, row.available_at)
    assert [] == await store.claim(worker="w", limit=1, now=NOW, until=LEASE)
    assert 2 == (await claim_one(store, now=later, until=later)).attempts


async def test_a_parked_event_keeps_its_payload_and_can_be_tried_again(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)
    assert await store.park(claimed, now=NOW, reason="broken", detail="at subject")
    assert [] == await store.claim(worker="w", limit=1, now=AFTER_LEASE, until=AFTER_LEASE)

    row, payload = await store.show_event(claimed.id)
    assert event().payload == payload
    assert (EventState.PARKED, "broken", "at subject") == (row.state, row.reason, row.detail)

    assert 1 == await store.retry_parked([claimed.id, 4711], now=NOW)
    assert 0 == await store.retry_parked([claimed.id], now=NOW)
    again = await claim_one(store)
    assert (1, claimed.fence + 1) == (again.attempts, again.fence)


async def test_a_discarded_event_does_not_come_back_with_its_redelivery(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)
    assert 0 == await store.discard([claimed.id])
    await store.park(claimed, now=NOW, reason="broken")

    assert 1 == await store.discard([claimed.id])

    assert 0 == await store.accept([event()])
    row, payload = await store.show_event(claimed.id)
    assert (EventState.DONE, "discarded", None) == (row.state, row.reason, payload)


async def test_a_released_lease_does_not_count_as_an_attempt(store: Store) -> None:
    await store.accept([event()])
    claimed = await claim_one(store)

    await store.release([claimed])

    assert 1 == (await claim_one(store)).attempts


async def test_depth_and_age_are_of_what_waits(store: Store) -> None:
    assert await store.oldest_waiting() is None
    old = NOW - timedelta(hours=1)
    await store.accept([event("1", received_at=old), event("2"), event("3"), event("4")])
    first, second, _ = await store.claim(worker="w", limit=3, now=NOW, until=LEASE)
    assert old == await store.oldest_waiting()
    await store.finish(first, now=NOW)
    await store.park(second, now=NOW, reason="broken")

    assert NOW == await store.oldest_waiting()
    assert {EventState.READY: 1, EventState.RUNNING: 1, EventState.PARKED: 1} == (
        await store.inbox_depth()
    )


async def test_listings_are_by_state_and_oldest_first(store: Store) -> None:
    ping = event("0", kind=EventKind.PING, ref="", payload=None)
    await store.accept([ping])
    await store.accept([event("1")])
    await store.accept([event("2")])
    claimed = await claim_one(store)
    await store.park(claimed, now=NOW, reason="broken")

    assert ["", "Observation/1", "Observation/2"] == [
        row.ref for row in await store.list_events(state=None, limit=9)
    ]
    assert ["Observation/1"] == [
        row.ref for row in await store.list_events(state=EventState.READY, limit=1)
    ]
    assert [claimed.id] == [
        row.id for row in await store.list_events(state=EventState.PARKED, limit=9)
    ]
    assert await store.show_event(4711) is None


async def test_retention_forgets_what_was_done_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BATCH", 2)
    count = 6
    await store.accept([event(str(n)) for n in range(count)])
    claimed = await store.claim(worker="w", limit=count, now=NOW, until=LEASE)
    await asyncio.gather(*(store.finish(e, now=NOW) for e in claimed[1:]))
    await store.park(claimed[0], now=NOW, reason="broken")

    assert 0 == await store.purge_done(before=NOW)
    assert count - 1 == await store.purge_done(before=NOW + timedelta(seconds=1))
    assert 1 == len(await store.list_events(state=None, limit=9))


async def test_numbers_of_forgotten_events_do_not_come_back(store: Store) -> None:
    await store.accept([event("1")])
    first = await claim_one(store)
    await store.finish(first, now=NOW)
    await store.purge_done(before=AFTER_LEASE)
    await store.accept([event("2")])

    assert (await claim_one(store)).id != first.id


async def test_claims_that_came_to_no_outcome_are_counted_until_one_does(store: Store) -> None:
    await store.accept([event()])
    now, counted = NOW, []
    for _ in range(3):
        claimed = await claim_one(store, now=now, until=now + timedelta(seconds=30))
        counted.append(claimed.lost)
        now += timedelta(seconds=31)
    assert counted == [0, 1, 2]

    again = await claim_one(store, now=now, until=now + timedelta(seconds=30))
    await store.release([again])  # given back unused: neither an outcome nor a loss
    again = await claim_one(store, now=now, until=now + timedelta(seconds=30))
    assert again.lost == 3
    await store.retry(again, at=now, reason="ehr")
    assert (await claim_one(store, now=now, until=now + timedelta(seconds=30))).lost == 0


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store, events: store.extend(events, until=AFTER_LEASE), id="extend"),
        pytest.param(lambda store, events: store.release(events), id="release"),
    ],
)
async def test_leases_are_locked_in_the_order_of_all_who_lock_them(migrated_postgres_url, call):
    """Who waits for the first event's row holds no later one: else two would wait in a circle."""
    with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
        for way in ("indexscan", "bitmapscan"):  # what is left finds rows as they lie on disk
            connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET enable_{way} = off')
    async with postgres(migrated_postgres_url) as store:
        await store.accept([event("1"), event("2")])
        first, second = await store.claim(worker="w", limit=2, now=NOW, until=LEASE)
        await store.extend([first], until=LEASE)  # its row lies behind the other's now
        with (
            psycopg.connect(migrated_postgres_url) as other,
            psycopg.connect(migrated_postgres_url, autocommit=True) as third,
        ):
            other.execute("SELECT FROM inbox WHERE id = %s FOR UPDATE", [first.id])
            task = asyncio.create_task(call(store, [first, second]))
            await until(lambda: third.execute(_WAITING).fetchone() is not None)

            third.execute("SELECT FROM inbox WHERE id = %s FOR UPDATE NOWAIT", [second.id])

            other.rollback()
            await task


_WAITING = "SELECT FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def postgres(url):
    store = open_store(url)
    await store.open()
    yield store
    await store.close()
