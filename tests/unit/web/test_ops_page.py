"""The operators' page says what there is to say, and says so when the store does not answer."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.support.store import opened

from marrowd.errors import StoreUnavailable
from marrowd.rules.policies import policy_from
from marrowd.settings import Destination, PolicySettings, Source
from marrowd.store.protocols import EventKind, NewEvent
from marrowd.telemetry.metrics import Metrics
from marrowd.web.ops_page import OpsPage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = Source(
    name="hospital",
    base_url="https://fhir.example.org/r4",
    notification_secret=(SecretStr("a-secret-of-the-hospital"),),
)
DESTINATION = Destination(
    name="ehr", url="https://ehr.example.org/cards", source="hospital", token=SecretStr("t")
)


class Down:
    async def inbox_depth(self):
        message = "away"
        raise StoreUnavailable(message)


async def page_of(store, path="/", *, now=NOW, shown=0, refused=()):
    metrics = Metrics(CollectorRegistry(), sources=["hospital"], destinations=["ehr"])
    metrics.cards_shown_total.labels(verdict="association", indicator="warning").inc(shown)
    metrics.subscription_active.labels(source="hospital").set(1)
    for one in refused:
        metrics.subscriptions_refused.labels(source="hospital", subscription=one).set(1)
    app = web.Application()
    OpsPage(
        store=store,
        metrics=metrics,
        clock=lambda: now,
        policy=policy_from(PolicySettings()),
        rules="2026.11.0+<b>",
        version="1.2.3",
        sources=[SOURCE],
        destinations=[DESTINATION],
    ).add_routes(app)
    async with TestClient(TestServer(app)) as client, client.get(path) as answer:
        assert answer.status == 200
        return answer.headers, await answer.text()


@pytest.fixture
async def store(tmp_path):
    async with opened(tmp_path) as store:
        yield store


def event(number):
    return NewEvent(
        source="hospital",
        kind=EventKind.FETCH,
        key=f"key-{number}",
        received_at=NOW,
        ref=f"Observation/secret-{number}",
    )


async def test_a_store_that_is_away_is_said():
    _, page = await page_of(Down())

    assert "the store does not answer" in page


async def test_a_subscription_that_is_refused_is_said(store):
    _, page = await page_of(store, refused=["studies"])
    _, other = await page_of(store)

    assert '<span class="good">active</span>; studies by sweep only (refused)' in page
    assert "by sweep only" not in other


async def test_calm_is_said(store):
    _, page = await page_of(store)

    assert "all is well" in page
    assert "2026.11.0+&lt;b&gt;" in page
    assert "a-secret" not in page
    assert "example.org" not in page


async def test_what_waits_too_long_is_marked(store):
    await store.accept([event(1)])

    _, page = await page_of(store, now=NOW + timedelta(hours=3))

    assert "running late" in page
    assert "oldest 3 h, 0 parked, late" in page


async def test_parked_events_are_counted_by_reason_and_alike_ones_told_once(store):
    await store.accept([event(1), event(2)])
    claimed = await store.claim(worker="w", limit=9, now=NOW, until=NOW + timedelta(minutes=1))
    for each in claimed:
        await store.park(each, now=NOW, reason="no_subject", detail="NoSubject at a.b")

    _, page = await page_of(store)

    assert "2 set aside" in page
    assert page.count("NoSubject at a.b") == 1
    assert "secret-1" not in page


async def test_it_asks_for_itself_until_paused(store):
    _, live = await page_of(store)
    _, paused = await page_of(store, "/?refresh=0")

    assert 'http-equiv="refresh"' in live
    assert 'http-equiv="refresh"' not in paused


async def test_nothing_but_its_own_style_may_run(store):
    headers, page = await page_of(store)

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 cards"), (1, "1 card"), (2, "2 cards"), (1200, "1,200 cards")],
)
async def test_counts_are_spelled(store, count, words):
    assert f"{words} shown" in (await page_of(store, shown=count))[1]
