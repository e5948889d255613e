from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.support.fhir_server import FhirServer, running

from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Wanted, wanted
from marrowd.fhir.transport import Transport
from marrowd.rules.codes import load_codes
from marrowd.work.subscriptions import (
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)

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

    removed = await remove_subscriptions(client, endpoint=ENDPOINT)

    assert len(removed) == 4
    assert [s["id"] for s in server.of_type("Subscription")] == ["stranger"]
    assert await list_subscriptions(client, endpoint=ENDPOINT) == []
