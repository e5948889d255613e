"""
`make bench`: every benchmark beside its peers, into one table; `make bench-NAME` one of them.

    python -m tests.bench [NAME...] [--quick] [--out build/bench]

Writes the table as Markdown, JSON and a plot of how far each target is held or missed. A row is a
ratio; figures are what this machine gave. A target that is missed is said and fails nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import footprint, growth, hooks, intake, line, reader, replicas, screening
from tests.bench.processes import ROOT
from tests.bench.rows import QUICK, WHOLE, NotMeasured, Row, Scale
from tests.bench.table import markdown, write

Benchmark = Callable[[Scale, Path], list[Row]]
ALL: dict[str, Benchmark] = {
    "hooks": hooks.rows,
    "reader": reader.rows,
    "intake": intake.rows,
    "line": line.rows,
    "replicas": replicas.rows,
    "growth": growth.rows,
    "screening": screening.rows,
    "footprint": footprint.rows,
}


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(ALL)}")
    parser.add_argument("--quick", action="store_true", help="small, to see that it runs")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(ALL)
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there is {', '.join(ALL)}")
    scale = QUICK if chosen.quick else WHOLE
    found: list[Row] = []
    missing: dict[str, str] = {}
    for name in chosen.names or ALL:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                found += ALL[name](scale, Path(folder))
            except NotMeasured as error:
                missing[name] = str(error)
        sys.stderr.write(f"{name}: {time.monotonic() - begun:.0f} s\n")
        write(chosen.out, found, missing)  # so that what fails later takes nothing along
    sys.stdout.write(markdown(found, missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
