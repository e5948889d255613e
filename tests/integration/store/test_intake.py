"""Accepting events: durable, once each, many to a commit."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event as listen
from tests.support.stored import LEASE, NOW, event

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store import intake
from marrowd.store.open import open_store
from marrowd.store.protocols import EventState, Store


async def test_an_event_is_kept_with_all_that_was_received(store: Store) -> None:
    assert 1 == await store.accept([event()])

    [claimed] = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)

    assert event() == claimed.new
    assert 1 == claimed.attempts


async def test_a_redelivery_is_the_same_event(store: Store) -> None:
    assert 1 == await store.accept([event()])
    assert 0 == await store.accept([event(payload=b"other")])
    assert 1 == await store.accept([event(), event("2")])


async def test_a_redelivery_of_a_done_event_is_known(store: Store) -> None:
    await store.accept([event()])
    [claimed] = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)
    assert await store.finish(claimed, now=NOW)

    assert 0 == await store.accept([event()])
    assert [] == await store.claim(worker="w", limit=9, now=NOW, until=LEASE)


async def test_two_sources_may_use_one_key(store: Store) -> None:
    assert 2 == await store.accept([event(), event(source="other")])


async def test_nothing_to_accept_is_nothing_new(store: Store) -> None:
    assert 0 == await store.accept([])


async def test_concurrent_callers_share_commits(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    await store.open()
    commits = []
    listen.listen(store._database.engines.write, "commit", commits.append)

    new = await asyncio.gather(*(store.accept([event(str(n))]) for n in range(50)))

    assert [1] * 50 == new
    assert len(commits) < 5
    assert 50 == (await store.inbox_depth())[EventState.READY]
    await store.close()


async def test_concurrent_callers_share_commits_on_postgresql(migrated_postgres_url: str) -> None:
    store = open_store(migrated_postgres_url)
    await store.open()

    new = await asyncio.gather(*(store.accept([event(str(n))]) for n in range(50)))

    assert [1] * 50 == new
    assert await _asked(store, "SELECT count(DISTINCT xmin::text) FROM inbox") < 5
    assert 50 == (await store.inbox_depth())[EventState.READY]
    await store.close()


async def test_postgresql_prepares_one_statement_however_many_events(
    migrated_postgres_url: str,
) -> None:
    """A text of its own for each count would be read through and planned every time."""
    store = open_store(migrated_postgres_url)
    await store.open()

    for count in (1, 2, 60):
        assert count == await store.accept([event(f"{count}-{number}") for number in range(count)])

    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name = 'marrowd_accept'"
    assert 1 == await _asked(store, prepared)
    await store.close()


async def test_a_prepared_statement_that_is_gone_is_prepared_again(
    migrated_postgres_url: str,
) -> None:
    """The driver drops them all when a transaction was undone on their connection."""
    store = open_store(migrated_postgres_url)
    await store.open()
    assert 1 == await store.accept([event("1")])
    await store._database.write(lambda c: c.exec_driver_sql("DEALLOCATE ALL").rowcount)

    assert 1 == await store.accept([event("2")])
    assert 0 == await store.accept([event("1"), event("2")])
    await store.close()


async def _asked(store: Store, question: str) -> int:
    return await store._database.read(lambda c: c.exec_driver_sql(question).scalar_one())


async def test_each_of_two_callers_with_one_event_is_told_the_truth(store: Store) -> None:
    new = await asyncio.gather(store.accept([event()]), store.accept([event(), event("2")]))

    assert [1, 1] == new


@pytest.mark.parametrize("text", [pytest.param("\ud800", id="surrogate")])
async def test_an_event_that_cannot_be_stored_takes_nobody_with_it(store: Store, text: str) -> None:
    outcomes = await asyncio.gather(
        store.accept([event("1")]),
        store.accept([event("2", ref=text)]),
        store.accept([event("3")]),
        return_exceptions=True,
    )

    assert [1, 1] == [outcomes[0], outcomes[2]]
    assert isinstance(outcomes[1], BadInput)
    assert 2 == (await store.inbox_depth())[EventState.READY]


async def test_the_message_of_a_refusal_quotes_nothing(store: Store) -> None:
    with pytest.raises(BadInput) as caught:
        await store.accept([event("Smith\ud800")])

    assert "Smith" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_full_queue_is_refused_and_later_accepted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._intake, "_capacity", 3 * intake.ROW_BYTES)
    outcomes = await asyncio.gather(
        *(store.accept([event(str(n), payload=None)]) for n in range(10)), return_exceptions=True
    )

    kept = [o for o in outcomes if o == 1]
    refused = [o for o in outcomes if isinstance(o, StoreUnavailable)]
    assert 10 == len(kept) + len(refused)
    assert refused
    assert 1 == refused[0].retry_after_s
    assert len(kept) == (await store.inbox_depth())[EventState.READY]
    assert len(refused) == await store.accept([event(str(n), payload=None) for n in range(10)])


async def test_a_large_call_goes_through_when_nothing_else_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._intake, "_capacity", 1)

    assert 2000 == await store.accept([event(str(n)) for n in range(2000)])


async def test_a_caller_that_gives_up_does_not_disturb_the_others(store: Store) -> None:
    first = asyncio.ensure_future(store.accept([event("1")]))
    second = asyncio.ensure_future(store.accept([event("2")]))
    await asyncio.sleep(0)
    first.cancel()

    assert 1 == await second
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_naive_time_is_refused_before_anything_is_written(store: Store) -> None:
    naive = event()._replace(received_at=NOW.replace(tzinfo=None))
    with pytest.raises(BadInput):
        await store.accept([naive])

    assert 0 == (await store.inbox_depth())[EventState.READY]
