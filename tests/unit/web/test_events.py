"""The intake: what it refuses and why, and that 204 means durable."""

import asyncio
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from marrowd.errors import StoreUnavailable
from marrowd.store.open import open_store
from marrowd.store.protocols import EventKind, EventState
from marrowd.telemetry.metrics import Metrics
from marrowd.web.answers import answering
from marrowd.web.events import Intake

SECRET = "the-right-secret-of-hapi"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
AUTH = {"Authorization": f"Bearer {SECRET}"}
NOTIFICATIONS = Path(__file__).parents[2] / "data" / "notifications"


class Rig:
    """A public listener over a real SQLite store."""

    def __init__(self, client, store, metrics, woken):
        self.client, self.store, self.metrics, self.woken = client, store, metrics, woken

    async def send(self, method, path, body=None, headers=AUTH):
        data = json.dumps(body) if isinstance(body, dict | list) else body
        async with self.client.request(method, path, data=data, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers

    async def rows(self):
        return await self.store.list_events(state=None, limit=100)

    def count(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"marrowd_{name}", labels)


def make_app(store, metrics, woken):
    app = web.Application(middlewares=[answering], client_max_size=20_000)
    Intake(
        inbox=store,
        secrets_of={"hapi": ("old-secret-of-hapi", SECRET)}.get,
        metrics=metrics,
        wake=lambda: woken.append(1),
        clock=lambda: NOW,
    ).add_routes(app)
    return app


@pytest.fixture
async def rig(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    await store.open()
    metrics, woken = Metrics(CollectorRegistry(), sources=["hapi"]), []
    async with TestClient(TestServer(make_app(store, metrics, woken))) as client:
        yield Rig(client, store, metrics, woken)
    await store.close()


def observation(**changes):
    return {"resourceType": "Observation", "id": "1", "status": "final", **changes}


async def test_a_resource_is_durable_before_204(rig):
    status, text, _ = await rig.send("PUT", "/events/hapi/Observation/1", observation())

    (row,) = await rig.rows()
    assert (status, text) == (204, "")
    assert (row.kind, row.ref, row.state) == (EventKind.RESOURCE, "Observation/1", EventState.READY)
    assert rig.woken
    assert rig.count("events_received_total", source="hapi", resource="Observation") == 1
    assert rig.count("source_last_event_timestamp_seconds", source="hapi") == NOW.timestamp()


async def test_the_payload_is_kept_as_it_came(rig):
    body = '{"id":"1", "resourceType":"Observation","valueQuantity":{"value":18.00}}'
    await rig.send("PUT", "/events/hapi/Observation/1", body)

    (row,) = await rig.rows()
    assert (await rig.store.show_event(row.id))[1] == body.encode()


@pytest.mark.parametrize("padding", ["", " " * 10_000], ids=["small", "larger"])
@pytest.mark.parametrize("number", ["1e999", "1" * 400])
async def test_a_number_that_no_double_can_hold_is_kept_as_it_came(rig, number, padding):
    """What cannot be read of it is said by the verdict, as `screen` says it of a file."""
    lab = f'{{"resourceType":"Observation","id":"1","valueQuantity":{{"value":{number}}}{padding}}}'
    bundle = f'{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{lab}}}]}}'

    one, _, _ = await rig.send("PUT", "/events/hapi/Observation/1", lab)
    several, _, _ = await rig.send("POST", "/events/hapi", bundle)

    assert (one, several) == (204, 204)
    for row in await rig.rows():
        _, payload = await rig.store.show_event(row.id)
        assert f'"value":{number}'.encode() in payload


async def test_one_version_delivered_twice_is_one_event(rig):
    for _ in range(2):
        await rig.send("PUT", "/events/hapi/Observation/1", observation())

    assert len(await rig.rows()) == 1
    assert rig.count("events_ignored_total", reason="duplicate") == 1


async def test_a_second_version_is_a_second_event(rig):
    for status in ("final", "amended"):
        await rig.send("PUT", "/events/hapi/Observation/1", observation(status=status))

    assert len(await rig.rows()) == 2


async def test_the_old_secret_still_opens_while_rotating(rig):
    headers = {"Authorization": "Bearer old-secret-of-hapi"}

    assert (await rig.send("POST", "/events/hapi", b"", headers))[0] == 204


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer wrong"}, id="wrong"),
        pytest.param({"Authorization": f"Basic {SECRET}"}, id="other scheme"),
        pytest.param({"Authorization": SECRET}, id="no scheme"),
    ],
)
async def test_without_the_secret_nothing_is_taken(rig, headers):
    with structlog.testing.capture_logs() as logs:
        status, text, told = await rig.send(
            "PUT", "/events/hapi/Observation/1", observation(), headers
        )

    assert status == 401
    assert told["WWW-Authenticate"] == "Bearer"
    assert [(one["event"], one["source"]) for one in logs] == [("notification_not_trusted", "hapi")]
    assert SECRET not in str(logs)
    assert json.loads(text)["resourceType"] == "OperationOutcome"
    assert not await rig.rows()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/events/nobody/Observation/1", observation(), 404, id="unknown source"),
        pytest.param("/events/hapi/Foo/1", {"resourceType": "Foo"}, 404, id="no R4 type"),
        pytest.param("/events/hapi/Observation/1", "{", 400, id="not JSON"),
        pytest.param("/events/hapi/Observation/1", '{"a": NaN}', 400, id="NaN"),
        pytest.param("/events/hapi/Observation/1", "[" * 10_000, 400, id="deep"),
        pytest.param("/events/hapi/Observation/1", b"\xff\xfe", 400, id="not UTF-8"),
        pytest.param("/events/hapi/Observation/1", [], 422, id="no object"),
        pytest.param("/events/hapi/Observation/1", {"id": "1"}, 422, id="no resourceType"),
        pytest.param("/events/hapi/Observation/1", observation(resourceType="ImagingStudy"), 422,
                     id="another type"),
        pytest.param("/events/hapi/Observation/1", observation(id="2"), 422, id="another id"),
        pytest.param("/events/hapi/Observation/1", observation(id=1), 422, id="id is a number"),
        pytest.param("/events/hapi/Observation/a_b", observation(id="a_b"), 422, id="no FHIR id"),
        pytest.param("/events/hapi/Observation/1", "x" * 30_000, 413, id="too large"),
        pytest.param("/events/hapi", observation(), 422, id="no Bundle"),
        pytest.param("/events/hapi", {"resourceType": "Bundle", "type": "document"}, 422,
                     id="Bundle of no use"),
        pytest.param("/events/hapi", {"resourceType": "Bundle", "type": "history"}, 422,
                     id="history without status"),
    ],
)  # fmt: skip
async def test_what_can_never_be_used_is_refused_with_its_place(rig, path, body, status):
    method = "PUT" if path.count("/") > 2 else "POST"
    answered, text, _ = await rig.send(method, path, body)

    assert answered == status
    assert json.loads(text)["issue"][0]["diagnostics"]
    assert not await rig.rows()


async def test_a_type_that_is_not_used_is_let_go_and_counted(rig):
    status, _, _ = await rig.send("PUT", "/events/hapi/Encounter/1", {"resourceType": "Encounter"})

    assert status == 204
    assert not await rig.rows()
    assert rig.count("events_ignored_total", reason="type") == 1


async def test_a_body_that_is_too_large_is_told_the_key_that_says_so(rig):
    _, text, _ = await rig.send("PUT", "/events/hapi/Observation/1", "x" * 30_000)

    assert "http.max_body" in json.loads(text)["issue"][0]["diagnostics"]


async def test_a_zip_bomb_is_too_large(rig):
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {**AUTH, "Content-Encoding": "gzip"}

    assert (await rig.send("PUT", "/events/hapi/Observation/1", bomb, headers))[0] == 413


async def test_a_delete_asks_the_worker_to_look(rig):
    for _ in range(2):
        assert (await rig.send("DELETE", "/events/hapi/Observation/1"))[0] == 204

    rows = await rig.rows()
    assert [r.kind for r in rows] == [EventKind.DELETED, EventKind.DELETED]


async def test_an_empty_post_is_a_ping(rig):
    assert (await rig.send("POST", "/events/hapi", b""))[0] == 204

    assert [r.kind for r in await rig.rows()] == [EventKind.PING]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("r4-topic-full-resource", [(EventKind.RESOURCE, "Observation/")]),
        ("r4-topic-id-only", [(EventKind.FETCH, "Observation/")]),
        ("r4-topic-empty", [(EventKind.PING, "")]),
        ("r5-topic-full-resource", [(EventKind.RESOURCE, "Observation/")]),
        ("r5-topic-id-only", [(EventKind.FETCH, "Observation/")]),
        ("r5-topic-empty", [(EventKind.PING, "")]),
    ],
)
async def test_a_captured_notification_becomes_its_events(rig, name, expected):
    captured = json.loads((NOTIFICATIONS / f"{name}.json").read_text())
    body = captured["received"]["body"]

    assert (await rig.send("POST", "/events/hapi", body))[0] == 204
    *rows, told = await rig.rows()
    assert [(r.kind, r.ref[: len(ref)]) for r, (_, ref) in zip(rows, expected, strict=True)] == (
        expected
    )
    status = json.loads((await rig.store.show_event(told.id))[1])
    assert (told.kind, told.ref) == (EventKind.STATUS, status["subscription"])
    assert status["type"] == "event-notification"
    assert status["numbers"] == [status["count"]]


def topic_bundle(kind, *, count=0, events=(), resources=()):
    """A notification of the R4B form."""
    status = {
        "resourceType": "SubscriptionStatus",
        "status": "active",
        "type": kind,
        "eventsSinceSubscriptionStart": count,
        "notificationEvent": list(events),
        "subscription": {"reference": "https://fhir.example.org/r4/Subscription/9"},
    }
    entries = [{"resource": status}, *({"resource": r} for r in resources)]
    return {"resourceType": "Bundle", "type": "history", "entry": entries}


@pytest.mark.parametrize("kind", ["handshake", "heartbeat", "query-status"])
async def test_what_brings_no_event_is_only_counted(rig, kind):
    assert (await rig.send("POST", "/events/hapi", topic_bundle(kind, count="3")))[0] == 204

    assert [(r.kind, r.ref) for r in await rig.rows()] == [(EventKind.STATUS, "Subscription/9")]
    assert rig.count("source_last_event_timestamp_seconds", source="hapi") is None
    assert rig.count("events_received_total", source="hapi", resource="other") == 0


async def test_several_events_in_one_are_each_taken(rig):
    events = [
        {"eventNumber": number, "focus": {"reference": reference}}
        for number, reference in (
            (4, "Observation/1"),
            ("5", "https://fhir.example.org/r4/DiagnosticReport/2/_history/3"),
            (6, "Encounter/3"),
        )
    ]
    bundle = topic_bundle(
        "event-notification", count=6, events=events, resources=[observation(id="1")]
    )
    assert (await rig.send("POST", "/events/hapi", bundle))[0] == 204

    *rows, told = await rig.rows()
    assert [(r.kind, r.ref) for r in rows] == [
        (EventKind.RESOURCE, "Observation/1"),
        (EventKind.FETCH, "DiagnosticReport/2"),
    ]
    assert json.loads((await rig.store.show_event(told.id))[1])["numbers"] == [4, 5, 6]
    assert rig.count("events_ignored_total", reason="type") == 1


@pytest.mark.parametrize("count", ["many", -1, True, [], {}, "9" * 30, "\u0663", None])
async def test_a_counter_that_is_none_is_not_counted(rig, count):
    bundle = topic_bundle("event-notification", count=count, resources=[observation()])

    assert (await rig.send("POST", "/events/hapi", bundle))[0] == 204
    *_, told = await rig.rows()
    assert json.loads((await rig.store.show_event(told.id))[1])["count"] is None


async def test_a_transaction_brings_an_event_for_each_resource_with_numbers_as_written(rig):
    body = (
        '{"resourceType":"Bundle","type":"transaction","entry":['
        '{"resource":{"resourceType":"Observation","id":"1","valueQuantity":{"value":18.00}}},'
        '{"resource":{"resourceType":"Encounter","id":"p"}},'
        '{"resource":{"resourceType":"ImagingStudy","id":"2"}}]}'
    )

    assert (await rig.send("POST", "/events/hapi", body))[0] == 204
    rows = await rig.rows()
    assert sorted(r.ref for r in rows) == ["ImagingStudy/2", "Observation/1"]
    payloads = [(await rig.store.show_event(r.id))[1] for r in rows]
    assert any(b"18.00" in p for p in payloads)


async def test_a_deletion_in_a_transaction_asks_the_worker_to_look(rig):
    entries = [
        {"request": {"method": "DELETE", "url": "Observation/1"}},
        {"request": {"method": "DELETE", "url": "https://fhir.example.org/r4/Encounter/2"}},
        {"request": {"method": "GET", "url": "Observation/3"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    assert (await rig.send("POST", "/events/hapi", bundle))[0] == 204
    assert [(r.kind, r.ref) for r in await rig.rows()] == [(EventKind.DELETED, "Observation/1")]
    assert rig.count("events_ignored_total", reason="type") == 1


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        pytest.param("x", "Bundle.entry", id="no list"),
        pytest.param(None, "Bundle.entry", id="null"),
        pytest.param(["x"], "Bundle.entry[1]", id="no object"),
        pytest.param([{"resource": "x"}], "Bundle.entry[1].resource", id="resource is a text"),
        pytest.param([{"resource": {"id": "2"}}], "Bundle.entry[1].resource", id="no type"),
    ],
)
async def test_a_transaction_with_an_entry_that_cannot_be_read_is_not_taken(rig, entry, place):
    entries = [{"resource": observation()}, *entry] if isinstance(entry, list) else entry
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    status, text, _ = await rig.send("POST", "/events/hapi", bundle)

    assert status == 422
    assert json.loads(text)["issue"][0]["diagnostics"].startswith(f"{place}: ")
    assert await rig.rows() == []


async def test_a_store_that_is_down_is_503_and_says_when_to_retry():
    class Down:
        async def accept(self, _events):
            message = "down"
            raise StoreUnavailable(message)

    app = make_app(Down(), Metrics(CollectorRegistry(), sources=["hapi"]), [])
    async with TestClient(TestServer(app)) as client:
        answer = await client.put(
            "/events/hapi/Observation/1", data=json.dumps(observation()), headers=AUTH
        )

        assert answer.status == 503
        assert answer.headers["Retry-After"]


async def test_a_hundred_at_once_are_all_kept(rig):
    async def send(i):
        body = observation(id=str(i))
        return (await rig.send("PUT", f"/events/hapi/Observation/{i}", body))[0]

    assert set(await asyncio.gather(*(send(i) for i in range(100)))) == {204}
    assert len(await rig.rows()) == 100


async def test_an_unknown_path_and_method_are_refused_in_kind(rig):
    status, text, _ = await rig.send("GET", "/events/hapi/Observation/1")
    assert status == 405
    assert json.loads(text)["resourceType"] == "OperationOutcome"
    status, _, _ = await rig.send("GET", "/nothing")
    assert status == 404


async def test_a_request_id_is_kept_when_safe_and_made_when_not(rig):
    _, _, headers = await rig.send("POST", "/events/hapi", b"", {**AUTH, "X-Request-ID": "abc-1"})
    assert headers["X-Request-ID"] == "abc-1"
    _, _, headers = await rig.send("POST", "/events/hapi", b"", {**AUTH, "X-Request-ID": "a b;"})
    assert headers["X-Request-ID"] != "a b;"
