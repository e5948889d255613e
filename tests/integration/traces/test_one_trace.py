"""One trace from the notification that brings an event to the card's arrival at the EHR."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.ops.hospital import JSON
from tests.support.ehr import Reply
from tests.support.hospital import EDEMA, lab, person, report
from tests.support.service import until

PATIENT = "Patient/traced"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


async def bring(hospital, resource, **headers) -> int:
    stored = hospital.fhir.put(resource)
    url = f"{hospital.service.url}/events/hospital/{stored['resourceType']}/{stored['id']}"
    headers |= {"Authorization": f"Bearer {hospital.service.secret}", **JSON}
    async with hospital.session.put(url, json=stored, headers=headers) as answer:
        return answer.status


async def bring_result(hospital) -> None:
    """Bring the half that makes no card yet."""
    hospital.fhir.put(person(PATIENT))
    assert await bring(hospital, lab("lab", PATIENT, at=DAY - timedelta(days=3))) == 204


async def bring_report(hospital, traceparent: str = TRACEPARENT) -> None:
    """Bring the other half, as a part of the caller's trace."""
    [resource] = report("mri", PATIENT, EDEMA, at=DAY)
    assert await bring(hospital, resource, traceparent=traceparent) == 204


def trace_of(headers) -> str:
    version, trace, _, flags = headers["traceparent"].split("-")
    assert (version, flags) == ("00", "01")
    return trace


async def card_posted(hospital, *, posts: int = 1):
    await until(lambda: len(hospital.ehr.posts) >= posts, hospital.service.end_of_log)
    return hospital.ehr.posts[-1]


async def test_from_the_notification_to_the_card_it_is_one_trace(hospital, collector):
    await bring_result(hospital)
    await until(hospital.service.is_idle, "the result is stored")
    await bring_report(hospital)
    posted = await card_posted(hospital)
    assert await hospital.service.stop() == 0  # what still waits is sent before the end

    assert trace_of(posted.headers) == TRACE
    of_trace = {span.span: span for span in collector.spans if span.trace == TRACE}
    [delivery] = [span for span in of_trace.values() if span.name == "delivery"]
    assert delivery.span == posted.headers["traceparent"].split("-")[2]
    upwards = [delivery]
    while upwards[-1].parent in of_trace:
        upwards.append(of_trace[upwards[-1].parent])
    assert [(span.name, span.kind) for span in upwards] == [
        ("delivery", "CLIENT"),
        ("screen", "INTERNAL"),
        ("event", "CONSUMER"),
        ("notification", "SERVER"),
    ]
    assert upwards[-1].parent == CALLER
    notification, event, delivered = upwards[3].told, upwards[2].told, upwards[0].told
    assert notification == {
        "http.request.method": "PUT",
        "http.route": "/events/{source}/{type}/{id}",
        "http.response.status_code": 204,
    }
    assert (event["marrowd.resource"], event["marrowd.outcome"], event["marrowd.attempts"]) == (
        "DiagnosticReport",
        "screened",
        1,
    )
    assert (delivered["marrowd.destination"], delivered["http.response.status_code"]) == (
        "ehr",
        204,
    )


async def test_what_is_asked_of_the_source_belongs_to_it_and_says_so(hospital, collector):
    await bring_result(hospital)
    await until(hospital.service.is_idle, "the result is stored")
    before = len(hospital.fhir.seen)
    await bring_report(hospital)
    await card_posted(hospital)
    await hospital.service.stop()

    asked = [span for span in collector.named("fhir") if span.trace == TRACE]
    sent = {seen.headers["Traceparent"].split("-")[2] for seen in hospital.fhir.seen[before:]}
    assert asked
    assert sent == {span.span for span in asked}
    assert {span.kind for span in asked} == {"CLIENT"}
    assert {span.told["marrowd.operation"] for span in asked} <= {"read", "search"}


async def test_a_crash_on_either_hop_leaves_the_trace_whole(hospital):
    service = hospital.service
    await bring_result(hospital)
    await until(service.is_idle, "the result is stored")
    await service.stop()

    service.roles = "web"
    await service.start()
    await bring_report(hospital)
    await service.kill()  # the event is in the inbox, and nobody has looked at it

    service.roles = "web,work"
    hospital.ehr.replies.append(Reply(status=503, headers={"Retry-After": "2"}))
    await service.start()
    refused = await card_posted(hospital)
    await until(lambda: "not_delivered" in service.log.read_text(), "the refusal is written")
    await service.kill()  # the message is in the outbox, and nobody has taken it

    await service.start()
    taken = await card_posted(hospital, posts=2)
    assert refused.webhook_id == taken.webhook_id
    assert trace_of(refused.headers) == trace_of(taken.headers) == TRACE
    assert refused.headers["traceparent"] != taken.headers["traceparent"]  # an attempt is a span


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_caller_that_records_nothing_is_not_recorded_but_passed_on(hospital, collector):
    await bring_result(hospital)
    await until(hospital.service.is_idle, "the result is stored")
    await bring_report(hospital, f"00-{TRACE}-{CALLER}-00")
    posted = await card_posted(hospital)
    await hospital.service.stop()

    assert posted.headers["traceparent"].split("-")[1::2] == [TRACE, "00"]
    assert [span for span in collector.spans if span.trace == TRACE] == []


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_hook_belongs_to_the_trace_of_the_ehr(hospital, collector):
    await bring_result(hospital)
    await bring_report(hospital)
    await card_posted(hospital)
    other = TRACE[::-1]
    call = {
        "hook": "patient-view",
        "hookInstance": "0d9f1bfb-4d2c-4b4f-9f4e-3f5f7d1f2a10",
        "fhirServer": hospital.fhir.base_url,
        "context": {"userId": "Practitioner/1", "patientId": "traced"},
        "fhirAuthorization": {
            "access_token": "token", "token_type": "Bearer", "expires_in": 300,
            "scope": "patient/*.read", "subject": "service",
        },
    }  # fmt: skip
    url = f"{hospital.service.url}/cds-services/marrow-vitamin-d-patient-view"
    headers = {"traceparent": f"00-{other}-{CALLER}-01"}
    async with hospital.session.post(url, json=call, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
    await hospital.service.stop()

    [hook] = collector.named("hook")
    assert (hook.kind, hook.trace, hook.parent) == ("SERVER", other, CALLER)
    assert hook.told["http.response.status_code"] == 200
    parts = [span for span in collector.spans if span.parent == hook.span]
    assert {"fhir", "screen"} == {span.name for span in parts}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_log_lines_say_which_trace_they_belong_to(hospital):
    await bring_result(hospital)
    await until(hospital.service.is_idle, "the result is stored")
    await bring_report(hospital)
    await card_posted(hospital)
    await hospital.service.stop()

    lines = [json.loads(line) for line in hospital.service.log.read_text().splitlines()]
    of_trace = {line["event"] for line in lines if line.get("trace_id") == TRACE}
    assert {"event_handled", "delivered"} <= of_trace
    [serving] = [line for line in lines if line["event"] == "serving"]
    assert "trace_id" not in serving


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_every_span_says_which_process_it_is_of(hospital, collector):
    await bring_report(hospital)
    await until(hospital.service.is_idle, "the report is stored")
    await hospital.service.stop()

    [resource] = {tuple(sorted(span.resource.items())) for span in collector.spans}
    said = dict(resource)
    assert said["service.name"] == "marrowd"
    assert said["service.version"]
    assert said["service.instance.id"]
