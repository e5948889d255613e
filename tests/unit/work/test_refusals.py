"""A Subscription that the server cannot do is told, swept for, and seldom asked for again."""

from datetime import timedelta

import aiohttp
import pytest
from tests.support.fhir_server import FhirServer, running
from tests.support.hospital import study
from tests.support.loops import SOURCE, running_line
from tests.support.store import NOON, HandClock, count_of, opened, some_metrics
from tests.unit.work.test_subscriptions import ENDPOINT, some, watching

from marrowd.fhir.client import FhirClient
from marrowd.fhir.transport import Transport
from marrowd.work.refusals import Refusals, Refused
from marrowd.work.subscriptions import SubscriptionRow, sync_subscriptions
from marrowd.work.watching import ACTIVE_AT

STUDIES = frozenset({"studies"})
TAKEN = NOON - timedelta(days=9)


class Rig:
    """A server that takes no Subscription to studies, and the watch over ours."""

    def __init__(self, server, client, store):
        self.server, self.client, self.store = server, client, store
        self.clock, self.metrics, self.swept = HandClock(), some_metrics(), []
        self.refusals = Refusals(store, source="hospital")
        self.watch = watching(client, store, self.metrics, clock=self.clock, swept=self.swept)

    async def sync(self):
        rows = await sync_subscriptions(self.client, some(), endpoint=ENDPOINT)
        await self.refusals.remember(rows, at=self.clock())
        self.activate()

    def activate(self):
        for subscription in self.server.of_type("Subscription"):
            self.server.put({**subscription, "status": "active"})

    @property
    def asked(self):
        """How often the server was asked to make one."""
        return [s.method for s in self.server.asked("/Subscription")].count("POST")

    def count(self, name, **labels):
        return count_of(self.metrics, name, source="hospital", **labels)


@pytest.fixture
async def rig(tmp_path):
    async with (
        running(FhirServer()) as server,
        aiohttp.ClientSession() as session,
        opened(tmp_path) as store,
    ):
        server.unsubscribable = {"ImagingStudy"}
        yield Rig(server, FhirClient(Transport(session), server.base_url), store)


async def test_what_the_server_cannot_do_is_shown_and_not_missed(rig):
    await rig.sync()

    assert await rig.watch.look()

    assert rig.count("subscription_active") == 1
    assert rig.count("subscriptions_refused", subscription="studies") == 1
    assert rig.count("subscriptions_refused", subscription="results") == 0
    assert await rig.store.cursor("hospital", ACTIVE_AT) == NOON.isoformat()


async def test_what_was_never_asked_for_is_missed(rig):
    await sync_subscriptions(rig.client, some(), endpoint=ENDPOINT)
    rig.activate()

    assert not await rig.watch.look()


async def test_a_server_that_takes_none_is_not_active(rig):
    rig.server.unsubscribable = {"ImagingStudy", "Observation", "DiagnosticReport"}
    await rig.sync()

    assert not await rig.watch.look()

    assert await rig.refusals.known() is None
    assert rig.count("subscriptions_refused", subscription="studies") == 0


async def test_one_more_that_is_missing_is_mended_without_asking_for_it(rig):
    await rig.sync()
    await rig.watch.look()
    asked = rig.asked
    [results] = [s for s in rig.server.of_type("Subscription") if "Observation" in s["criteria"]]
    rig.server.remove(f"Subscription/{results['id']}")

    assert not await rig.watch.look()
    rig.activate()

    assert await rig.watch.look()
    assert rig.asked == asked + 1
    assert rig.swept == [1]


async def test_it_is_asked_for_again_once_a_day(rig):
    await rig.sync()
    asked = rig.asked
    for _ in range(3 * 24):
        await rig.watch.look()
        rig.clock.move(timedelta(hours=1))

    assert rig.asked == asked + 2
    assert (await rig.refusals.known()).slugs == STUDIES


async def test_two_processes_do_not_both_ask(rig):
    await rig.sync()
    asked = rig.asked
    rig.clock.move(timedelta(days=1))
    other = watching(rig.client, rig.store, some_metrics(), clock=rig.clock)

    await rig.watch.look()
    await other.look()

    assert rig.asked == asked + 1


async def test_a_server_that_has_learnt_it_is_believed(rig):
    await rig.sync()
    rig.server.unsubscribable = set()
    rig.clock.move(timedelta(days=1))

    await rig.watch.look()
    rig.activate()

    assert await rig.watch.look()
    assert await rig.refusals.known() is None
    assert rig.count("subscriptions_refused", subscription="studies") == 0
    assert len(rig.server.of_type("Subscription")) == 4


async def test_one_that_somebody_else_made_is_refused_no_more(rig):
    await rig.sync()
    rig.server.unsubscribable = set()
    await sync_subscriptions(rig.client, some(), endpoint=ENDPOINT)

    assert not await rig.watch.look()  # it is there and not active yet
    assert rig.count("subscriptions_refused", subscription="studies") == 0


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        pytest.param([("a", "refused", "", ""), ("b", "kept", "1", "active")], {"a"}, id="one"),
        pytest.param([("a", "refused", "", ""), ("b", "refused", "", "")], set(), id="all"),
        pytest.param(
            [("a", "refused", "1", ""), ("b", "kept", "2", "active")], set(), id="an update"
        ),
        pytest.param(
            [("a", "refused", "", ""), ("b", "removed", "2", "")], set(), id="beside a removal"
        ),
        pytest.param([], set(), id="nothing"),
    ],
)
async def test_a_refusal_beside_one_that_was_taken_is_what_the_server_cannot_do(
    tmp_path, rows, refused
):
    told = [
        SubscriptionRow(slug=slug, ref=ref, state=state, done=done)
        for slug, done, ref, state in rows
    ]
    async with opened(tmp_path) as store:
        refusals = Refusals(store, source="hospital")
        await refusals.remember(told, at=NOON)
        known = await refusals.known()

    assert (set() if known is None else known.slugs) == refused


async def test_what_only_the_sweep_can_bring_is_no_lost_notification(tmp_path):
    async with running_line(tmp_path) as line:
        told = Refused(at=NOON, slugs=STUDIES).dumps()
        await line.store.set_cursor(SOURCE, "subscriptions refused", told)
        line.server.put(study("st1", "Patient/1", at=TAKEN))

        assert (await line.sweeper.sweep()).new == 1
        await line.idle()

        assert await line.fact("ImagingStudy/st1") is not None
        assert count_of(line.metrics, "sweep_recovered_total", source=SOURCE) == 0
