"""
The written API and the running one: each documented answer is seen, none is seen that is not.

`BATTERY` below is one request for each documented status; schemathesis then asks at random.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import aiohttp
import jsonschema
import pytest
import schemathesis
import yaml
from aiohttp import ClientResponse, web
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.hook_calls import PATIENT_VIEW, a_call, level, whole_prefetch
from tests.support.listeners import OF_OPS, SECRET, listening
from tests.support.store import HandClock
from tests.support.tokens import ISSUER, claims, jwks, signed

from marrowd.app import running
from marrowd.errors import EhrUnavailable, StoreUnavailable
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Issuer, Rotation, load_settings
from marrowd.web.connections import Runner
from marrowd.web.openapi import openapi_document
from marrowd.web.trust import Trust

FILE = Path(__file__).parents[2] / "openapi/marrowd.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
TEXTS = {"text/plain", "text/html", "application/openmetrics-text"}
METHODS = ("get", "put", "post", "delete")
JSON = {"Content-Type": "application/json"}
KNOWN = {"Authorization": f"Bearer {SECRET}"}
PUBLIC = "https://cds.example.org"
RULES = r"rules \d{4}\.\d+\.\d+\+[0-9a-f]{8}\."  # release and hash, as a card names them
MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)  # when the clock of these tests stands still

SERVICES, SERVICE = "/cds-services", "/cds-services/{id}"
FEEDBACK = "/cds-services/{id}/feedback"
NOTIFICATION, EVENT = "/events/{source}", "/events/{source}/{type}/{resource}"


STALLED = b"stalled"  # stands for a body of which half arrives


async def stalled() -> AsyncIterator[bytes]:
    """Give half a body, and the rest too late."""
    yield b"{"
    await asyncio.sleep(0.2)
    yield b"}"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request and the answer it has."""

    method: str
    path: str
    status: int
    url: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    is_signed: bool = True  # with a JWT where hooks ask for one
    store: str = "up"  # "down": nothing can be read or written; "no keys": of the issuer

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.url}"


def hook_asks() -> Iterator[Ask]:
    """Every answer of discovery, hooks and feedback."""
    yield Ask(method="GET", path=SERVICES, url=SERVICES, status=200)
    yield Ask(method="GET", path=SERVICES, url=SERVICES, status=401, is_signed=False)
    yield Ask(method="GET", path=SERVICES, url=SERVICES, status=503, store="no keys")
    call = a_call(prefetch=whole_prefetch())
    feedback = DOCUMENT["paths"][FEEDBACK]["post"]["requestBody"]["content"]["application/json"]
    told = feedback["examples"]["overridden"]["value"]
    for path, suffix, body in ((SERVICE, "", call), (FEEDBACK, "/feedback", told)):
        url = f"{PATIENT_VIEW}{suffix}"

        def ask(status: int, path=path, url=url, body=body, **changed: Any) -> Ask:
            given = {"method": "POST", "path": path, "url": url, "body": body, "headers": JSON}
            return Ask(status=status, **(given | changed))

        yield ask(200)
        yield ask(400, body=b"{")
        yield ask(401, is_signed=False)
        yield ask(404, url=f"/cds-services/nothing{suffix}")
        yield ask(408, body=STALLED)
        yield ask(413, body=b" " * 1_000_001)
        yield ask(415, headers={"Content-Type": "text/plain"})
        yield ask(422, body={})
        yield ask(503, store="no keys")
    yield Ask(
        method="POST", path=SERVICE, url=PATIENT_VIEW, body=a_call(), headers=JSON, status=412
    )


def event_asks() -> Iterator[Ask]:
    """Every answer of the intake."""
    one = "/events/hospital/Observation/lab1"
    for method in ("PUT", "POST", "DELETE"):

        def ask(status: int, method=method, **changed: Any) -> Ask:
            given = {"method": method, "path": EVENT, "url": one, "headers": KNOWN}
            body = {} if method == "DELETE" else {"body": level()}
            return Ask(status=status, **(given | body | changed))

        yield ask(204)
        yield ask(401, headers={})
        yield ask(404, url="/events/nobody/Observation/lab1")
        yield ask(404, url="/events/hospital/Nothing/lab1")
        yield ask(422, url="/events/hospital/Observation/a~b")
        yield ask(503, store="down")
        if method != "DELETE":
            yield ask(400, body=b"{")
            yield ask(408, body=STALLED)
            yield ask(413, body=b" " * 1_000_001)
    given = {"method": "POST", "path": NOTIFICATION, "url": "/events/hospital", "headers": KNOWN}
    yield Ask(status=204, **given)
    yield Ask(status=400, body=b"{", **given)
    yield Ask(status=408, body=STALLED, **given)
    yield Ask(status=401, **(given | {"headers": {}}))
    yield Ask(status=404, **(given | {"url": "/events/nobody"}))
    yield Ask(status=413, body=b" " * 1_000_001, **given)
    yield Ask(status=422, body={}, **given)
    yield Ask(status=503, store="down", **given)


def other_asks() -> Iterator[Ask]:
    """Every answer of the rest."""
    for path in ("/openapi.yaml", "/", "/livez", "/readyz", "/metrics"):
        yield Ask(method="GET", path=path, url=path, status=200)
    yield Ask(method="GET", path="/readyz", url="/readyz", status=503, store="down")


BATTERY = [*hook_asks(), *event_asks(), *other_asks()]


def documented() -> set[tuple[str, str, str]]:
    return {
        (method, path, status)
        for path, item in DOCUMENT["paths"].items()
        for method in METHODS
        if method in item
        for status in item[method]["responses"]
    }


def schema_of(ask: Ask, content_type: str) -> dict[str, Any] | None:
    """Give the schema of the answer to *ask*, None when it has no body."""
    answer = DOCUMENT["paths"][ask.path][ask.method.lower()]["responses"][str(ask.status)]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content")
    if not content:
        return None
    return {"components": DOCUMENT["components"], **content[content_type]["schema"]}


def trust(parts: dict[str, Any]) -> Trust:
    """One issuer, its keys in a file."""
    path = parts["folder"] / "jwks.json"
    path.write_text(json.dumps(jwks()))
    return Trust(
        [Issuer(iss=ISSUER, source="hospital", jwks_file=str(path))],
        session=parts["session"],
        tokens=parts["store"],
        clock=parts["clock"],
        public_url=lambda: PUBLIC,
        rotation=Rotation(),
    )


async def refuse(*_args: Any, **_options: Any) -> None:
    message = "the store is away"
    raise StoreUnavailable(message)


async def no_keys(*_args: Any, **_options: Any) -> None:
    message = "no keys"
    raise EhrUnavailable(message)


async def answer_to(listeners: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask, with whatever has to be away taken away for the moment."""
    headers = dict(ask.headers)
    if ask.is_signed and ask.path.startswith("/cds-services"):
        token = signed(claims(f"{PUBLIC}{ask.url}", at=int(MARCH.timestamp())))
        headers["Authorization"] = f"Bearer {token}"
    body = ask.body if ask.body is None or isinstance(ask.body, bytes) else json.dumps(ask.body)
    with monkeypatch.context() as patch:
        if ask.body is STALLED:
            patch.setattr("marrowd.web.bodies.ARRIVES_WITHIN_S", 0.05)
            body = stalled()
        if ask.store == "down":
            patch.setattr(listeners.bench.store, "accept", refuse)
            listeners.is_store_up = False
        if ask.store == "no keys":
            patch.setattr("marrowd.web.keys.KeyFile.key", no_keys)
        try:
            return await listeners.ask(ask.method, ask.path, ask.url, data=body, headers=headers)
        finally:
            listeners.is_store_up = True


def test_the_document_is_openapi_3_1():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_the_document_served_is_the_one_in_the_repository():
    assert openapi_document() == FILE.read_bytes()


async def test_the_document_and_the_running_service_have_the_same_routes(tmp_path):
    text = """
        [http]
        port = 0
        ops_port = 0
        [store]
        url = "sqlite:///routes.sqlite3"
        [hooks]
        require_jwt = false
    """
    (tmp_path / "marrowd.toml").write_text(text.replace("routes", f"{tmp_path}/routes"))
    apps: list[web.Application] = []

    class Noting(Runner):
        """Tells which applications are run."""

        def __init__(self, app: web.Application, **options: Any) -> None:
            apps.append(app)
            super().__init__(app, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("marrowd.app.listening.Runner", Noting)
        async with running(load_settings(tmp_path / "marrowd.toml")):
            pass
    ops, public = (set(routes_of(app)) for app in apps)

    for routes, is_ops in ((ops, True), (public, False)):
        written = {(m.upper(), p) for m, p, _ in documented() if (p in OF_OPS) is is_ops}
        assert {(method, nameless(path)) for method, path in written} == routes


def routes_of(app: web.Application) -> Iterator[tuple[str, str]]:
    """Give method and path of every route; those of the three services are one in the document."""
    for route in app.router.routes():
        path = nameless(route.resource.canonical if route.resource is not None else "")
        if route.method != "HEAD":
            yield route.method, re.sub(r"^/cds-services/marrow-[a-z-]+", "/cds-services/{}", path)


def nameless(path: str) -> str:
    """Leave the names of parameters out: they are nobody's business."""
    return re.sub(r"{[^}]*}", "{}", path)


async def test_every_documented_answer_is_seen_and_no_other(tmp_path, monkeypatch):
    async with listening(tmp_path, trust=trust) as listeners:
        listeners.bench.current = False  # so that a call without data lacks it
        for ask in BATTERY:
            answer = await answer_to(listeners, ask, monkeypatch)
            text = await answer.text()
            assert answer.status == ask.status, f"{ask}: {text[:300]}"
            schema = schema_of(ask, answer.content_type) if ask.status != 204 else None
            if schema is not None:
                is_text = answer.content_type in TEXTS
                jsonschema.validate(text if is_text else yaml.safe_load(text), schema)

        assert listeners.seen == documented()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Callable[..., Awaitable[ClientResponse]]]:
    """Run the service as its own composition root does, and give what asks it."""
    text = f"""
        [http]
        port = 0
        ops_port = 0
        [store]
        url = "sqlite:///{folder}/examples.sqlite3"
        [hooks]
        require_jwt = false
        [[sources]]
        name = "hospital"
        base_url = "http://127.0.0.1:1/fhir"
        subscribe = "none"
        notification_secret = "{SECRET}"
    """
    (folder / "marrowd.toml").write_text(text)
    settings = load_settings(folder / "marrowd.toml")
    async with (
        running(settings, clock=HandClock(MARCH)) as service,
        aiohttp.ClientSession() as session,
    ):

        async def ask(method: str, path: str, body: Any = None) -> ClientResponse:
            port = service.ops_port if path in OF_OPS else service.port
            url = f"http://127.0.0.1:{port}{path}"
            return await session.request(method, url, json=body, headers=KNOWN)

        yield ask


def examples(method: str, path: str, status: int | None = None) -> dict[str, Any]:
    """Give the examples of an operation's answer, or of its request, by name."""
    part = DOCUMENT["paths"][path][method]
    part = part["requestBody"] if status is None else part["responses"][str(status)]
    [content] = part["content"].values()
    return {name: example["value"] for name, example in content["examples"].items()}


def by_these_rules(value: Any) -> Any:
    """Put the rules in force where the document names those it was written with."""
    text, count = re.subn(RULES, f"rules {RULES_VERSION}.", json.dumps(value))
    assert count == 1
    return json.loads(text)


async def test_the_examples_of_answers_are_what_the_service_says(tmp_path):
    [call] = examples("post", SERVICE).values()
    nothing = call | {"prefetch": {"vitaminD": None, "reports": None}}
    without = {key: value for key, value in call.items() if key != "prefetch"}
    [listed] = examples("get", SERVICES, 200).values()
    [lacking] = examples("post", SERVICE, 412).values()
    said = examples("post", SERVICE, 200)
    async with serving(tmp_path) as ask:
        assert by_these_rules(said["card"]) == await (await ask("POST", PATIENT_VIEW, call)).json()
        assert said["nothing"] == await (await ask("POST", PATIENT_VIEW, nothing)).json()
        assert lacking == json.loads(await (await ask("POST", PATIENT_VIEW, without)).text())
        assert listed == await (await ask("GET", SERVICES)).json()
        for path in ("/livez", "/readyz"):
            [told] = examples("get", path, 200).values()
            assert told == await (await ask("GET", path)).json()


async def test_the_examples_of_requests_are_taken(tmp_path):
    [feedback] = examples("post", FEEDBACK).values()
    async with serving(tmp_path) as ask:
        assert (await ask("POST", f"{PATIENT_VIEW}/feedback", feedback)).status == 200
        for method in ("put", "post"):
            [level] = examples(method, EVENT).values()
            assert (await ask(method, "/events/hospital/Observation/lab1", level)).status == 204


def test_every_example_is_compared():
    """An example added to the document is one to compare as well."""
    text = FILE.read_text(encoding="utf-8")

    assert text.count(" examples:") == 9


# Of schemathesis's checks: what a random request may show. Whether a random body that is wrong by
# the document was refused is another matter: the service takes more than it asks for.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@contextmanager
def listening_elsewhere(folder: Path) -> Iterator[Mapping[bool, str]]:
    """Run both listeners in a thread of their own; give their addresses by "is it the ops one"."""
    addresses: Queue[Mapping[bool, str]] = Queue()
    ended = Event()

    async def serve() -> None:
        async with listening(folder) as listeners:
            addresses.put(
                {
                    False: str(listeners.public.make_url("")).rstrip("/"),
                    True: str(listeners.ops.make_url("")).rstrip("/"),
                }
            )
            await asyncio.to_thread(ended.wait)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield addresses.get(timeout=30)
    finally:
        ended.set()
        thread.join()


def test_random_requests_are_answered_as_documented(tmp_path):
    """One pair of listeners for all; each operation by its examples and at random."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    with listening_elsewhere(tmp_path) as addresses:
        for result in schema.get_all_operations():
            operation = result.ok()
            is_ops = operation.path in OF_OPS
            ask_at_random(operation, addresses[is_ops])


def ask_at_random(operation: Any, address: str) -> None:
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        case.call_and_validate(base_url=address, headers=KNOWN, checks=CHECKS)

    check()
