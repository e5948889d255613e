"""Transport and JSON: discovery, methods, media types, sizes, broken bodies; never a 500."""

import asyncio
import gzip
import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.contract.test_card_schema import SCHEMA
from tests.support.hook_calls import (
    ENCOUNTER_START,
    ORDER_SIGN,
    PATIENT_VIEW,
    a_call,
    bundle,
    hooks_running,
    level,
    whole_prefetch,
)

from marrowd.cds.services import PrefetchKey

SERVICES = {
    "patient-view": PATIENT_VIEW,
    "order-sign": ORDER_SIGN,
    "encounter-start": ENCOUNTER_START,
}


def is_valid(message, kind):
    return Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}).is_valid(message)


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path) as running:
        yield running


async def outcome_of(answer):
    body = json.loads(await answer.text())
    assert body["resourceType"] == "OperationOutcome"
    assert answer.content_type == "application/fhir+json"
    [issue] = body["issue"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"]
    return issue


async def test_discovery_is_json_by_the_schema(bench):
    answer = await bench.client.get("/cds-services")

    assert answer.status == 200
    assert answer.content_type == "application/json"
    document = await answer.json()
    assert is_valid(document, "discovery")
    for service in document["services"]:
        assert set(service["prefetch"]) == set(PrefetchKey)


async def test_each_service_has_its_own_id_and_hook(bench):
    services = (await (await bench.client.get("/cds-services")).json())["services"]

    assert {s["hook"]: f"/cds-services/{s['id']}" for s in services} == SERVICES


@pytest.mark.parametrize("hook", SERVICES)
async def test_an_answer_is_json_by_the_schema_without_empty_members(bench, hook):
    answer = await bench.post(SERVICES[hook], a_call(hook, prefetch=whole_prefetch()))

    assert answer.status == 200
    assert answer.content_type == "application/json"
    body = await answer.json()
    assert is_valid(body, "response")
    assert not list(empty_members(body["cards"]))


def empty_members(value):
    if value in (None, "", [], {}):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list) or inner in (None, ""):
            yield from empty_members(inner) if inner else [inner]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/cds-services", "GET,HEAD"),
        ("GET", PATIENT_VIEW, "POST"),
        ("PUT", PATIENT_VIEW, "POST"),
        ("DELETE", f"{PATIENT_VIEW}/feedback", "POST"),
    ],
)
async def test_another_method_is_405_naming_those_allowed(bench, method, path, allow):
    answer = await bench.client.request(method, path)

    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    await outcome_of(answer)


@pytest.mark.parametrize("path", ["/cds-services/other", "/cds-service", "/cds-services/a/b/c"])
async def test_an_unknown_path_is_404(bench, path):
    answer = await bench.post(path, a_call())

    assert answer.status == 404
    await outcome_of(answer)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/html",
        "application/xml",
        "multipart/form-data",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "json",
    ],
)
async def test_a_body_that_is_not_json_by_its_type_is_415(bench, kind):
    headers = {"Content-Type": kind}

    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()), headers=headers)

    assert answer.status == 415
    await outcome_of(answer)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=UTF-8", "application/fhir+json"]
)
async def test_json_by_its_type_is_read(bench, kind):
    headers = {"Content-Type": kind}

    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()), headers=headers)

    assert answer.status == 200


async def test_gzip_is_read(bench):
    body = gzip.compress(json.dumps(a_call(prefetch=whole_prefetch())).encode())

    answer = await bench.post(PATIENT_VIEW, body, headers={"Content-Encoding": "gzip"})

    assert answer.status == 200


async def test_a_coding_nobody_knows_is_415(bench):
    answer = await bench.post(PATIENT_VIEW, b"x", headers={"Content-Encoding": "brotli-ish"})

    assert answer.status == 415


async def test_a_gzip_bomb_is_413(bench):
    bomb = gzip.compress(b" " * 50_000_000)

    answer = await bench.post(PATIENT_VIEW, bomb, headers={"Content-Encoding": "gzip"})

    assert answer.status == 413
    await outcome_of(answer)


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}")[:-10], zlib.compress(b"{}") + b"x"],
    ids=["none", "cut short", "more behind it"],
)
async def test_broken_gzip_is_4xx(bench, body):
    answer = await bench.post(PATIENT_VIEW, body, headers={"Content-Encoding": "gzip"})

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("size", [1_000_001, 50_000_000])
async def test_a_body_beyond_the_limit_is_413(bench, size):
    answer = await bench.post(PATIENT_VIEW, b" " * size)

    assert answer.status == 413
    await outcome_of(answer)


NOT_JSON = {
    "empty": b"",
    "blank": b"  ",
    "cut short": b'{"hook": "patient-view"',
    "trailing comma": b'{"hook": "patient-view",}',
    "comment": b'{"hook": "patient-view" /* x */}',
    "NaN": b'{"hook": NaN}',
    "Infinity": b'{"hook": -Infinity}',
    "no UTF-8": b'{"hook": "\xff"}',
    "lone surrogate": b'{"hook": "\\ud800"}',
    "a raw surrogate": b'{"hook": "\xed\xa0\x80"}',
    "10,000 deep": b"[" * 10_000 + b"]" * 10_000,
    "100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "two documents": b"{}{}",
    "byte-order mark": b"\xef\xbb\xbf{}",
    "control character": b'{"hook": "a\x00b"}',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_not_json_is_400(bench, body):
    answer = await bench.post(PATIENT_VIEW, body)

    assert answer.status == 400
    await outcome_of(answer)


@pytest.mark.parametrize("path", [*SERVICES.values(), f"{PATIENT_VIEW}/feedback"])
@pytest.mark.parametrize("body", [b"null", b"1", b'"text"', b"[]", b"true", b"{}"])
async def test_json_that_is_no_request_is_422(bench, path, body):
    answer = await bench.post(path, body)

    assert answer.status == 422
    await outcome_of(answer)


async def test_a_name_given_twice_is_400(bench):
    body = json.dumps(a_call(prefetch=whole_prefetch()))

    answer = await bench.post(PATIENT_VIEW, body.replace("{", '{"hook": "x", ', 1).encode())
    inside = await bench.post(
        PATIENT_VIEW, body.replace('"status": "final"', '"status": "a", "status": "final"').encode()
    )

    assert answer.status == 400
    assert inside.status == 400


async def test_nesting_that_json_bears_and_the_stack_does_not_is_4xx(bench):
    deep = "[" * 1_000 + "]" * 1_000
    body = json.dumps(a_call(prefetch=whole_prefetch(extra="DEEP"))).replace('"DEEP"', deep)

    answer = await bench.post(PATIENT_VIEW, body.encode())

    assert 400 <= answer.status < 500


WRONG = [None, "", 0, 1.5, True, [], {}, "text", [1], {"a": 1}]
MEMBERS = {
    "hook": [*WRONG, "order-select"],
    "hookInstance": [*WRONG, "not-a-uuid"],
    "context": [*WRONG[:-1], {"userId": "Practitioner/1"}],
    "fhirServer": [*WRONG, "ftp://x", "http://", "http://[", "https://a b"],
    "fhirAuthorization": WRONG,
    "prefetch": [v for v in WRONG if not isinstance(v, dict)],
}


@pytest.mark.parametrize(
    ("member", "value"), [(m, v) for m, values in MEMBERS.items() for v in values], ids=repr
)
async def test_a_member_of_the_wrong_kind_is_422_naming_it(bench, member, value):
    call = a_call(prefetch=whole_prefetch()) | {member: value}

    answer = await bench.post(PATIENT_VIEW, call)

    assert answer.status == 422
    said = (await outcome_of(answer))["diagnostics"]
    assert member in said or (member == "fhirAuthorization" and "fhirServer" in said)


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
async def test_a_required_member_that_is_missing_is_422(bench, member):
    call = a_call(prefetch=whole_prefetch())
    del call[member]

    answer = await bench.post(PATIENT_VIEW, call)

    assert answer.status == 422
    assert member in (await outcome_of(answer))["diagnostics"]


REQUIRED = {
    "patient-view": ["userId", "patientId"],
    "encounter-start": ["userId", "patientId", "encounterId"],
    "order-sign": ["userId", "patientId", "draftOrders"],
}


@pytest.mark.parametrize(("hook", "member"), [(h, m) for h, ms in REQUIRED.items() for m in ms])
@pytest.mark.parametrize("value", ["absent", None, 1, "", [], {}])
async def test_context_members_that_a_hook_requires_are_asked_for(bench, hook, member, value):
    call = a_call(hook, prefetch=whole_prefetch())
    if value == "absent":
        del call["context"][member]
    else:
        call["context"][member] = value

    answer = await bench.post(SERVICES[hook], call)

    assert answer.status == 422
    assert f"context.{member}" in (await outcome_of(answer))["diagnostics"]


async def test_another_hook_than_the_services_is_422(bench):
    answer = await bench.post(PATIENT_VIEW, a_call("encounter-start"))

    assert answer.status == 422


async def test_extensions_and_unknown_members_are_let_go(bench):
    call = a_call(
        prefetch=whole_prefetch(), extension={"org.example": {"a": 1}}, somethingNew=[1, 2]
    )

    assert len(await bench.cards(PATIENT_VIEW, call)) == 1


async def test_a_request_id_comes_back(bench):
    answer = await bench.post(PATIENT_VIEW, a_call(), headers={"X-Request-ID": "abc-123"})

    assert answer.headers["X-Request-ID"] == "abc-123"
    assert (await bench.post(PATIENT_VIEW, a_call())).headers["X-Request-ID"]


async def test_answers_are_not_stored_by_anybody(bench):
    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_diagnostics_never_quote_what_was_sent(bench):
    marker = "Zaphod"
    bodies = [
        a_call(hookInstance=marker),
        a_call(context={"userId": "Practitioner/1", "patientId": f"{marker} Beeblebrox"}),
        a_call(fhirServer=marker),
        a_call(prefetch={"vitaminD": bundle(level(patient=marker)), "reports": marker}),
    ]
    for body in bodies:
        answer = await bench.post(PATIENT_VIEW, body)
        assert 400 <= answer.status < 500
        assert marker not in await answer.text()


FHIR_NAMES = """
    resourceType id status code coding system subject reference meta lastUpdated entry resource
    valueQuantity value presentedForm data url result link relation total
""".split()
# Anything of the right shape around, anything at all inside.
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FHIR_NAMES) | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
RESOURCE = st.builds(
    lambda resource, odd: resource | odd,
    st.sampled_from(
        [{**r} for r in (level(), whole_prefetch()["reports"]["entry"][0]["resource"])]
    ),
    st.dictionaries(
        st.sampled_from(
            "id meta status code subject effectiveDateTime valueQuantity category conclusion "
            "presentedForm result contained imagingStudy component".split()
        ),
        ANYTHING,
        max_size=3,
    ),
)
VALUE = (
    ANYTHING
    | RESOURCE.map(bundle)
    | st.lists(ANYTHING, max_size=2).map(
        lambda entries: {"resourceType": "Bundle", "entry": entries}
    )
)
CALL = st.builds(
    lambda hook, odd, prefetch: a_call(hook, prefetch=prefetch) | odd,
    st.sampled_from(sorted(SERVICES)),
    st.dictionaries(
        st.sampled_from(["hook", "hookInstance", "context", "fhirServer", "extension"]),
        ANYTHING,
        max_size=1,
    ),
    st.dictionaries(st.sampled_from([str(key) for key in PrefetchKey]), VALUE),
)
DRAFTS = st.lists(ANYTHING | RESOURCE, max_size=3).map(
    lambda orders: {"resourceType": "Bundle", "entry": [{"resource": o} for o in orders]}
)
FEEDBACK = ANYTHING | st.lists(
    st.dictionaries(
        st.sampled_from("card outcome outcomeTimestamp acceptedSuggestions overrideReason".split()),
        ANYTHING | st.sampled_from(["accepted", "overridden", "2026-03-01T00:00:00Z"]),
    ),
    max_size=3,
).map(lambda entries: {"feedback": entries})


def test_whatever_comes_is_answered_and_never_with_500(tmp_path):
    """One listener for all examples: starting one for each would take minutes."""
    with asyncio.Runner() as runner:
        running = hooks_running(tmp_path)
        bench = runner.run(running.__aenter__())

        def status(path, body):
            return runner.run(bench.post(path, body)).status

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(call=CALL, drafts=DRAFTS, feedback=FEEDBACK)
        def check(call, drafts, feedback):
            for path in SERVICES.values():
                assert status(path, call) in {200, 412, 422}
            signing = a_call("order-sign", prefetch=whole_prefetch())
            signing["context"]["draftOrders"] = drafts
            assert status(ORDER_SIGN, signing) in {200, 422}
            assert status(f"{PATIENT_VIEW}/feedback", feedback) in {200, 422}

        try:
            check()
        finally:
            runner.run(running.__aexit__(None, None, None))
