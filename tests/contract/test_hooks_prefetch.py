"""Prefetch and the call-back, key by key: what is had, what is fetched, what is 412."""

import asyncio
import json

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer
from tests.support.fhir_server import running as fhir_running
from tests.support.hook_calls import (
    EDEMA,
    ENCOUNTER_START,
    ORDER_SIGN,
    PATIENT_VIEW,
    a_call,
    bundle,
    hooks_running,
    level,
    mri,
    whole_prefetch,
)
from tests.support.patience import PATIENCE_S
from tests.support.store import count_of

from marrowd.store.protocols import EventKind, EventState
from marrowd.web.bodies import ON_LOOP
from marrowd.web.hooks import Budget

TOKEN = "token-of-this-call"
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception"}],
}
NEXT_PAGE = [{"relation": "next", "url": "https://fhir.example.org/r4?page=2"}]


def authorized(bench, **changed):
    """A call that lets the service read the patient's record."""
    return a_call(
        fhirServer=bench.base_url,
        fhirAuthorization={
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "user/*.rs",
            "subject": "marrowd",
        },
        **changed,
    )


def without(*keys):
    return {key: value for key, value in whole_prefetch().items() if key not in keys}


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path) as running:
        running.current = False
        yield running


@pytest.fixture
async def fhir():
    async with fhir_running(FhirServer()) as server:
        yield server


@pytest.fixture
async def connected(tmp_path, fhir):
    """Hooks whose configured source is a running FHIR server."""
    async with hooks_running(tmp_path, base_url=fhir.base_url) as running:
        running.current = False
        yield running


@pytest.mark.parametrize("key", ["vitaminD", "reports"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(OUTCOME, id="OperationOutcome"),
        pytest.param(bundle(level(), link=NEXT_PAGE), id="unfinished paging"),
        pytest.param(bundle(level(), total=2), id="total not reached"),
        pytest.param({"resourceType": "Bundle", "entry": {}}, id="entry is no list"),
        pytest.param({"resourceType": "Bundle", "entry": [{}]}, id="entry without resource"),
        pytest.param({"resourceType": "Bundle", "entry": [1]}, id="entry is a number"),
        pytest.param({"resourceType": "Bundle", "entry": [{"resource": {}}]}, id="no type"),
        pytest.param(bundle(OUTCOME), id="OperationOutcome inside the Bundle"),
        pytest.param(level(), id="a resource, not a Bundle"),
        pytest.param({"resourceType": 1}, id="type is a number"),
        pytest.param({}, id="empty object"),
        pytest.param("text", id="text"),
        pytest.param([], id="list"),
        pytest.param(True, id="true"),
        pytest.param(0, id="number"),
    ],
)
async def test_a_required_key_that_is_not_an_answer_is_412(bench, key, value):
    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch(**{key: value})))

    assert answer.status == 412
    said = (await answer.json(content_type=None))["issue"][0]["diagnostics"]
    assert f"prefetch.{key}:" in said
    others = {"vitaminD", "reports"} - {key}
    assert not any(f"prefetch.{other}" in said for other in others)


@pytest.mark.parametrize("path", [PATIENT_VIEW, ENCOUNTER_START, ORDER_SIGN])
async def test_without_data_every_service_is_412(bench, path):
    hook = path.removeprefix("/cds-services/marrow-vitamin-d-")
    answer = await bench.post(path, a_call(hook))

    assert answer.status == 412
    assert (await answer.json(content_type=None))["resourceType"] == "OperationOutcome"
    labels = {"service": path.rpartition("/")[2], "outcome": "precondition"}
    assert count_of(bench.metrics, "hook_requests_total", **labels) == 1


@pytest.mark.parametrize("value", [None, bundle(), {"resourceType": "Bundle", "type": "searchset"}])
@pytest.mark.parametrize("key", ["vitaminD", "reports"])
async def test_null_and_an_empty_bundle_are_answers(bench, key, value):
    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch(**{key: value})))

    assert answer.status == 200


async def test_nothing_to_say_is_an_empty_list(bench):
    prefetch = {"vitaminD": None, "reports": None}

    assert await bench.cards(PATIENT_VIEW, a_call(prefetch=prefetch)) == []


@pytest.mark.parametrize(
    ("key", "lost"),
    [("orders", "Draft an order"), ("problems", "Add vitamin D deficiency")],
)
@pytest.mark.parametrize("value", ["absent", OUTCOME, bundle(link=NEXT_PAGE), "text"])
async def test_without_orders_or_problems_no_suggestion_depends_on_them(bench, key, lost, value):
    prefetch = without(key) if value == "absent" else whole_prefetch(**{key: value})

    [card] = await bench.cards(PATIENT_VIEW, a_call(prefetch=prefetch))

    labels = [suggestion["label"] for suggestion in card["suggestions"]]
    assert len(labels) == 1
    assert not labels[0].startswith(lost)


def pain():
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M79.671"}]},
        "subject": {"reference": "Patient/p1"},
        "onsetDateTime": "2025-06-01",
    }


PAINED = {"reports": bundle(), "problems": bundle(pain())}


async def test_lasting_pain_and_a_low_level_suggest_an_mri(bench):
    [card] = await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch(**PAINED)))

    assert card["source"]["topic"]["code"] == "consider_mri"


@pytest.mark.parametrize("key", ["studies", "problems"])
async def test_without_studies_or_problems_no_mri_is_proposed(bench, key):
    prefetch = whole_prefetch(**PAINED)
    del prefetch[key]

    assert await bench.cards(PATIENT_VIEW, a_call(prefetch=prefetch)) == []


async def test_data_of_another_patient_is_never_used(bench):
    other = whole_prefetch(vitaminD=bundle(level(patient="p2")))

    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=other))

    assert answer.status == 412
    said = (await answer.json(content_type=None))["issue"][0]["diagnostics"]
    assert "another patient" in said
    assert "p2" not in said


async def test_unknown_keys_are_let_go(bench):
    prefetch = whole_prefetch(somethingElse={"resourceType": "Bundle"})

    assert len(await bench.cards(PATIENT_VIEW, a_call(prefetch=prefetch))) == 1


async def test_a_full_url_explains_a_urn(bench):
    urn = "urn:uuid:5f8f5b0e-6c7b-4d0e-9c58-0f6a3a1f7c11"
    patient = {
        "fullUrl": urn,
        "resource": {"resourceType": "Patient", "id": "p1"},
        "search": {"mode": "include"},
    }
    found = bundle(level(subject={"reference": urn}))
    found["entry"].append(patient)

    prefetch = whole_prefetch(vitaminD=found)

    assert len(await bench.cards(PATIENT_VIEW, a_call(prefetch=prefetch))) == 1


async def test_numbers_are_taken_as_written(bench):
    body = json.dumps(a_call(prefetch=whole_prefetch())).replace("14.0", "14.10")

    [card] = await bench.cards(PATIENT_VIEW, body.encode())

    assert "14.10 ng/mL" in card["summary"]


async def test_what_is_missing_is_fetched_with_the_token_of_the_call(connected, fhir):
    fhir.put(level())
    fhir.put(mri())

    [card] = await connected.cards(PATIENT_VIEW, authorized(connected))

    assert len(card["suggestions"]) == 2
    tokens = {seen.headers["Authorization"] for seen in fhir.seen}
    assert tokens == {f"Bearer {TOKEN}"}


async def test_only_what_is_missing_is_fetched(connected, fhir):
    fhir.put(mri())

    await connected.cards(PATIENT_VIEW, authorized(connected, prefetch=without("reports")))

    assert [seen.path for seen in fhir.seen] == ["/DiagnosticReport"]


async def test_pages_are_followed(connected, fhir):
    fhir.page_size = 1
    fhir.put(level("a", 40, day="2025-01-01"))
    fhir.put(level("b", 14))
    fhir.put(mri())

    assert len(await connected.cards(PATIENT_VIEW, authorized(connected))) == 1


async def test_the_text_behind_a_report_is_fetched(connected, fhir):
    fhir.put(
        {
            "resourceType": "Binary",
            "id": "text",
            "contentType": "text/plain",
            "data": "RklORElOR1M6IE1hcnJvdyBlZGVtYSBpbiB0aGUgbGVmdCB0YWx1cy4=",
        }
    )
    report = mri(presentedForm=[{"contentType": "text/plain", "url": "Binary/text"}])
    del report["conclusion"]
    prefetch = whole_prefetch(reports=bundle(report))

    [card] = await connected.cards(PATIENT_VIEW, authorized(connected, prefetch=prefetch))

    assert card["source"]["topic"]["code"] == "association"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(prefix="", status=401), id="401"),
        pytest.param(Fault(prefix="", status=500), id="500"),
        pytest.param(
            Fault(
                prefix="", status=200, headers={"Content-Type": "text/html"}, body=b"<html></html>"
            ),
            id="HTML",
        ),
        pytest.param(Fault(prefix="", delay_s=30, status=200), id="hangs"),
        pytest.param(Fault(prefix="", is_endless=True), id="never ends"),
        pytest.param(Fault(prefix="", is_dropped=True), id="drops"),
        pytest.param(
            Fault(prefix="", status=302, headers={"Location": "http://127.0.0.1:9/"}),
            id="redirects",
        ),
    ],
)
async def test_a_hostile_server_is_412_within_the_budget(tmp_path, fhir, fault):
    fhir.faults.append(fault)
    budget = Budget(whole_s=PATIENCE_S, fetch_s=0.4)
    async with hooks_running(tmp_path, base_url=fhir.base_url, budget=budget) as bench:
        bench.current = False
        loop = asyncio.get_running_loop()
        started = loop.time()

        answer = await bench.post(PATIENT_VIEW, authorized(bench))

        assert answer.status == 412
        assert loop.time() - started < 30  # what the slow one takes


async def test_a_hostile_server_does_not_take_away_what_prefetch_brought(tmp_path, fhir):
    fhir.faults.append(Fault(prefix="", delay_s=30, status=200))
    budget = Budget(whole_s=PATIENCE_S, fetch_s=0.3)
    async with hooks_running(tmp_path, base_url=fhir.base_url, budget=budget) as bench:
        call = authorized(bench, prefetch=without("orders", "studies"))

        [card] = await bench.cards(PATIENT_VIEW, call)

        assert len(card["suggestions"]) == 1


async def test_a_server_that_is_not_configured_is_never_asked(tmp_path, fhir):
    fhir.put(level())
    fhir.put(mri())
    async with hooks_running(tmp_path, base_url="https://fhir.example.org/r4") as bench:
        call = authorized(bench) | {"fhirServer": fhir.base_url}

        assert (await bench.post(PATIENT_VIEW, call)).status == 412

    assert fhir.seen == []


async def test_the_next_page_elsewhere_is_not_followed(connected, fhir):
    fhir.page_size = 1
    fhir.next_base = "http://127.0.0.1:9/fhir"
    fhir.put(level("a"))
    fhir.put(level("b"))
    fhir.put(mri())

    assert (await connected.post(PATIENT_VIEW, authorized(connected))).status == 412


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "ä", "\x00"])
async def test_a_token_that_no_header_can_carry_is_refused(connected, fhir, token):
    call = authorized(connected)
    call["fhirAuthorization"]["access_token"] = token

    assert (await connected.post(PATIENT_VIEW, call)).status == 422
    assert fhir.seen == []


async def told(bench):
    rows = await bench.store.list_events(state=EventState.READY, limit=50)
    return {row.ref: row.kind for row in rows}


async def settled(bench):
    await bench.hooks._newer.settle()


async def test_a_prefetch_newer_than_evidence_makes_the_service_fetch_it(bench):
    await bench.keep(level(), mri())
    newer = level(value=15, version="2", day="2026-01-13")
    call = a_call(
        fhirServer=bench.base_url, prefetch=whole_prefetch(vitaminD=bundle(newer, level("new")))
    )

    await bench.cards(PATIENT_VIEW, call)
    await bench.cards(PATIENT_VIEW, call | {"hookInstance": "00000000-0000-4000-8000-000000000000"})
    await settled(bench)

    fetch = EventKind.FETCH
    assert await told(bench) == {"Observation/lab1": fetch, "Observation/new": fetch}
    assert bench.rings == 1
    stored = await bench.store.facts_of("hospital", "Patient/p1")
    assert {fact.ref for fact in stored} == {"Observation/lab1", "DiagnosticReport/mri1"}


async def test_a_prefetch_that_is_known_or_older_is_not_told(bench):
    await bench.keep(level(version="2", day="2026-01-20"), mri())
    call = a_call(fhirServer=bench.base_url, prefetch=whole_prefetch())

    await bench.cards(PATIENT_VIEW, call)
    await settled(bench)

    assert await told(bench) == {}


async def test_an_answer_given_before_follows_new_evidence(bench):
    bench.current = True
    await bench.keep(level(), mri())
    call = a_call(fhirServer=bench.base_url)
    [first] = await bench.cards(PATIENT_VIEW, call)
    [again] = await bench.cards(PATIENT_VIEW, call)

    await bench.keep(level(value=45, version="2", day="2026-01-20"))

    assert first == again
    assert await bench.cards(PATIENT_VIEW, call) == []


async def test_an_answer_given_before_ends_when_its_time_is_over(bench):
    bench.current = True
    await bench.keep(level(), mri(text=EDEMA))
    call = a_call(fhirServer=bench.base_url)
    assert len(await bench.cards(PATIENT_VIEW, call)) == 1

    bench.clock.now = bench.clock.now.replace(year=2028)

    assert await bench.cards(PATIENT_VIEW, call) == []


async def test_a_store_that_hangs_leaves_what_the_call_brought(tmp_path, monkeypatch):
    budget = Budget(whole_s=PATIENCE_S, fetch_s=0.3)
    async with hooks_running(tmp_path, budget=budget) as bench:

        async def hang(*_args):
            await asyncio.sleep(60)

        monkeypatch.setattr(bench.store, "standings", hang)
        monkeypatch.setattr(bench.store, "facts_of", hang)
        call = a_call(fhirServer=bench.base_url, prefetch=whole_prefetch())

        assert len(await bench.cards(PATIENT_VIEW, call)) == 1
        assert (await bench.post(PATIENT_VIEW, a_call(fhirServer=bench.base_url))).status == 412


async def test_answers_are_ready_for_many_callers_at_once(bench):
    bodies = [a_call(prefetch=whole_prefetch()) for _ in range(20)]

    answers = await asyncio.gather(*(bench.post(PATIENT_VIEW, body) for body in bodies))

    assert {answer.status for answer in answers} == {200}
    assert isinstance(answers[0], aiohttp.ClientResponse)


@pytest.mark.parametrize("padding", ["", " " * ON_LOOP], ids=["small", "large"])
@pytest.mark.parametrize("number", ["1e999", "1" * 400])
async def test_a_number_beyond_all_bounds_is_an_unreadable_value(bench, number, padding):
    call = json.dumps(a_call(prefetch=whole_prefetch(vitaminD=bundle(level(value="@")))))

    answer = await bench.post(PATIENT_VIEW, call.replace('"@"', number).encode() + padding.encode())

    assert answer.status == 200
    [card] = (await answer.json())["cards"]
    assert "25(OH)D result cannot be classified" in card["summary"]
