"""
The line against its floor: intake beside a bare handler, and events beside the cards they become.

The floor of the intake is a bare aiohttp handler that does one INSERT per request and answers 204
once it is durable, at the same durability (SQLite: WAL with synchronous=FULL; PostgreSQL: its own
default). Both are loaded in turn by a second process with 32 clients; what counts is the ratio. The
whole line runs with its FHIR server and EHR in another process; what an event costs them, and the
database, is counted too (`tests/unit/work/test_costs.py` holds it).
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import Queue
from statistics import median
from threading import Event, Thread
from time import perf_counter
from typing import Any

import aiohttp
import psycopg
import pytest
import uvloop
from aiohttp import web
from tests.bench.standins import standing_in
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import lab, report
from tests.support.loops import build_line
from tests.support.statements import counted
from tests.support.store import NOON, some_metrics

from marrowd.store.open import open_store
from marrowd.telemetry.logging import configure_logging
from marrowd.web.answers import answering
from marrowd.web.events import Intake

pytestmark = pytest.mark.benchmark
ROUNDS, SECONDS, CLIENTS = 3, 3.0, 32
SECRET = "a-secret-of-some-length"
AT_LEAST = 1.5  # times the floor's rate
EDEMA = "MRI left foot. Findings: marrow edema in the left talus."

LOAD = """
import asyncio, json, sys, time
import aiohttp, uvloop
url, seconds, clients, begin, body = (
    sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.stdin.read())
headers = {"Content-Type": "application/fhir+json", "Authorization": "Bearer SECRET"}
numbers = iter(range(begin, 10**9))
async def client(session, end, times):
    while time.perf_counter() < end:
        ident = str(next(numbers))
        data = body.replace("IDENT", ident).encode()
        begun = time.perf_counter()
        async with session.put(url + ident, data=data, headers=headers) as answer:
            await answer.read()
            assert answer.status == 204, answer.status
        times.append(time.perf_counter() - begun)
async def main():
    times = []
    async with aiohttp.ClientSession() as session:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(client(session, end, times) for _ in range(clients)))
    times.sort()
    print(json.dumps([len(times) / seconds, times[len(times) // 2], times[len(times) * 99 // 100]]))
uvloop.run(main())
""".replace("SECRET", SECRET)

Insert = Callable[[str, bytes], Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database with our schema."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("migrated_postgres_url"))
    return f"sqlite:///{tmp_path}/line.db"


class SqliteFloor:
    """One INSERT and one commit a request, on a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE event (key TEXT PRIMARY KEY, payload BLOB)")

    async def open(self) -> None:
        """Nothing is left to open."""

    async def insert(self, key: str, payload: bytes) -> None:
        """Keep one event."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, key, payload)

    def _insert(self, key: str, payload: bytes) -> None:
        with self._connection:
            self._connection.execute("INSERT INTO event VALUES (?, ?)", (key, payload))

    async def close(self) -> None:
        """Let go."""
        self._thread.shutdown()
        self._connection.close()


class PostgresFloor:
    """One INSERT, committed by itself, a request, on a pool of connections."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE event (key TEXT PRIMARY KEY, payload BYTEA)")

    async def open(self) -> None:
        """Open as many connections as the store has."""
        self._free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()
        for _ in range(8):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            self._free.put_nowait(connection)

    async def insert(self, key: str, payload: bytes) -> None:
        """Keep one event."""
        connection = await self._free.get()
        try:
            await connection.execute("INSERT INTO event VALUES (%s, %s)", (key, payload))
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Let go."""
        while not self._free.empty():
            await self._free.get_nowait().close()


@contextmanager
def serving(url: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """Serve intake and floor from a thread with the loop of production."""
    ports: Queue[tuple[int, int]] = Queue()
    ended = Event()

    async def serve() -> None:
        store = open_store(url)
        await store.open()
        is_sqlite = url.startswith("sqlite")
        bare = SqliteFloor(folder / "floor.db") if is_sqlite else PostgresFloor(url)
        await bare.open()

        async def floor(request: web.Request) -> web.Response:
            await bare.insert(request.path, await request.read())
            return web.Response(status=204)

        intake_app, floor_app = web.Application(middlewares=[answering]), web.Application()
        intake = Intake(
            inbox=store,
            secrets={"hospital": [SECRET]},
            metrics=some_metrics(),
            wake=lambda: None,
            clock=lambda: NOON,
        )
        intake.add_routes(intake_app)
        floor_app.router.add_put("/events/hospital/Observation/{id}", floor)
        runners = [web.AppRunner(app, access_log=None) for app in (intake_app, floor_app)]
        found = []
        for runner in runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            found.append(runner.addresses[0][1])
        ports.put((found[0], found[1]))
        await asyncio.to_thread(ended.wait)
        for runner in runners:
            await runner.cleanup()
        await bare.close()
        await store.close()

    thread = Thread(target=uvloop.run, args=(serve(),))
    thread.start()
    try:
        intake_port, floor_port = ports.get(timeout=30)
        at = {"intake": intake_port, "floor": floor_port}
        yield lambda which: f"http://127.0.0.1:{at[which]}/events/hospital/Observation/"
    finally:
        ended.set()
        thread.join()


def loaded(url: str, begin: int) -> tuple[float, float, float]:
    """Give events a second, median and 99th percentile seconds, from a process of its own."""
    body = json.dumps({**lab("IDENT", "Patient/1", at=NOON), "meta": {"versionId": "1"}})
    done = subprocess.run(
        [sys.executable, "-c", LOAD, url, str(SECONDS), str(CLIENTS), str(begin)],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    )
    rate, middle, late = json.loads(done.stdout)
    return rate, middle, late


def test_intake_against_the_floor(url: str, tmp_path: Path) -> None:
    measured: dict[str, list[tuple[float, float, float]]] = {"intake": [], "floor": []}
    with serving(url, tmp_path) as url_of:
        for number in range(ROUNDS):
            for which in ("intake", "floor") if number % 2 else ("floor", "intake"):
                measured[which].append(loaded(url_of(which), number * 1_000_000))
    kind = url.partition(":")[0]
    for which, rows in measured.items():
        rate, middle, late = (median(row[n] for row in rows) for n in range(3))
        print(f"{kind}: {which} {rate:.0f}/s, p50 {middle * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms")
    ratio = median(i[0] / f[0] for i, f in zip(measured["intake"], measured["floor"], strict=True))
    print(f"{kind}: {ratio:.2f} times the floor")

    assert ratio >= AT_LEAST


async def test_events_become_cards(url: str) -> None:
    """Reports are there already; a result for each patient makes a card."""
    count = 600
    configure_logging(as_json=True, level="error")
    store = open_store(url)
    await store.open()
    with standing_in() as far:
        server, ehr = FhirServer(), Ehr()  # not run: they write versions and say where the far are
        server.base_url, ehr.url = far.base_url, far.url
        async with aiohttp.ClientSession() as session:
            line = build_line(server, ehr, store, session, has_sweeps=False)
            line.task = asyncio.create_task(line.worker.run(line.stop))
            day = NOON - timedelta(days=9)
            reports, results = [], []
            for number in range(count):
                [mri] = report(f"r{number}", f"Patient/{number}", text=EDEMA, at=day)
                reports.append(server.put(mri))
                results.append(server.put(lab(f"o{number}", f"Patient/{number}", at=day)))
            await line.arrive(*reports)
            await line.idle(timeout_s=120)

            before = await far.asked(session)
            with counted() as statements:
                begun = perf_counter()
                # One commit: what is measured is the way from the inbox to the EHR.
                await line.arrive(*results)
                await far.until(session, cards=count)
                took_s = perf_counter() - begun
            asked = await far.asked(session) - before

            lags = []
            for number in range(20):
                idle = perf_counter()
                one = lab(f"o{number}", f"Patient/{number}", at=day, value=9)
                await line.arrive(server.put(one))
                await far.until(session, cards=count + number + 1)
                lags.append(perf_counter() - idle)
            line.stop.set()
            await line.task
    await store.close()
    kind = url.partition(":")[0]
    print(f"{kind}: {count / took_s:.0f} cards/s, idle lag p50 {median(lags) * 1e3:.0f} ms")
    each = ", ".join(f"{name} {number / count:.2f}" for name, number in sorted(asked.items()))
    print(f"{kind}: asked of the FHIR server for each card: {each}")
    print(f"{kind}: {len(statements) / count:.1f} statements a card")

    assert median(lags) < 0.25
