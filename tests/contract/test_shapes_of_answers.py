"""
Whatever a FHIR server answers, everything that asks it says so in the service's own errors.

The parts are joined as in the service, over a real store; only the session is made up, and gives
what the test says. What is raised must be a `MarrowdError`: with any other the loops cannot tell
what to do, and would try it again for nothing.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.fuzz import seeds
from tests.fuzz.answers import BASE, ENDPOINT, WANTED
from tests.support.answered import Answered
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hook_calls import bundle, level, mri
from tests.support.loops import SOURCE, Line, build_line
from tests.support.resources import pain, request, study
from tests.support.shapes import altered
from tests.support.store import an_event, opened
from yarl import URL

from marrowd.app import Access
from marrowd.checks.sources import _let_in
from marrowd.errors import MarrowdError
from marrowd.fhir.notifications import StatusType, SubscriptionStatus
from marrowd.rules.codes import load_codes
from marrowd.settings import Source
from marrowd.store.protocols import EventKind
from marrowd.work.mending import Mender
from marrowd.work.subscriptions import (
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)

KEPT = [level(), mri(), study(), pain(), request(), seeds.ANSWERS[6]]
EVERYTHING = bundle(*KEPT)
SECOND = timedelta(seconds=1)
KEYS = count()


def written(resource: Any) -> bytes:
    return json.dumps(resource).encode()


class Server(Answered):
    """Answers with *data* what is asked for by a path that ends with *path*, else soundly."""

    def __init__(self) -> None:
        super().__init__(b"")
        self.path = ""
        self.listed: bytes | None = None  # what is said without content

    def said(self, url: URL) -> bytes:
        if url.path.endswith(self.path):
            is_listed = self.listed is not None and "_elements" in url.query
            return self.listed if is_listed else self.data
        ident = url.name
        found = [one for one in KEPT if one["id"] == ident] or [EVERYTHING]
        return written(found[0])


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def line(tmp_path: Path, server: Server) -> AsyncIterator[Line]:
    known, ehr = FhirServer(), Ehr()
    known.base_url, ehr.url = BASE, "https://ehr.example.org/cards"
    async with opened(tmp_path) as store:
        yield build_line(known, ehr, store, server, has_sweeps=False)


async def handle(line: Line, ref: str, kind: EventKind, payload: bytes | None) -> None:
    event = an_event(ref, kind=kind, key=str(next(KEYS)), payload=payload)
    await line.store.accept([event])
    now = line.clock()
    [claimed] = await line.store.claim(worker="w", limit=1, now=now, until=now + 9 * SECOND)
    with suppress(MarrowdError):
        await line.handler.handle(claimed)
    await line.store.finish(claimed, now=now)


async def check(server: Server, path: str, answers: Iterable[bytes], ask) -> None:
    server.path = path
    tried = 0
    for answer in answers:
        server.data = answer
        tried += 1
        try:
            await ask(tried)
        except Exception as exc:
            exc.add_note(f"with {answer[:2_000]!r}")
            raise
    assert tried > 30


@pytest.mark.parametrize("resource", KEPT, ids=lambda one: one["resourceType"])
async def test_a_resource_that_is_read_is_read_or_refused(line, server, resource):
    ref = f"{resource['resourceType']}/{resource['id']}"

    async def ask(_number):
        await handle(line, ref, EventKind.FETCH, None)

    await check(server, ref, altered([resource], every=11), ask)


@pytest.mark.parametrize("resource", KEPT, ids=lambda one: one["resourceType"])
async def test_an_event_with_its_resource_is_handled_or_refused(line, resource):
    ref = f"{resource['resourceType']}/{resource['id']}"
    for payload in altered([resource], every=23):
        await handle(line, ref, EventKind.RESOURCE, payload)


async def test_what_is_searched_for_an_event_is_read_or_refused(line, server):
    async def ask(number):
        line.clock.move(SECOND)
        report = mri(version=str(number + 1), day="2026-02-01", presentedForm=[{"url": "Binary/1"}])
        await handle(line, "DiagnosticReport/mri1", EventKind.RESOURCE, written(report))

    await check(server, "/Condition", altered([EVERYTHING], every=61), ask)
    await check(server, "/Binary/1", altered([seeds.ANSWERS[5]], every=7), ask)


async def test_a_sweep_takes_what_is_there_or_says_what_is_wrong(line, server):
    async def ask(_number):
        line.clock.move(SECOND)
        with suppress(MarrowdError):
            await line.sweeper.sweep()

    await check(server, "", altered(seeds.ANSWERS, every=97), ask)
    await check(server, "/Observation", altered([EVERYTHING], every=97), ask)


async def test_one_resource_without_a_sound_id_or_depth_keeps_no_other_from_a_sweep(line, server):
    odd = [level("\ud800"), level("a\0b"), level("x/y"), level("deep", note="@deep@")]
    page = written(bundle(*odd, level("sound")))
    server.path = "/Observation"
    found: set[str] = set()
    for deep in range(1_000, 500, -1):  # the deepest that can be read can hardly be written
        server.data = page.replace(b'"@deep@"', b"[" * deep + b"]" * deep)
        with suppress(MarrowdError):
            await line.sweeper.sweep()
        found = {row.ref for row in await line.store.list_events(state=None, limit=100)}
        if "Observation/sound" in found:
            break

    assert {"Observation/sound", "Observation/deep"} <= found
    assert all(ref.isprintable() for ref in found)


async def test_one_resource_too_deep_to_be_read_keeps_no_other_from_a_sweep(line, server):
    page = bundle(level("deep", note="@deep@"), level("sound"))
    deep = b"[" * 2_000 + b"]" * 2_000
    server.path = "/Observation"
    server.data = written(page).replace(b'"@deep@"', deep)
    server.listed = written(bundle(*({**one["resource"], "note": []} for one in page["entry"])))

    with suppress(MarrowdError):
        await line.sweeper.sweep()

    found = {row.ref for row in await line.store.list_events(state=None, limit=100)}
    assert {"Observation/sound", "Observation/deep"} <= found


async def test_a_report_with_half_a_surrogate_pair_is_read_however_it_is_found(line, server):
    server.path = "/DiagnosticReport"
    server.data = written(
        bundle(mri(text="Marrow edema in the left talus. \ud83e", day="2026-02-20"))
    )

    await line.sweeper.sweep()
    now = line.clock()
    for event in await line.store.claim(worker="w", limit=9, now=now, until=now + 9 * SECOND):
        await line.handler.handle(event)

    fact = await line.fact("DiagnosticReport/mri1")
    assert fact is not None
    assert fact.report is not None
    assert fact.report.pieces[0].reading is not None


async def test_what_a_server_says_of_its_subscriptions_is_heard_or_refused(line, server):
    count = 0

    async def events(_number):
        nonlocal count
        count += 3
        at = line.clock()
        status = SubscriptionStatus(
            subscription="Subscription/1", type=StatusType.EVENT, count=count, numbers=(count,)
        )
        with suppress(MarrowdError):
            await line.listener.hear(status, at=at)
            line.clock.move(6 * SECOND)
            await line.listener.hear(status, at=at, is_again=True)

    async def standing(_number):
        with suppress(MarrowdError):
            await mender._ask("Subscription/1", line.clock())

    mender = Mender(
        line.store,
        line.client,
        line.listener,
        source=SOURCE,
        clock=line.clock,
        request_sweep=lambda: None,
        heartbeat=SECOND,
    )
    told = [
        json.loads(one) for one in seeds.seeds() if b"eventsSince" in one or b"events-since" in one
    ]
    await check(server, "/$events", altered(told, every=97), events)
    await check(server, "/$status", altered(told, every=97), standing)


async def test_subscriptions_of_any_shape_are_listed_put_right_and_removed(line, server):
    async def ask(_number):
        for work in (
            list_subscriptions(line.client, endpoint=ENDPOINT),
            sync_subscriptions(line.client, WANTED, endpoint=ENDPOINT),
            remove_subscriptions(line.client, endpoint=ENDPOINT, looks_after_s=[0]),
        ):
            with suppress(MarrowdError):
                await work

    await check(server, "/Subscription", altered([seeds.ANSWERS[4]], every=11), ask)


async def test_a_statement_of_any_shape_is_one_the_doctor_can_judge(line, server):
    access = Access(
        source=Source(name="hospital", base_url=BASE, notification_secret="a-secret-of-sixteen"),
        client=line.client,
        codes=load_codes(),
        endpoint=ENDPOINT,
        secret=lambda: "a-secret-of-sixteen",
    )

    async def ask(_number):
        assert (await _let_in("source hospital", access)).says

    await check(server, "/metadata", altered([seeds.ANSWERS[3]], every=5), ask)
