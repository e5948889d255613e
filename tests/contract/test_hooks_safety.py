"""What a hook leaves behind: no patient and no token in a log, a metric or the store; time kept."""

import asyncio
import json
import logging
import sqlite3

import pytest
import structlog
from prometheus_client import generate_latest
from tests.support.fhir_server import Fault, FhirServer
from tests.support.fhir_server import running as fhir_running
from tests.support.hook_calls import (
    EDEMA,
    PATIENT_VIEW,
    a_call,
    bundle,
    hooks_running,
    level,
    mri,
    whole_prefetch,
)
from tests.support.tokens import claims, signed

from marrowd.telemetry.logging import configure_logging
from marrowd.web.hooks import Budget

MARKER = "Beeblebrox"


@pytest.fixture
def log(capsys):
    """The log as production writes it, at its most talkative."""
    before = logging.getLogger().handlers[:], logging.getLogger().level, structlog.get_config()
    configure_logging(as_json=True, level="debug", patient_key=b"a key of pseudonyms")
    yield lambda: capsys.readouterr().err
    logging.getLogger().handlers[:], config = before[0], before[2]
    logging.getLogger().setLevel(before[1])
    structlog.configure(**config)


def marked_calls(base_url):
    """Calls with the marker wherever a caller can put something."""
    told = {
        "access_token": f"token-{MARKER}",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": MARKER,
        "subject": MARKER,
    }
    record = whole_prefetch(
        patient={"resourceType": "Patient", "id": "p1", "name": [{"family": MARKER}]},
        vitaminD=bundle(level(note=[{"text": MARKER}])),
        reports=bundle(mri(text=f"{EDEMA} {MARKER}")),
    )
    yield a_call(prefetch=record, fhirServer=base_url)
    yield a_call(fhirServer=base_url, fhirAuthorization=told)
    yield a_call(prefetch=record | {"vitaminD": MARKER})
    yield a_call(prefetch={"vitaminD": bundle(level(patient=MARKER))})
    yield a_call(hookInstance=MARKER)
    yield a_call(context={"userId": MARKER, "patientId": MARKER}, fhirServer=base_url)
    yield a_call(fhirServer=f"https://{MARKER}.example.org", prefetch=record)


async def test_no_patient_and_no_token_is_left_behind(tmp_path, log):
    async with fhir_running(FhirServer()) as fhir:
        fhir.faults.append(Fault(prefix="/Observation", status=500))
        async with hooks_running(tmp_path, base_url=fhir.base_url) as bench:
            bench.current = False
            for call in marked_calls(fhir.base_url):
                jwt = signed(claims("x", sub=MARKER, jti=MARKER))
                await bench.post(PATIENT_VIEW, call, headers={"Authorization": f"Bearer {jwt}"})
            feedback = {
                "card": MARKER,
                "outcome": "overridden",
                "outcomeTimestamp": "2026-03-01T12:00:00Z",
                "overrideReason": {"reason": {"code": MARKER}, "userComment": MARKER},
            }
            await bench.post(f"{PATIENT_VIEW}/feedback", {"feedback": [feedback]})
            exposed = generate_latest(bench.metrics.registry).decode()

    assert MARKER not in log()
    assert MARKER not in exposed
    with sqlite3.connect(tmp_path / "marrowd.sqlite3") as db:
        dump = "\n".join(db.iterdump())
    db.close()
    assert MARKER not in dump


async def test_every_call_leaves_one_line(tmp_path, log):
    async with hooks_running(tmp_path) as bench:
        for call in (
            a_call(prefetch=whole_prefetch(vitaminD=bundle(level()), reports=bundle(mri()))),
            a_call(prefetch=whole_prefetch(vitaminD=bundle(), reports=bundle())),
            a_call(),
            {"hook": MARKER},
        ):
            await bench.post(PATIENT_VIEW, call)

    lines = [json.loads(line) for line in log().splitlines()]
    told = [line for line in lines if line["event"] == "hook_answered"]
    assert [(line["outcome"], line["verdict"]) for line in told] == [
        ("cards", "association"),
        ("no_cards", "nothing_relevant"),
        ("precondition", ""),
        ("bad_request", ""),
    ]
    assert {line["service"] for line in told} == {PATIENT_VIEW.rpartition("/")[2]}
    assert len({line["request_id"] for line in told}) == 4
    assert all(line["duration_s"] >= 0 for line in told)
    whose = [line.get("patient_key") for line in told]
    assert whose[0] == whose[1] == whose[2] is not None
    assert whose[3] is None


async def test_an_answer_comes_within_the_budget_of_the_specification(tmp_path):
    """S: about 500 ms; with the defaults, whatever store and EHR do."""
    async with fhir_running(FhirServer()) as fhir:
        fhir.faults.append(Fault(prefix="", delay_s=30, status=200))
        async with hooks_running(tmp_path, base_url=fhir.base_url, budget=Budget()) as bench:
            bench.current = False
            told = {
                "access_token": "t",
                "token_type": "Bearer",
                "expires_in": 300,
                "scope": "",
                "subject": "s",
            }
            call = a_call(fhirServer=fhir.base_url, fhirAuthorization=told)
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert (await bench.post(PATIENT_VIEW, call)).status == 412
            taken = loop.time() - started

    assert Budget().whole_s <= 0.5
    assert taken < 15  # half of what the slow server takes: the budget has ended it


async def test_work_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    async def never(*_args, **_options):
        await asyncio.sleep(60)

    budget = Budget(whole_s=0.2, fetch_s=0.1)
    async with hooks_running(tmp_path, budget=budget) as bench:
        monkeypatch.setattr("marrowd.web.gathering.Gatherer.gather", never)

        answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))

    assert answer.status == 503
    assert answer.headers["Retry-After"]
