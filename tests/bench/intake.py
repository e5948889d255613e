"""
Intake to a durable 204: `marrowd serve --roles web` beside one INSERT and one commit a request.

At the same durability: SQLite in WAL with synchronous=FULL, PostgreSQL as it comes. The loops that
handle events are left out here (`line.py` has them), so that both do the same work.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.emission import PEER, emission
from tests.bench.load import loaded
from tests.bench.processes import port_of
from tests.bench.rows import Row, Scale, alternated, at_least, compared
from tests.bench.serving import SOURCE, floor, serving
from tests.bench.standins import standing_in
from tests.support.hospital import lab
from tests.support.postgres import new_database, running_server

CALLERS = 32
STORES = ("SQLite", "PostgreSQL")


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare on both stores."""
    found = []
    for store in STORES:
        with _url(store, folder) as url:
            per_s = _measured(scale, folder / store, store, url)
        work = f"intake to a durable 204, {store}"
        found.append(
            compared(work, "events/s", per_s["marrowd"], "floor", per_s["floor"], at_least(1.5))
        )
        if store == STORES[0]:
            theirs = emission(scale).per_s
            found.append(compared(work, "events/s", per_s["marrowd"], PEER, theirs, at_least(5)))
    return found


@contextmanager
def _url(store: str, folder: Path) -> Iterator[str]:
    if store == "SQLite":
        yield f"sqlite:///{folder}/intake.sqlite3"
        return
    with running_server() as server:
        yield new_database(server, "marrowd")


def _measured(scale: Scale, folder: Path, store: str, url: str) -> dict[str, list[float]]:
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
        at = {"marrowd": served.port, "floor": port_of(bare, folder / "floor.log")}
        first = iter(range(0, 10**9, 10**6))  # of each run: no event comes twice

        def measure(name: str, seconds: float = scale.seconds) -> float:
            path = f"/events/{SOURCE}/Observation/IDENT"
            plan = {"callers": CALLERS, "seconds": seconds, "first": next(first)}
            return loaded(at[name], path, body, **plan, **served.events).per_s

        for name in at:
            measure(name, scale.seconds / 3)
        return alternated(("marrowd", "floor"), scale.rounds, measure)
