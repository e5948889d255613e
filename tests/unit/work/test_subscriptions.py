import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.store import NOON, HandClock, count_of, opened, some_metrics, until

from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Wanted, wanted
from marrowd.fhir.transport import Transport
from marrowd.rules.codes import load_codes
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.work.listening import Asking, Listener
from marrowd.work.mending import Mender
from marrowd.work.subscriptions import (
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)
from marrowd.work.watching import ACTIVE_AT, SWEPT_AT, Currency, SubscriptionWatch

ENDPOINT = "http://127.0.0.1:8080/events/hospital"
FIRST = "a-secret-of-16-chars"


def some(secret: str = FIRST) -> tuple[Wanted, ...]:
    return wanted(load_codes(), endpoint=ENDPOINT, secret=secret)


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer()) as server:
        server.put(
            {
                "resourceType": "Subscription",
                "id": "stranger",
                "channel": {"endpoint": "http://other"},
            }
        )
        yield server


@pytest.fixture
async def client(server: FhirServer) -> AsyncIterator[FhirClient]:
    async with aiohttp.ClientSession() as session:
        yield FhirClient(Transport(session), server.base_url)


async def test_sync_makes_them_and_a_second_sync_keeps_them(
    client: FhirClient, server: FhirServer
) -> None:
    first = await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    second = await sync_subscriptions(client, some(), endpoint=ENDPOINT)

    assert [row.done for row in first] == ["created"] * 4
    assert [row.done for row in second] == ["kept"] * 4
    assert [row.ref for row in first] == [row.ref for row in second]
    assert len(server.of_type("Subscription")) == 5


async def test_one_that_is_refused_keeps_none_from_being_made(
    client: FhirClient, server: FhirServer
) -> None:
    server.faults.append(Fault(prefix="/Subscription", method="POST", status=422, times=1))

    rows = await sync_subscriptions(client, some(), endpoint=ENDPOINT)

    assert [row.done for row in rows] == ["refused", "created", "created", "created"]
    assert (rows[0].ref, rows[0].why) == ("", "write answered 422")


async def test_one_that_is_refused_later_keeps_its_name(
    client: FhirClient, server: FhirServer
) -> None:
    made = await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    server.faults.append(Fault(prefix="/Subscription", method="PUT", status=422, times=1))

    rows = await sync_subscriptions(client, some("another-secret-of-16"), endpoint=ENDPOINT)

    assert [row.done for row in rows] == ["refused", "updated", "updated", "updated"]
    assert [row.ref for row in rows] == [row.ref for row in made]


async def test_a_rotated_secret_is_written(client: FhirClient, server: FhirServer) -> None:
    await sync_subscriptions(client, some(), endpoint=ENDPOINT)

    rows = await sync_subscriptions(client, some("another-secret-of-16"), endpoint=ENDPOINT)

    assert [(row.done, row.why) for row in rows] == [("updated", "secret")] * 4
    headers = [s["channel"]["header"] for s in server.of_type("Subscription") if s.get("reason")]
    assert headers == [["Authorization: Bearer another-secret-of-16"]] * 4


async def test_one_that_was_deleted_or_switched_off_is_mended(
    client: FhirClient, server: FhirServer
) -> None:
    rows = await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    server.remove(rows[0].ref)
    server.put({**server.resources[rows[1].ref], "status": "error"})

    mended = await sync_subscriptions(client, some(), endpoint=ENDPOINT)

    assert [row.done for row in mended] == ["created", "updated", "kept", "kept"]


def watching(
    client: FhirClient,
    store: Store,
    metrics: Metrics,
    *,
    clock: HandClock | None = None,
    subscriptions: tuple[Wanted, ...] | None = None,
    swept: list[int] | None = None,
) -> SubscriptionWatch:
    clock = clock or HandClock()
    seen = [] if swept is None else swept

    def request_sweep() -> None:
        seen.append(1)

    listener = Listener(
        store,
        client,
        source="hospital",
        clock=clock,
        metrics=metrics,
        ask=Asking(sweep=request_sweep),
    )
    mender = Mender(
        store,
        client,
        listener,
        source="hospital",
        clock=clock,
        request_sweep=request_sweep,
        heartbeat=timedelta(minutes=1),
    )
    return SubscriptionWatch(
        store,
        client,
        source="hospital",
        wanted=lambda: subscriptions or some(),
        every=timedelta(milliseconds=10),
        clock=clock,
        metrics=metrics,
        mender=mender,
    )


async def test_the_watch_says_and_remembers_whether_all_are_at_work(
    client: FhirClient, server: FhirServer, tmp_path: Path
) -> None:
    metrics = some_metrics()
    async with opened(tmp_path) as store:
        watch = watching(client, store, metrics)
        assert not await watch.look()
        for row in await sync_subscriptions(client, some(), endpoint=ENDPOINT):
            assert not await watch.look()
            server.put({**server.resources[row.ref], "status": "active"})
        assert await store.cursor("hospital", ACTIVE_AT) is None

        assert await watch.look()

        assert await store.cursor("hospital", ACTIVE_AT) == NOON.isoformat()
    assert count_of(metrics, "subscription_active", source="hospital") == 1


async def test_the_watch_looks_until_it_is_stopped(
    client: FhirClient, server: FhirServer, tmp_path: Path
) -> None:
    server.faults.append(Fault(prefix="/Subscription", status=401, times=1))
    stop = asyncio.Event()
    async with opened(tmp_path) as store:
        task = asyncio.create_task(watching(client, store, some_metrics()).run(stop))

        await until(lambda: len(server.seen) > 1)
        stop.set()
        await task


async def test_evidence_is_current_while_watched_and_swept(tmp_path: Path) -> None:
    clock = HandClock()
    async with opened(tmp_path) as store:
        currency = Currency(
            store,
            sweep_every={"hospital": timedelta(minutes=15)},
            unwatched=frozenset(),
            clock=clock,
            every=timedelta(milliseconds=10),
        )
        assert not currency.is_current("hospital")
        await store.set_cursor("hospital", SWEPT_AT, NOON.isoformat())
        await currency.refresh()
        assert not currency.is_current("hospital")

        await store.set_cursor("hospital", ACTIVE_AT, NOON.isoformat())
        stop = asyncio.Event()
        task = asyncio.create_task(currency.run(stop))
        await until(lambda: currency.is_current("hospital"))
        clock.move(timedelta(minutes=31))
        assert not currency.is_current("hospital")
        stop.set()
        await task


async def test_one_that_is_gone_meanwhile_is_removed_all_the_same(
    client: FhirClient, server: FhirServer
) -> None:
    await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    server.faults.append(Fault(prefix="/Subscription/", method="DELETE", status=410))

    assert [row.done for row in await sync_subscriptions(client, (), endpoint=ENDPOINT)] == [
        "removed"
    ] * 4


async def test_list_shows_ours_with_their_state(client: FhirClient, server: FhirServer) -> None:
    rows = await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    server.put({**server.resources[rows[0].ref], "status": "active"})

    listed = await list_subscriptions(client, endpoint=ENDPOINT)

    assert {(row.slug, row.state) for row in listed} == {
        ("results", "active"),
        ("studies", "requested"),
        ("reports", "requested"),
        ("reports-by-code", "requested"),
    }


async def test_remove_takes_ours_and_leaves_the_strangers(
    client: FhirClient, server: FhirServer
) -> None:
    await sync_subscriptions(client, some(), endpoint=ENDPOINT)

    removed = await remove_subscriptions(client, endpoint=ENDPOINT, looks_after_s=[0])

    assert [row.done for row in removed] == ["removed"] * 4
    assert [s["id"] for s in server.of_type("Subscription")] == ["stranger"]
    assert await list_subscriptions(client, endpoint=ENDPOINT) == []


async def test_remove_takes_once_more_what_the_server_brings_back(
    client: FhirClient, server: FhirServer
) -> None:
    made = await sync_subscriptions(client, some(), endpoint=ENDPOINT)
    revived = server.resources[made[0].ref]

    def looks() -> Iterator[float]:
        # As HAPI does when it comes to activating what was written before.
        server.put({**revived, "status": "active"})
        yield 0
        yield 0

    removed = await remove_subscriptions(client, endpoint=ENDPOINT, looks_after_s=looks())

    assert [(row.ref, row.why) for row in removed] == [
        *((row.ref, "") for row in made),
        (made[0].ref, "the server had brought it back"),
    ]
    assert await list_subscriptions(client, endpoint=ENDPOINT) == []
