"""
How fast a real HAPI FHIR server emits rest-hook notifications, which marrowd has to keep up with.

Observations are posted in transactions, as a laboratory's interface does; counted is from the first
notification to the last. The receiver is the stand-in that also takes marrowd's cards. HAPI runs as
for the tests (`tests/hapi`, H2 in memory), but with all of its compiler.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench.processes import until
from tests.bench.rows import NotMeasured, Scale
from tests.bench.serving import ask
from tests.bench.standins import StandIns, standing_in
from tests.support.hapi_server import HapiServer, HapiUnavailable
from tests.support.hospital import LOINC, VITAMIN_D_TOTAL, lab

_EVENTS, _AT_ONCE, _SINGLE = 600, 100, 10
_FHIR = {"Content-Type": "application/fhir+json"}
PEER = "HAPI emits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What was seen, a round each."""

    per_s: list[float]
    lag_ms: list[float]  # from one POST to its notification


@cache
def emission(scale: Scale) -> Emission:
    """
    Measure it, once in a run.

    Raises:
        NotMeasured: HAPI cannot be built or started here.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, standing_in() as far:
        try:
            server = HapiServer.start(Path(folder), options=("-XX:TieredStopAtLevel=4",))
        except HapiUnavailable as error:
            raise NotMeasured(str(error)) from error
        try:
            return _measured(server.base_url, far, scale)
        finally:
            server.stop()


def _measured(base_url: str, far: StandIns, scale: Scale) -> Emission:
    subscription = {
        "resourceType": "Subscription",
        "id": "all",
        "status": "requested",
        "reason": "benchmark",
        "criteria": f"Observation?code={LOINC}|{VITAMIN_D_TOTAL}",
        "channel": {
            "type": "rest-hook",
            "endpoint": far.hook,
            "payload": "application/fhir+json",
        },
    }
    _put(base_url, subscription)
    until(
        lambda: _get(base_url, "Subscription/all")["status"] == "active",
        "HAPI's Subscription is active",
    )
    count = max(_AT_ONCE, int(_EVENTS * scale.part))
    _emit(base_url, far, "warm", count)
    rates = [_emit(base_url, far, f"r{number}", count) for number in range(scale.rounds)]
    lags = [_one(base_url, far, f"one{number}") for number in range(_SINGLE)]
    return Emission(per_s=rates, lag_ms=lags)


def _emit(base_url: str, far: StandIns, prefix: str, count: int) -> float:
    before = far.taken()
    far.span_s()
    for first in range(0, count, _AT_ONCE):
        entries = [
            {
                "resource": _result(f"{prefix}-{number}"),
                "request": {"method": "PUT", "url": f"Observation/{prefix}-{number}"},
            }
            for number in range(first, first + _AT_ONCE)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        ask(_port(base_url), "/fhir", json.dumps(bundle), headers=_FHIR)
    far.until(before + count)
    return (count - 1) / far.span_s()


def _one(base_url: str, far: StandIns, ident: str) -> float:
    before, begun = far.taken(), time.perf_counter()
    _put(base_url, _result(ident))
    far.until(before + 1)
    return (time.perf_counter() - begun) * 1e3


def _result(ident: str) -> dict[str, Any]:
    return lab(ident, "Patient/1", at=datetime.now(UTC))


def _put(base_url: str, resource: Mapping[str, Any]) -> None:
    path = f"/fhir/{resource['resourceType']}/{resource['id']}"
    ask(_port(base_url), path, json.dumps(resource), method="PUT", headers=_FHIR)


def _get(base_url: str, ref: str) -> dict[str, Any]:
    return dict(json.loads(ask(_port(base_url), f"/fhir/{ref}", None)))


def _port(base_url: str) -> int:
    return int(base_url.rpartition(":")[2].partition("/")[0])
