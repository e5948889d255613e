"""
One process of the loops and two, on one PostgreSQL: cards a second, and each card once.

Events come in by a process of its own (`--roles web`), as many as there are before a worker has
made its first card; counted is from the first card to the last. The cores are shared with
PostgreSQL, the stand-ins and the load: two processes cannot be twice as fast as one on two cores.
"""

from contextlib import ExitStack
from pathlib import Path

import psycopg
from tests.bench.line import cards_brought
from tests.bench.rows import NotMeasured, Row, Scale, alternated, compared
from tests.bench.serving import serving
from tests.bench.standins import standing_in
from tests.support.postgres import new_database, running_server

_CARDS = 600


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure both."""
    count = max(100, int(_CARDS * scale.part))
    with running_server() as server:
        numbers = iter(range(1_000))

        def measure(workers: str) -> float:
            number = next(numbers)
            url = new_database(server, f"replicas{number}")
            return _per_s(folder / str(number), url, workers=int(workers), count=count)

        found = alternated(("1", "2"), scale.rounds, measure)
    work = "event to card, PostgreSQL, two processes"
    return [compared(work, "events/s", found["2"], "one process", found["1"])]


def _per_s(folder: Path, url: str, *, workers: int, count: int) -> float:
    settings = {"store": {"url": f'"{url}"'}}
    with ExitStack() as stack:
        far = stack.enter_context(standing_in())
        served = stack.enter_context(serving(folder / "web", far, roles="web", settings=settings))
        for number in range(workers):
            place = folder / f"work{number}"
            stack.enter_context(serving(place, far, roles="work", settings=settings))
        cards_brought(served, far, first=0, count=100)
        far.span_s()
        cards_brought(served, far, first=1_000_000, count=count)
        per_s = (count - 1) / far.span_s()
        _check(url, 100 + count)
    return per_s


def _check(url: str, count: int) -> None:
    """See that every patient has one card, and that it was handed over once."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT patient), max(attempts) FROM outbox"
        ).fetchone()
    if row != (count, count, 1):
        message = f"{count} patients have (messages, patients with one, attempts) = {row}"
        raise NotMeasured(message)
