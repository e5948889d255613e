"""
Whether memory grows with the events that have passed: `python -m tests.bench.endurance`.

Sends MARROWD_BENCH_EVENTS low results (20,000; 500,000 is a hospital's years), each of a patient of
its own, to the running service on SQLite in ten parts, waits for each to be handled, and prints
rate and resident memory. No part of `make bench`: its figure is a slope, and it has no peer.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.line import CALLERS, depth, versioned
from tests.bench.load import loaded
from tests.bench.processes import rss_mb, until
from tests.bench.serving import SOURCE, serving
from tests.bench.standins import standing_in
from tests.support.hospital import lab

_PARTS = 10


def measured(events: int, folder: Path) -> Iterator[tuple[int, float, float]]:
    """Give, after each part, how many events have passed, events a second, and megabytes."""
    day = datetime.now(UTC) - timedelta(days=9)
    body = versioned(lab("oIDENT", "Patient/IDENT", at=day))
    part = max(1, events // _PARTS)
    with standing_in() as far, serving(folder, far) as served:
        for number in range(_PARTS):
            begun = time.perf_counter()
            plan = {"callers": CALLERS, "count": part, "first": number * part, "seconds": 3_600.0}
            path = f"/events/{SOURCE}/Observation/oIDENT"
            loaded(served.port, path, body, **plan, **served.events)
            until(lambda: depth(served) == 0, "every event is handled", within_s=3_600)
            per_s = part / (time.perf_counter() - begun)
            yield (number + 1) * part, per_s, rss_mb(served.pid)


def main() -> None:
    """Print a line a part."""
    events = int(os.environ.get("MARROWD_BENCH_EVENTS", "20000"))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for passed, per_s, megabytes in measured(events, Path(folder) / "service"):
            sys.stdout.write(f"{passed:>9,} events  {per_s:>6.0f}/s  {megabytes:>6.1f} MB\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
