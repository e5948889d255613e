"""
Intake to a durable 204: `marrowd serve --roles web` beside one INSERT and one commit a request.

At the same durability: SQLite in WAL with synchronous=FULL, PostgreSQL as it comes. The loops that
handle events are left out here (`line.py` has them), so that both do the same work. How long a
server waits for its 204 is measured at the rate that HAPI emits at, asked on time.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.bench.emission import PEER, emission
from tests.bench.load import Loaded, loaded
from tests.bench.processes import port_of
from tests.bench.rows import Row, Scale, alternated, at_least, at_most, compared
from tests.bench.serving import SOURCE, floor, serving
from tests.bench.standins import standing_in
from tests.support.hospital import lab
from tests.support.postgres import new_database, running_server

CALLERS = 32
STORES = ("SQLite", "PostgreSQL")
OURS, FLOOR = "marrowd", "floor"
LATE_MS = 50.0  # what the slowest 204 in a hundred may take: the objective of hooks


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare on both stores."""
    found = []
    theirs = emission(scale).per_s
    for store in STORES:
        with _url(store, folder) as url:
            closed, on_time = _measured(scale, folder / store, store, url, median(theirs))
        work = f"intake to a durable 204, {store}"
        per_s = {name: [load.per_s for load in loads] for name, loads in closed.items()}
        found.append(compared(work, "events/s", per_s[OURS], FLOOR, per_s[FLOOR], at_least(1.5)))
        if store == STORES[0]:
            found.append(compared(work, "events/s", per_s[OURS], PEER, theirs, at_least(5)))
        late = {name: [load.late_s * 1e3 for load in loads] for name, loads in on_time.items()}
        work = f"{work}: p99 at {median(theirs):.0f}/s"
        bound = [LATE_MS] * len(late[OURS])
        found.append(compared(work, "ms", late[OURS], "objective", bound, at_most(1)))
        found.append(compared(work, "ms", late[OURS], FLOOR, late[FLOOR]))
    return found


@contextmanager
def _url(store: str, folder: Path) -> Iterator[str]:
    if store == "SQLite":
        yield f"sqlite:///{folder}/intake.sqlite3"
        return
    with running_server() as server:
        yield new_database(server, "marrowd")


def _measured(
    scale: Scale, folder: Path, store: str, url: str, rate: float
) -> tuple[dict[str, list[Loaded]], dict[str, list[Loaded]]]:
    """Give loads by callers who ask as soon as they are answered, and on time at *rate*."""
    folder.mkdir()
    where = url if store == "PostgreSQL" else str(folder / "floor.sqlite3")
    body = json.dumps(
        {**lab("IDENT", "Patient/1", at=datetime.now(UTC)), "meta": {"versionId": "1"}}
    )
    settings = {"store": {"url": f'"{url}"'}}
    with (
        standing_in() as far,
        serving(folder / "service", far, roles="web", settings=settings) as served,
        floor(folder, store.lower(), where) as bare,
    ):
        at = {OURS: served.port, FLOOR: port_of(bare, folder / "floor.log")}
        first = iter(range(0, 10**9, 10**6))  # of each run: no event comes twice

        def measure(name: str, **how: float) -> Loaded:
            path = f"/events/{SOURCE}/Observation/IDENT"
            plan = {"callers": CALLERS, "seconds": scale.seconds, "first": next(first)} | how
            return loaded(at[name], path, body, **plan, **served.events)

        for name in at:
            measure(name, seconds=scale.seconds / 3)
        names = (OURS, FLOOR)
        return (
            alternated(names, scale.rounds, measure),
            alternated(names, scale.rounds, lambda name: measure(name, rate=rate)),
        )
