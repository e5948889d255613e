"""
`make bench-reader`: marrowd's reader and the medspaCy baseline over the same reports, in one run.

Runs are interleaved (A B A B ...), each in a process of its own; the ratio of medians is the result
and absolute figures are context. Scores come from tests/data/score.py, for the reports the reader
was built on and for those held back from its author (docs/adr/0005-report-reader.md).
"""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT / "tests" / "data"
PEER_HOME = ROOT / ".venv" / "peers" / "medspacy"
REPEATS = 3
ROWS = (
    ("report_positive F1", "report_positive", "f1"),
    ("precision, ordinary reports", "report_positive:real", "precision"),
    ("(bone, certainty) F1", "bone,certainty", "f1"),
    ("(bone, side, certainty) F1", "bone,laterality,certainty", "f1"),
    ("historical F1", "certainty:historical", "f1"),
    ("possible F1", "certainty:possible", "f1"),
    ("negated F1", "certainty:negated", "f1"),
)


@dataclass(frozen=True)
class Run:
    """One process over one set of reports."""

    predictions: list[dict]
    kib: int

    @property
    def per_second(self) -> float:
        """Reports a second, the reading alone."""
        return len(self.predictions) / sum(p["seconds"] for p in self.predictions)

    def milliseconds(self, quantile: float) -> float:
        """A quantile of the time a report took."""
        times = sorted(p["seconds"] for p in self.predictions)
        return 1000 * times[min(len(times) - 1, int(quantile * len(times)))]


def main() -> None:
    """Measure and print."""
    peer = _peer_python()
    sets = {
        "seen": [
            DATA / "reports-dev.jsonl",
            *sorted((ROOT / "tests/spec/reports").glob("*.jsonl")),
        ],
        "held back": sorted((ROOT / "tests/spec/held_back").glob("*.jsonl")),
    }
    for name, files in sets.items():
        lines = [line for f in files for line in f.read_text(encoding="utf-8").splitlines() if line]
        runs: dict[str, list[Run]] = {"marrowd": [], "medspacy": []}
        for _ in range(REPEATS):
            runs["marrowd"].append(_run(sys.executable, "marrowd", lines))
            runs["medspacy"].append(_run(peer, "medspacy", lines))
        _print(name, lines, runs)
    _print_linearity(sets["seen"])


def _peer_python() -> str:
    python = PEER_HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER_HOME)], check=True)
        lock = HERE / "peers" / "medspacy.lock"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run(pip, check=True)
    return str(python)


def _run(python: str, reader: str, lines: list[str]) -> Run:
    done = subprocess.run(
        [python, str(HERE / "reader_run.py"), reader],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "service"), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return Run(predictions=rows[:-1], kib=rows[-1]["kib_over_empty"])


def _scores(lines: list[str], run: Run) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        gold, predicted, scores = (Path(folder) / n for n in ("gold", "predicted", "scores"))
        gold.write_text("\n".join(lines), encoding="utf-8")
        predicted.write_text("\n".join(json.dumps(p) for p in run.predictions), encoding="utf-8")
        subprocess.run(
            [sys.executable, str(DATA / "score.py"), str(gold), str(predicted), "--quiet",
             "--json", str(scores)],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return json.loads(scores.read_text())


def _print(name: str, lines: list[str], runs: dict[str, list[Run]]) -> None:
    scores = {reader: _scores(lines, of[0]) for reader, of in runs.items()}
    speed = {reader: statistics.median(r.per_second for r in of) for reader, of in runs.items()}
    expected = [json.loads(line) for line in lines if json.loads(line).get("expect")]
    refused = {p["id"] for p in runs["marrowd"][0].predictions if p["reason"]}
    print(f"\n## {name}: {len(lines)} reports\n\n| | medspaCy | marrowd |\n|---|---|---|")
    for label, key, figure in ROWS:
        ours, theirs = scores["marrowd"][key][figure], scores["medspacy"][key][figure]
        print(f"| {label} | {theirs:.3f} | {ours:.3f} |")
    said = sum(r["id"] in refused for r in expected)
    print(f"| unreadable ones said aloud | 0/{len(expected)} | {said}/{len(expected)} |")
    print(f"| reports a second | {speed['medspacy']:.0f} | {speed['marrowd']:.0f} |")
    print(f"| ratio | 1 | {speed['marrowd'] / speed['medspacy']:.0f} |")
    for label, quantile in (("p50 ms", 0.5), ("p95 ms", 0.95), ("worst ms", 1.0)):
        theirs, ours = (
            statistics.median(r.milliseconds(quantile) for r in runs[reader])
            for reader in ("medspacy", "marrowd")
        )
        print(f"| {label} | {theirs:.2f} | {ours:.2f} |")
    theirs, ours = (min(r.kib for r in runs[k]) / 1024 for k in ("medspacy", "marrowd"))
    print(f"| MB over the empty interpreter | {theirs:.0f} | {ours:.0f} |")


def _print_linearity(files: list[Path]) -> None:
    reports = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    text = "\n\n".join(r["text"] for r in reports if "expect" not in r)
    text = (text * (1_000_000 // len(text) + 1))[:1_000_000]
    sizes = (1_000, 10_000, 100_000, 200_000, 1_000_000)
    warm = [json.dumps({"id": f"warm {i}", "text": r["text"]}) for i, r in enumerate(reports)]
    lines = [json.dumps({"id": f"{size}", "text": text[:size]}) for size in sizes]
    run = _run(sys.executable, "marrowd", [*warm, *lines])
    print("\n## time per kB\n\n| size | ms per kB |\n|---|---|")
    for size, row in zip(sizes, run.predictions[-len(sizes) :], strict=True):
        print(f"| {size // 1000} kB | {1e6 * row['seconds'] / size:.3f} |")


if __name__ == "__main__":
    main()
