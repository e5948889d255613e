"""
What is counted: each piece of work warmed up, then done between two calls of `getpriority`.

    python -m tests.cost.workloads

Callgrind writes out what it counted at each of these calls, so that start and warm-up do not count
(docs/adr/0015-benchmarks.md). Prints the names and how often each was done, as JSON, in order.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.support.hook_calls import (
    MARCH,
    POLICY,
    arrived,
    hooks_over,
    keep,
    level,
    mri,
    request_for,
    some_metrics,
)
from tests.support.notation import NOW, RULES, timeline
from tests.support.store import opened

from marrowd.app import set_for_answering
from marrowd.cds.services import Service
from marrowd.core.reader import Reader
from marrowd.core.screening import screen
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.telemetry.logging import configure_logging
from marrowd.web.answers import answering
from marrowd.web.events import Intake

_REPORTS = Path(__file__).parents[1] / "data" / "reports-dev.jsonl"
_EVERY = 6  # of 120: 20 reports of all kinds
_SCREENED, _REMEMBERED, _DRAWN, _TAKEN = 100, 50, 10, 50
_BASE_URL = "https://fhir.example.org/r4"
TYPICAL = (
    "result 14 ng/mL @-20",
    "result 31 ng/mL @-300",
    "report @-10 left foot: left talus affirmed, left cuboid affirmed",
    "report @-110 left foot: left talus affirmed",
)


def mark() -> None:
    """Make callgrind write out what it counted so far."""
    os.getpriority(os.PRIO_PROCESS, 0)


def read_reports() -> int:
    """Read 20 reports, each for the second time."""
    reader = Reader(load_vocabulary())
    lines = _REPORTS.read_text(encoding="utf-8").splitlines()[::_EVERY]
    texts = [json.loads(line)["text"] for line in lines]
    for text in texts:
        reader.read(text)
    mark()
    for text in texts:
        reader.read(text)
    mark()
    return len(texts)


def screen_patient() -> int:
    """Judge a typical patient."""
    built = timeline(*TYPICAL)
    screen(built, policy=POLICY, now=NOW, rules_version=RULES)
    mark()
    for _ in range(_SCREENED):
        screen(built, policy=POLICY, now=NOW, rules_version=RULES)
    mark()
    return _SCREENED


async def _answer_calls(patients: list[str]) -> None:
    """Answer a call for each of *patients* from stored evidence, without a socket."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as store, aiohttp.ClientSession() as session:
            for patient in {"warm", *patients}:
                reference = f"Patient/{patient}"
                resources = (level(patient, patient=patient), mri(patient, patient=patient))
                await keep(store, *resources, source="hospital", patient=reference, now=MARCH)
            hooks = hooks_over(store, session, base_url=_BASE_URL)
            answer = partial(hooks.call, service=Service.PATIENT_VIEW)
            for _ in range(2):
                await answer(request_for("warm", base_url=_BASE_URL))
            requests = [request_for(patient, base_url=_BASE_URL) for patient in patients]
            mark()
            for request in requests:
                await answer(request)
            mark()


def answer_again() -> int:
    """Answer a call whose answer was drawn before."""
    uvloop.run(_answer_calls(["warm"] * _REMEMBERED))
    return _REMEMBERED


def answer_first() -> int:
    """Answer the first call for a patient."""
    uvloop.run(_answer_calls([f"p{number}" for number in range(_DRAWN)]))
    return _DRAWN


async def _take_events(idents: list[str]) -> None:
    """Take in a result for each of *idents*, all in one commit, without a socket."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as store:
            intake = Intake(
                inbox=store,
                secrets_of={"hospital": ("secret",)}.get,
                metrics=some_metrics(),
                wake=lambda: None,
                clock=lambda: MARCH,
            )
            await answering(_event("warm"), intake.resource)
            requests = [_event(ident) for ident in idents]
            mark()
            await asyncio.gather(*(answering(one, intake.resource) for one in requests))
            mark()


def _event(ident: str) -> web.Request:
    body = json.dumps(level(ident)).encode()
    return make_mocked_request(
        "PUT",
        f"/events/hospital/Observation/{ident}",
        headers={"Authorization": "Bearer secret", "Content-Length": str(len(body))},
        match_info={"source": "hospital", "type": "Observation", "id": ident},
        payload=arrived(body),
    )


def take_in() -> int:
    """Take in events that come together."""
    uvloop.run(_take_events([f"e{number}" for number in range(_TAKEN)]))
    return _TAKEN


ALL: dict[str, Callable[[], int]] = {
    "one of 20 reports read": read_reports,
    "one screen()": screen_patient,
    "one hook answered again": answer_again,
    "one hook answered first": answer_first,
    "one of 50 events taken in": take_in,
}


if __name__ == "__main__":
    configure_logging(as_json=True, level="info")  # a hook writes its line
    set_for_answering()  # as it is served: a full collection more or less is twice the work
    sys.stdout.write(json.dumps({name: work() for name, work in ALL.items()}))
