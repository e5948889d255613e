"""Drift is mended once it was all at work, within bounds; silence is asked after."""

import json
from datetime import timedelta

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.store import HandClock, opened, some_metrics
from tests.unit.work.test_subscriptions import ENDPOINT, watching

from marrowd.fhir.client import FhirClient
from marrowd.fhir.notifications import StatusType, SubscriptionStatus
from marrowd.fhir.subscriptions import wanted
from marrowd.fhir.topics import TopicTerms
from marrowd.fhir.transport import Transport
from marrowd.rules.codes import load_codes
from marrowd.work.gaps import Counting, step
from marrowd.work.mending import MADE_FOR
from marrowd.work.subscriptions import sync_subscriptions

TYPES = ("Observation", "ImagingStudy", "DiagnosticReport")
WANTED = wanted(
    load_codes(),
    endpoint=ENDPOINT,
    secret="a-secret-of-16-chars",
    topic=TopicTerms(topics=dict.fromkeys(TYPES, "http://example.org/topic"), heartbeat_s=60),
)


class Rig:
    """A server with our Subscriptions, and the watch over them."""

    def __init__(self, server, client, store):
        self.server, self.client, self.store = server, client, store
        self.clock, self.swept = HandClock(), []
        self.watch = watching(
            client,
            store,
            some_metrics(),
            clock=self.clock,
            subscriptions=WANTED,
            swept=self.swept,
        )

    async def make(self):
        rows = await sync_subscriptions(self.client, WANTED, endpoint=ENDPOINT)
        self.activate()
        assert await self.watch.look()
        return rows

    def activate(self):
        for subscription in self.server.of_type("Subscription"):
            self.server.put({**subscription, "status": "active"})

    @property
    def count(self):
        return len(self.server.of_type("Subscription"))


@pytest.fixture
async def rig(tmp_path):
    async with (
        running(FhirServer()) as server,
        aiohttp.ClientSession() as session,
        opened(tmp_path) as store,
    ):
        yield Rig(server, FhirClient(Transport(session), server.base_url), store)


async def test_topic_subscriptions_are_made_kept_and_listed(rig):
    assert [r.done for r in await rig.make()] == ["created"] * 4
    assert [r.done for r in await sync_subscriptions(rig.client, WANTED, endpoint=ENDPOINT)] == [
        "kept"
    ] * 4


async def test_what_was_never_made_is_left_to_the_operator(rig):
    assert not await rig.watch.look()

    assert (rig.count, rig.swept) == (0, [])


@pytest.mark.parametrize("how", ["deleted", "disabled", "changed"])
async def test_drift_is_mended_and_made_up_for(rig, how):
    ref = (await rig.make())[0].ref
    held = rig.server.resources[ref]
    match how:
        case "deleted":
            rig.server.remove(ref)
        case "disabled":
            rig.server.put({**held, "status": "off"})
        case _:
            rig.server.put({**held, "criteria": "http://example.org/other"})
    assert not await rig.watch.look()
    rig.activate()

    assert await rig.watch.look()
    assert (rig.count, rig.swept) == (4, [1])


async def test_mending_is_bounded(rig):
    await rig.make()
    mended = 0
    for _ in range(60):  # an hour, looked at each minute, and taken away each time
        for subscription in rig.server.of_type("Subscription"):
            rig.server.remove(f"Subscription/{subscription['id']}")
        await rig.watch.look()
        mended += rig.count > 0
        rig.clock.move(timedelta(minutes=1))

    assert 4 <= mended <= 8
    assert len(rig.swept) == mended


async def test_two_processes_do_not_mend_together(rig):
    ref = (await rig.make())[0].ref
    rig.server.remove(ref)
    other = watching(rig.client, rig.store, some_metrics(), clock=rig.clock, subscriptions=WANTED)
    await rig.watch.look()
    rig.server.remove(rig.server.of_type("Subscription")[-1]["id"])
    await other.look()

    assert rig.count == 4


async def test_a_header_that_is_not_shown_is_no_drift(rig):
    for row in await rig.make():
        held = rig.server.resources[row.ref]
        channel = {k: v for k, v in held["channel"].items() if k != "header"}
        rig.server.put({**held, "channel": channel})
    await rig.watch.look()

    assert rig.swept == []


async def silence(rig, ref, *, count=3):
    beat = SubscriptionStatus(subscription=ref, type=StatusType.HEARTBEAT, count=count)
    beating = step(Counting(), beat, at=rig.clock()).counting
    await rig.store.set_cursor("hospital", f"told {ref}", beating.dumps())
    rig.clock.move(timedelta(minutes=3))


async def test_silence_is_asked_after_and_swept_where_the_server_cannot_say(rig):
    ref = (await rig.make())[0].ref
    await silence(rig, ref)
    await rig.watch.look()  # 405
    await rig.watch.look()

    assert len(rig.server.asked(f"/{ref}/$status")) == 1
    assert rig.swept == [1]


async def test_silence_that_hides_events_is_found_by_their_count(rig):
    ref = (await rig.make())[0].ref
    await silence(rig, ref)
    status = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": ref}},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": "query-status"},
            {"name": "events-since-subscription-start", "valueString": "5"},
        ],
    }
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": status}]}
    headers = {"Content-Type": "application/fhir+json"}
    rig.server.faults.append(
        Fault(
            prefix=f"/{ref}/$status", status=200, headers=headers, body=json.dumps(bundle).encode()
        )
    )
    await rig.watch.look()
    rig.clock.move(timedelta(minutes=3))
    await rig.watch.look()

    kept = Counting.loads(await rig.store.cursor("hospital", f"told {ref}"))
    assert kept.high == 5
    assert rig.swept == [1]  # what was missing after the wait


async def test_what_an_operator_removed_is_left(rig):
    await rig.make()
    await rig.store.set_cursor("hospital", MADE_FOR, "")
    for subscription in rig.server.of_type("Subscription"):
        rig.server.remove(f"Subscription/{subscription['id']}")
    await rig.watch.look()

    assert (rig.count, rig.swept) == (0, [])
