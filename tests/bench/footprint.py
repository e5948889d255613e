"""
What it takes to have it there: time to be ready, memory when idle, size and parts when installed.

Beside a minimal HealthChain application that answers the same hook (`peers/healthchain_cards.py`);
marrowd is the whole service, with both listeners, its store and its loops.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.hooks import healthchain
from tests.bench.peers_ready import python_of, size_of
from tests.bench.processes import environment, rss_mb
from tests.bench.rows import Row, Scale, alternated, at_most, compared
from tests.bench.serving import serving
from tests.bench.standins import standing_in
from tests.support.resources import lab, mri

PEER = "HealthChain"
_IDLE_S = 1.0
_HALF = at_most(0.5)


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare all four, and the start of the command line."""
    cards = folder / "cards.json"
    cards.write_text(json.dumps({"cards": []}), encoding="utf-8")
    numbers = iter(range(1000))
    ready: dict[str, list[float]] = {"marrowd": [], PEER: []}

    with standing_in() as far:

        def measure(name: str) -> float:
            """Give the memory when idle; the time to be ready is noted on the way."""
            begun = time.perf_counter()
            if name == PEER:
                with healthchain(folder, cards) as (process, _):
                    ready[name].append(time.perf_counter() - begun)
                    time.sleep(_IDLE_S)
                    return rss_mb(process.pid)
            with serving(folder / f"service{next(numbers)}", far) as served:
                ready[name].append(time.perf_counter() - begun)
                time.sleep(_IDLE_S)
                return rss_mb(served.pid)

        memory = alternated(("marrowd", PEER), scale.rounds + 1, measure)
    parts, size = size_of(sys.executable, "marrowd")
    their_parts, their_size = size_of(python_of("healthchain"), "healthchain")
    return [
        compared("cold start to ready", "s", ready["marrowd"][1:], PEER, ready[PEER][1:], _HALF),
        compared("memory when idle", "MB", memory["marrowd"][1:], PEER, memory[PEER][1:], _HALF),
        compared("installed size", "MB", [size], PEER, [their_size], _HALF),
        compared("distributions", "installed", [parts], PEER, [their_parts], _HALF),
        _command(scale, folder),
    ]


def _command(scale: Scale, folder: Path) -> Row:
    """Compare a whole run of the command line with an interpreter that does nothing."""
    one = folder / "one.ndjson"
    one.write_text(json.dumps(lab("o1")) + "\n" + json.dumps(mri("r1")) + "\n", encoding="utf-8")
    commands = {"marrowd": ["-m", "marrowd", "screen", str(one)], "python": ["-c", "pass"]}

    def measure(name: str) -> float:
        begun = time.perf_counter()
        command = [sys.executable, *commands[name]]
        subprocess.run(command, check=True, capture_output=True, env=environment())
        return (time.perf_counter() - begun) * 1e3

    found = alternated(tuple(commands), scale.rounds, measure)
    work = "marrowd screen, one patient, start included"
    return compared(work, "ms", found["marrowd"], "python -c pass", found["python"])
