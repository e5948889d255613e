"""
From an event to its card at the EHR, through the running service, beside what HAPI emits.

Each patient has a report with marrow edema already; a low result for each makes a card. Events come
from a process of their own, and the FHIR server that is asked and the EHR are in another.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.emission import PEER, emission
from tests.bench.load import loaded
from tests.bench.processes import until
from tests.bench.rows import Row, Scale, at_least, at_most, compared
from tests.bench.serving import SOURCE, Served, ask, serving
from tests.bench.standins import StandIns, standing_in
from tests.support.hospital import lab, report

CALLERS = 32
_CARDS, _SINGLE = 600, 10
EDEMA = "MRI left foot. Findings: marrow edema in the left talus."


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure rate and lag on SQLite."""
    count = max(100, int(_CARDS * scale.part))
    with standing_in() as far, serving(folder / "service", far) as served:
        cards_brought(served, far, first=0, count=100)
        rates = [
            cards_brought(served, far, first=number * 1_000_000, count=count)
            for number in range(1, scale.rounds + 1)
        ]
        lags = [_one(served, far, number) for number in range(_SINGLE)]
    emitted = emission(scale)
    work = "event to card at the EHR"
    return [
        compared(work, "events/s", rates, PEER, emitted.per_s, at_least(3)),
        compared(f"{work}, one alone", "ms", lags, PEER, emitted.lag_ms, at_most(1)),
    ]


def cards_brought(served: Served, far: StandIns, *, first: int, count: int) -> float:
    """Give how many cards a second arrive, from the first event to the last card."""
    day = datetime.now(UTC) - timedelta(days=9)
    [mri] = report("rIDENT", "Patient/IDENT", EDEMA, at=day)
    result = lab("oIDENT", "Patient/IDENT", at=day)
    plan = {"callers": CALLERS, "count": count, "first": first} | served.events
    loaded(served.port, f"/events/{SOURCE}/DiagnosticReport/rIDENT", versioned(mri), **plan)
    until(lambda: depth(served) == 0, "every report is read")
    before, begun = far.taken(), time.perf_counter()
    loaded(served.port, f"/events/{SOURCE}/Observation/oIDENT", versioned(result), **plan)
    far.until(before + count)
    return count / (time.perf_counter() - begun)


def _one(served: Served, far: StandIns, number: int) -> float:
    """Give the milliseconds until a corrected result is another card."""
    day = datetime.now(UTC) - timedelta(days=9)
    before, begun = far.taken(), time.perf_counter()
    served.take(json.loads(versioned(lab(f"o{number}", f"Patient/{number}", at=day, value=9), 2)))
    far.until(before + 1)
    return (time.perf_counter() - begun) * 1e3


def versioned(resource: dict[str, object], number: int = 1) -> str:
    """Write a resource as a server does, in its *number*-th version."""
    at = datetime.now(UTC).isoformat()
    return json.dumps({**resource, "meta": {"versionId": str(number), "lastUpdated": at}})


def depth(served: Served) -> float:
    """Give how many events wait or are in hand."""
    text = ask(served.service.ops_port, "/metrics", None).decode()
    return sum(float(n) for n in re.findall(r"^marrowd_inbox_depth\S* (\S+)$", text, re.MULTILINE))
