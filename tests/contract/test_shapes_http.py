"""
Whatever a caller sends in whichever member, the answer is a refusal or what was asked for: no 500.

The listeners are the real ones, over a real store that is as strict with text as PostgreSQL is: a
NUL or half a surrogate pair in a key it does not take.
"""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from typing import Any

import pytest
from tests.fuzz import seeds
from tests.support.answered import Answered
from tests.support.hook_calls import PATIENT_VIEW, a_call, bundle, hooks_running, level, mri
from tests.support.listeners import SECRET, Listeners, listening
from tests.support.resources import pain, request, study
from tests.support.shapes import altered

from marrowd.store.open import SqlStore

IN_TRUST = {"Authorization": f"Bearer {SECRET}"}
FHIR = {"Content-Type": "application/fhir+json"} | IN_TRUST
JSON = {"Content-Type": "application/json"}
# Just around what Python's own decoder lets through, and what orjson does.
EDGES = ["[" * deep + "]" * deep for deep in (240, 260, *range(840, 1_000, 8), 1_020, 1_030)]


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    def strict(whole):
        async def as_postgresql(store, given, **more):
            for one in given:
                values = one if isinstance(one, tuple) else asdict(one).values()
                assert not any("\0" in text for text in values if isinstance(text, str))
            return await whole(store, given, **more)

        return as_postgresql

    for name in ("accept", "add_feedback", "add_audit"):
        monkeypatch.setattr(SqlStore, name, strict(getattr(SqlStore, name)))


@pytest.fixture
async def listeners(tmp_path) -> AsyncIterator[Listeners]:
    async with listening(tmp_path) as listeners:
        yield listeners


async def check(
    listeners: Listeners, method: str, url: str, bodies: Iterable[bytes], headers: dict[str, str]
) -> set[int]:
    """Give the statuses of all answers."""
    seen = set()
    for body in bodies:
        async with listeners.public.request(method, url, data=body, headers=headers) as answer:
            assert answer.status < 500, (answer.status, await answer.text(), body[:2_000])
            seen.add(answer.status)
    return seen


def notifications() -> list[Any]:
    recorded = [json.loads(seed) for seed in seeds.seeds() if b'"Bundle"' in seed[:4_000]]
    return [one for one in recorded if one.get("resourceType") == "Bundle"]


async def test_no_member_of_a_notification_is_a_500(listeners):
    url = "/events/hospital"
    assert await check(listeners, "POST", url, altered(notifications(), every=47), FHIR) >= {
        *(204, 400, 422)
    }
    edges = altered(notifications(), EDGES, every=97)
    assert 422 in await check(listeners, "POST", url, edges, FHIR)


@pytest.mark.parametrize("resource", [level(), mri()], ids=lambda one: one["resourceType"])
async def test_no_member_of_a_resource_is_a_500(listeners, resource):
    url = f"/events/hospital/{resource['resourceType']}/{resource['id']}"

    assert await check(listeners, "PUT", url, altered([resource], every=5), FHIR) == {204, 400, 422}


@pytest.mark.parametrize("number", range(3), ids=[call["hook"] for call in seeds.CALLS])
async def test_no_member_of_a_call_is_a_500(listeners, number):
    call = seeds.CALLS[number]
    url = f"/cds-services/marrow-vitamin-d-{call['hook']}"
    call = {name: value for name, value in call.items() if name != "fhirAuthorization"}

    assert await check(listeners, "POST", url, altered([call], every=29), JSON) >= {200, 400, 422}
    assert 200 in await check(listeners, "POST", url, altered([call], EDGES, every=97), JSON)


async def test_no_member_of_feedback_is_a_500(listeners):
    url = f"{PATIENT_VIEW}/feedback"

    assert await check(listeners, "POST", url, altered([seeds.FEEDBACK], every=2), JSON) == {
        *(200, 400, 422)
    }


async def test_no_answer_of_the_server_that_a_call_names_is_a_500(tmp_path):
    resources = (level(), mri(), study(), pain(), request())
    call = {name: value for name, value in seeds.CALLS[0].items() if name != "prefetch"}
    session, seen = Answered(b""), set()
    async with hooks_running(tmp_path, base_url=call["fhirServer"], session=session) as bench:
        bench.current = False  # the store is not to be relied on
        for answer in altered([bundle(*resources)], every=23):
            session.data = answer
            async with bench.client.post(PATIENT_VIEW, json=call) as answered:
                assert answered.status < 500, (await answered.text(), answer[:2_000])
                seen.add(answered.status)

    assert seen == {200, 412}


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-ff"},
        {"traceparent": "\u2028"},
        {"X-Request-ID": "\u2028"},
        {"Origin": "\u2028"},
        {"Authorization": "Bearer \u2028.\u2028.\u2028"},
        {"Content-Type": "application/json; charset=\u2028"},
        {"Content-Encoding": "\u2028"},
    ],
    ids=lambda one: next(iter(one)),
)
@pytest.mark.parametrize("url", [PATIENT_VIEW, f"{PATIENT_VIEW}/feedback", "/events/hospital"])
async def test_no_header_is_a_500(listeners, url, headers):
    assert await check(listeners, "POST", url, [json.dumps(a_call()).encode()], JSON | headers)
