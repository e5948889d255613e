"""
What is counted: each piece of work warmed up, then done between two calls of `getpriority`.

    python -m tests.cost.workloads

Callgrind writes out what it counted at each of these calls, so that start and warm-up do not count
(docs/adr/0015-benchmarks.md). Prints the names and how often each was done, as JSON, in order.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp
import uvloop
from tests.support.hook_calls import MARCH, POLICY, hooks_over, keep, level, mri, request_for
from tests.support.notation import NOW, RULES, timeline
from tests.support.store import opened

from marrowd.cds.services import Service
from marrowd.core.reader import Reader
from marrowd.core.screening import screen
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.telemetry.logging import configure_logging

_REPORTS = Path(__file__).parents[1] / "data" / "reports-dev.jsonl"
_EVERY = 6  # of 120: 20 reports of all kinds
_SCREENED, _REMEMBERED, _DRAWN = 100, 50, 10
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


ALL: dict[str, Callable[[], int]] = {
    "one of 20 reports read": read_reports,
    "one screen()": screen_patient,
    "one hook answered again": answer_again,
    "one hook answered first": answer_first,
}


if __name__ == "__main__":
    configure_logging(as_json=True, level="info")  # a hook writes its line
    sys.stdout.write(json.dumps({name: work() for name, work in ALL.items()}))
