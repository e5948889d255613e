"""
Counts instructions of the workloads with callgrind and keeps a baseline of them.

    python -m tests.cost.instructions            # counts and prints
    python -m tests.cost.instructions --write    # and writes baseline.json for this Python
"""

import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINE = Path(__file__).parent / "baseline.json"
_ROOT = Path(__file__).parents[2]
_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)
_BOUND_S = 600.0  # half a minute on a quiet machine


def counted() -> dict[str, int]:
    """Give instructions by name of the work, for doing it once."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                "--dump-before=getpriority",
                sys.executable,
                "-m",
                "tests.cost.workloads",
            ],
            cwd=_ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": folder,
                "PYTHONPATH": f"{_ROOT / 'service'}:{_ROOT}",
                "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=_BOUND_S,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        times: dict[str, int] = json.loads(done.stdout)
        # A dump holds what ran since the one before: the second is the first work, the fourth the
        # second, and what lies between is getting ready.
        return {
            name: _total(Path(f"{out}.{2 * number}")) // count
            for number, (name, count) in enumerate(times.items(), start=1)
        }


def _total(dump: Path) -> int:
    found = _TOTALS.search(dump.read_text(encoding="utf-8"))
    assert found is not None, dump
    return int(found[1])


def this_python() -> str:
    """Name what counts are compared within: other versions run other instructions."""
    return ".".join(platform.python_version_tuple()[:2])


def baseline() -> dict[str, int] | None:
    """Give the counts kept for this Python, if any."""
    kept: dict[str, dict[str, int]] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return kept.get(this_python())


def main() -> None:
    """Count, print, and write when asked to."""
    found = counted()
    for name, count in found.items():
        sys.stdout.write(f"{count:>12,} instructions: {name}\n")
    if "--write" in sys.argv:
        BASELINE.write_text(json.dumps({this_python(): found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
