"""A span for each call that has a place here; nothing of what a caller may have written."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from marrowd.telemetry.tracing import Span, Tracer, traceparent
from marrowd.web.answers import answering, refusal
from marrowd.web.tracing import traced

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EVENT = "/events/{source}/{type}/{id}"


class Remembering(Tracer):
    """Remembers what was begun, from whom, and what was told."""

    def __init__(self):
        self.begun = []

    def begin(self, name, *, parent=None, links=()):  # noqa: ARG002 - calls link nothing
        told = {}
        self.begun.append((name, parent, told))
        return Remembered(told)


class Remembered(Span):
    def __init__(self, told):
        self._told = told

    def tell(self, what, value):
        self._told[what] = value

    def fail(self, error):
        self._told["failed"] = error


@pytest.fixture
def tracer():
    return Remembering()


@pytest.fixture
async def client(tracer):
    async def answer(_request):
        return web.Response(text=traceparent() or "none")

    async def refuse(_request):
        raise refusal(503, "the store cannot be reached")

    app = web.Application(middlewares=[traced(tracer), answering])
    app.router.add_put(EVENT, answer)
    app.router.add_post("/cds-services/one", refuse)
    app.router.add_get("/cds-services", answer)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_notification_is_told_by_its_route(client, tracer):
    async with client.put(
        "/events/hospital/Observation/Jane-Doe?name=Doe", headers={"traceparent": TRACEPARENT}
    ):
        pass

    assert tracer.begun == [
        (
            "notification",
            TRACEPARENT,
            {
                "http.request.method": "PUT",
                "http.route": EVENT,
                "http.response.status_code": 200,
            },
        )
    ]


async def test_a_refusal_is_told_as_it_was_answered(client, tracer):
    async with client.post("/cds-services/one") as answer:
        assert answer.status == 503

    [(name, parent, told)] = tracer.begun
    assert (name, parent) == ("hook", None)
    assert (told["http.response.status_code"], told["failed"]) == (503, "503")


async def test_two_parents_are_none(client, tracer):
    async with client.put(
        "/events/hospital/Observation/1",
        headers=[("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)],
    ):
        pass

    assert [parent for _, parent, _ in tracer.begun] == [None]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cds-services"),
        ("GET", "/events/hospital/Observation/Jane-Doe"),
        ("JANEDOE", "/events/hospital/Observation/1"),
        ("PUT", "/Jane-Doe"),
    ],
    ids=["discovery", "other-method", "made-up-method", "no-such-path"],
)
async def test_what_has_no_place_here_has_no_span(client, tracer, method, path):
    async with client.request(method, path, headers={"traceparent": TRACEPARENT}):
        pass

    assert tracer.begun == []
