"""
What `marrowd screen` costs.

Memory flat over patients, the start of one patient, a study of 2,000 pictures. Ratios within one
run, so that a slow machine is no failure.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import resources as fhir
from tests.support.reading import PlainReader

from marrowd.fhir.facts import Extraction, facts_from
from marrowd.fhir.json import canonical, parse
from marrowd.fhir.studies import without_instances

pytestmark = pytest.mark.benchmark
ROOT = Path(__file__).parents[2]
FEW, MANY = 1_000, int(os.environ.get("BENCH_PATIENTS", "100000"))


def write(path: Path, patients: int) -> Path:
    with path.open("w") as file:
        for number in range(patients):
            for made in (fhir.lab(f"o{number}"), fhir.mri(f"r{number}"), fhir.patient(str(number))):
                subject = {"subject": {"reference": f"Patient/{number}"}}
                file.write(json.dumps(made | (subject if "subject" in made else {})) + "\n")
    return path


def run(path: Path) -> tuple[float, float, int]:
    """Seconds, MB at the highest, lines."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from marrowd.cli.screen import screen_command\n"
        "screen_command([Path(sys.argv[1])], None, '2026-03-01', None, 1)\n"
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))\n"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT / "service")},
    )
    took = time.perf_counter() - started
    return took, int(done.stderr) / 1024, done.stdout.count(b"\n")


def test_memory_is_flat_over_patients(tmp_path, capsys):
    few_s, few_mb, few = run(write(tmp_path / "few.ndjson", FEW))
    many_s, many_mb, many = run(write(tmp_path / "many.ndjson", MANY))
    with capsys.disabled():
        sys.stdout.write(
            f"\nscreen: {few} patients {few_s:.1f} s {few_mb:.0f} MB; "
            f"{many} patients {many_s:.1f} s {many_mb:.0f} MB\n"
        )

    assert (few, many) == (FEW, MANY)
    assert many_mb < few_mb * 1.5


def test_the_start_is_short(tmp_path, capsys):
    path = write(tmp_path / "one.ndjson", 1)
    times = [run(path)[0] for _ in range(8)]
    with capsys.disabled():
        sys.stdout.write(f"\nscreen: one patient {min(times):.2f} s\n")

    assert min(times) < 0.5


def times(call, count: int = 5) -> Iterator[float]:
    for _ in range(count):
        started = time.perf_counter()
        call()
        yield time.perf_counter() - started


def test_a_study_of_2000_pictures_costs_its_bytes(capsys):
    small = fhir.study()
    instances = [
        {"uid": f"1.2.{number}", "number": number, "sopClass": {"code": "urn:oid:1.2"}}
        for number in range(500)
    ]
    series = [small["series"][0] | {"uid": f"1.{n}", "instance": instances} for n in range(4)]
    large = json.dumps(small | {"series": series})
    extraction = Extraction(reader=PlainReader())

    def read() -> None:
        found = parse(large)
        facts_from(
            without_instances(found), patient="Patient/p1", extraction=extraction, sha256="0"
        )

    parsing = min(times(lambda: parse(large)))
    digesting = min(times(lambda: canonical(parse(large)))) - parsing
    reading = min(times(read))
    with capsys.disabled():
        sys.stdout.write(
            f"\nstudy of {len(large) // 1024} kB: parsed {parsing * 1e3:.1f} ms, "
            f"digested {digesting * 1e3:.1f} ms, read {(reading - parsing) * 1e3:.2f} ms\n"
        )

    assert reading < parsing * 2
