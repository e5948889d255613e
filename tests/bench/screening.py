"""
`marrowd screen` over NDJSON, beside reading the same lines with `orjson.loads` on one core.

The whole run of the command counts, start included; of the floor only its loop. Beside it what must
not grow: memory over patients, the price of a fact in a long history, and of a study's pictures.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.bench.processes import environment, rss_mb
from tests.bench.rows import Row, Scale, alternated, at_least, at_most, compared
from tests.support import resources as fhir
from tests.support.notation import NOW, PATIENT, POLICY, RULES, facts
from tests.support.reading import PlainReader

from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline
from marrowd.fhir.facts import Extraction, facts_from
from marrowd.fhir.json import parse
from marrowd.fhir.studies import without_instances

_PATIENTS, _FEW = 6_000, 600
_COMMAND = [sys.executable, "-m", "marrowd", "screen", "--now", "2026-03-01"]
_LOOK_S = 0.02
_FLOOR = """
import sys, time
import orjson
begun = time.perf_counter()
with open(sys.argv[1], 'rb') as file:
    for line in file:
        orjson.loads(line)
print(time.perf_counter() - begun)
"""


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare all of it."""
    many = max(2 * _FEW, int(_PATIENTS * scale.part))
    large = _written(folder / "many.ndjson", many)
    small = _written(folder / "few.ndjson", _FEW)
    lines = 3 * many
    memory: list[float] = []

    def measure(name: str) -> float:
        if name == "floor":
            return lines / _floor_s(large)
        seconds, mb = _screened(large, folder, patients=many)
        memory.append(mb)
        return lines / seconds

    found = alternated(("marrowd", "floor"), min(3, scale.rounds), measure)
    little = [_screened(small, folder, patients=_FEW)[1] for _ in memory]
    return [
        compared(
            "marrowd screen, NDJSON, all cores",
            "lines/s",
            found["marrowd"],
            "orjson.loads, one core",
            found["floor"],
            at_least(0.3),
        ),
        compared(
            f"marrowd screen, memory of all its processes, {many:,} patients",
            "MB",
            memory,
            f"{_FEW} patients",
            little,
            at_most(1.5),
        ),
        _history(scale),
        _study(scale),
    ]


def _written(path: Path, patients: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(patients):
            for made in (fhir.lab(f"o{number}"), fhir.mri(f"r{number}"), fhir.patient(str(number))):
                subject = {"subject": {"reference": f"Patient/{number}"}}
                file.write(json.dumps(made | (subject if "subject" in made else {})) + "\n")
    return path


def _floor_s(path: Path) -> float:
    command = [sys.executable, "-c", _FLOOR, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _screened(path: Path, folder: Path, *, patients: int) -> tuple[float, float]:
    """Give the seconds of a run of the command, and MB of all its processes at the highest."""
    out, most = folder / "lines", 0.0
    begun = time.perf_counter()
    with (
        out.open("wb") as file,
        subprocess.Popen([*_COMMAND, str(path)], stdout=file, env=environment()) as process,
    ):
        while process.poll() is None:
            # A process may end between two looks; what getrusage says is its parent's peak, too.
            with suppress(OSError):
                most = max(most, rss_mb(process.pid))
            time.sleep(_LOOK_S)
    seconds = time.perf_counter() - begun
    assert out.read_bytes().count(b"\n") == patients
    return seconds, most


def _history(scale: Scale) -> Row:
    """Compare what a fact costs in a long history and in a short one."""
    few, lots = 1_000, 10_000
    made = {number: _facts(number) for number in (few, lots)}

    def measure(number: int) -> float:
        def decide() -> None:
            timeline = build_timeline(PATIENT, made[number], policy=POLICY)
            screen(timeline, policy=POLICY, now=NOW, rules_version=RULES)

        return _processor_s(decide) / number * 1e6

    found = {number: [measure(number) for _ in range(min(3, scale.rounds))] for number in made}
    work = "timeline and screen(), a fact of 10,000"
    return compared(work, "us", found[lots], "a fact of 1,000", found[few], at_most(2))


def _facts(number: int) -> list:
    """Half results, half reports, spread over two years; every third report is a scan."""
    lines = [
        f"result {10 + n % 30} ng/mL @-{n % 730} at=08:0{n % 10} id={n}" for n in range(number // 2)
    ]
    lines += [
        f"report @-{n % 730} at=09:0{n % 10} left foot{' scan' * (n % 3 == 0)} id={n}: "
        f"left talus {('affirmed', 'negated', 'possible')[n % 3]}"
        for n in range(number // 2)
    ]
    return facts(lines)


def _study(scale: Scale) -> Row:
    """Compare reading a study of 2,000 pictures with parsing its JSON."""
    plain = fhir.study()
    instances = [
        {"uid": f"1.2.{number}", "number": number, "sopClass": {"code": "urn:oid:1.2"}}
        for number in range(500)
    ]
    series = [plain["series"][0] | {"uid": f"1.{n}", "instance": instances} for n in range(4)]
    text = json.dumps(plain | {"series": series})
    extraction = Extraction(reader=PlainReader())

    def read() -> None:
        found = without_instances(parse(text))
        facts_from(found, patient="Patient/p1", extraction=extraction, sha256="0")

    rounds = range(max(3, scale.rounds))
    ours = [_processor_s(read) * 1e3 for _ in rounds]
    theirs = [_processor_s(lambda: parse(text)) * 1e3 for _ in rounds]
    work = "a study of 2,000 pictures, read"
    return compared(work, "ms", ours, "its JSON parsed", theirs, at_most(2))


def _processor_s(action: Callable[[], object]) -> float:
    begun = time.process_time()
    action()
    return time.process_time() - begun
