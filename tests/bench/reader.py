"""
The report reader beside the medspaCy baseline, over the same reports in one run.

Each run is a process of its own. Scores come from tests/data/score.py, for the reports the reader
was built on and for those held back from its author (docs/adr/0005-report-reader.md); of a score
there is no spread, since every run reads the same. Where `make compiled` was run, what it made is
measured in the same rounds (docs/adr/0016-compiled-reader.md).
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.peers_ready import python_of
from tests.bench.processes import ROOT, environment
from tests.bench.rows import Row, Scale, Target, alternated, at_least, at_most, compared

HERE = Path(__file__).parent
DATA = ROOT / "tests" / "data"
PEER = "medspaCy"
COMPILED = "compiled"
_LIBRARY = ROOT / "build" / "compiled" / "lib"
_ROUNDS = 3
_TIMED = 3  # every third report is enough for the clock; scores are of all
_SIZES = (10_000, 100_000, 1_000_000)
_SCORES: tuple[tuple[str, str, str, Target | None], ...] = (
    ("report_positive F1", "report_positive", "f1", at_least(1)),
    ("report_positive precision, ordinary reports", "report_positive:real", "precision", None),
    ("(bone, certainty) F1", "bone,certainty", "f1", at_least(1)),
    ("(bone, side, certainty) F1", "bone,laterality,certainty", "f1", at_least(1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process over one set of reports."""

    predictions: list[dict[str, Any]]
    kib: int

    @property
    def per_s(self) -> float:
        """Reports a second, the reading alone, by processor time."""
        return len(self.predictions) / sum(p["seconds"] for p in self.predictions)

    def milliseconds(self, quantile: float) -> float:
        """Give a quantile of the time a report took."""
        times = sorted(p["seconds"] for p in self.predictions)
        return float(1000 * times[min(len(times) - 1, int(quantile * len(times)))])


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare speed, memory and scores."""
    seen = _lines(
        DATA / "reports-dev.jsonl", *sorted((ROOT / "tests/spec/reports").glob("*.jsonl"))
    )
    held_back = _lines(*sorted((ROOT / "tests/spec/held_back").glob("*.jsonl")))
    if scale.part < 1:
        seen, held_back = (lines[:: int(1 / scale.part)] for lines in (seen, held_back))
    timed = seen[::_TIMED]
    ours = ("marrowd", COMPILED) if _LIBRARY.is_dir() else ("marrowd",)
    runs = alternated((*ours, PEER), min(_ROUNDS, scale.rounds), lambda n: _run(n, timed))

    def measured(
        work: str, unit: str, what: Any, target: Target | None = None, name: str = "marrowd"
    ) -> Row:
        mine, other = ([what(run) for run in of] for of in (runs[name], runs[PEER]))
        return compared(f"report reader, {work}", unit, mine, PEER, other, target)

    found = [
        measured(
            f"{len(timed)} reports, {name}", "reports/s", lambda r: r.per_s, at_least(50), name
        )
        for name in ours[1:]
    ]
    found += [
        measured(f"{len(timed)} reports", "reports/s", lambda r: r.per_s, at_least(50)),
        measured("p50", "ms", lambda r: r.milliseconds(0.5)),
        measured("p95", "ms", lambda r: r.milliseconds(0.95)),
        measured("memory over the interpreter", "MB", lambda r: r.kib / 1024),
        _linear(seen, scale),
    ]
    for name, lines in (("seen", seen), ("held back", held_back)):
        if lines:  # none are held back between two rounds of work
            found += _scored(name, lines, _run("marrowd", lines), _run(PEER, lines), folder)
    return found


def _lines(*files: Path) -> list[str]:
    return [line for f in files for line in f.read_text(encoding="utf-8").splitlines() if line]


def _run(reader: str, lines: list[str]) -> Run:
    python = python_of("medspacy") if reader == PEER else sys.executable
    library = str(_LIBRARY) if reader == COMPILED else environment()["PYTHONPATH"]
    done = subprocess.run(
        [python, str(HERE / "reader_run.py"), "medspacy" if reader == PEER else "marrowd"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": library, "PATH": "/usr/bin:/bin", "HOME": "/none"},
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return Run(predictions=said[:-1], kib=said[-1]["kib_over_empty"])


def _scored(name: str, lines: list[str], ours: Run, theirs: Run, folder: Path) -> list[Row]:
    mine, other = (_scores(lines, run, folder) for run in (ours, theirs))
    return [
        compared(
            f"report reader, {name}, {label}",
            "",
            [mine[key][figure]],
            PEER,
            [other[key][figure]],
            target,
        )
        for label, key, figure, target in _SCORES
    ]


def _scores(lines: list[str], run: Run, folder: Path) -> dict[str, Any]:
    gold, predicted, scores = (folder / name for name in ("gold", "predicted", "scores"))
    gold.write_text("\n".join(lines), encoding="utf-8")
    predicted.write_text("\n".join(json.dumps(p) for p in run.predictions), encoding="utf-8")
    score = [sys.executable, str(DATA / "score.py"), str(gold), str(predicted)]
    subprocess.run([*score, "--quiet", "--json", str(scores)], check=True, capture_output=True)
    return dict(json.loads(scores.read_text(encoding="utf-8")))


def _linear(lines: list[str], scale: Scale) -> Row:
    """Compare the time per kB of a text of 1 MB with one of 10 kB."""
    reports = [json.loads(line) for line in lines]
    text = "\n\n".join(r["text"] for r in reports if "expect" not in r)
    text = (text * (_SIZES[-1] // len(text) + 1))[: _SIZES[-1]]
    asked = [json.dumps({"id": str(size), "text": text[:size]}) for size in _SIZES]
    per_kb: dict[int, list[float]] = {size: [] for size in _SIZES}
    for _ in range(min(_ROUNDS, scale.rounds)):
        run = _run("marrowd", [*lines, *asked])
        for size, read in zip(_SIZES, run.predictions[-len(_SIZES) :], strict=True):
            per_kb[size].append(1e6 * read["seconds"] / size)
    work = "report reader, a kB of 1 MB"
    return compared(work, "ms", per_kb[_SIZES[-1]], "of 10 kB", per_kb[_SIZES[0]], at_most(2))
