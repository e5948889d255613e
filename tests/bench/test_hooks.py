"""
Hooks against their floor, in one run: how much of what the machine can do is left for the caller.

The floor is a bare aiohttp handler that parses the same body with orjson, does one read through the
same store and gives back the same bytes. Both are loaded in turn, closed loop, by a second process;
what counts is the ratio, since the machine's speed is in both.
"""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from statistics import median
from threading import Event, Thread
from typing import Any

import orjson
import pytest
import uvloop
from aiohttp import web
from tests.support.hook_calls import PATIENT_VIEW, a_call, bundle, hooks_running, level, mri

from marrowd.store.protocols import Store

pytestmark = pytest.mark.benchmark
ROUNDS, SECONDS, CALLERS = 5, 2.0, 8
AT_LEAST = 0.6  # of the floor's throughput


def floor_over(store: Store) -> web.Application:
    """Give the floor: no middleware, one read of *store*."""
    answer: list[bytes] = []

    async def floor(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        await store.standing("hospital", "Patient/p1", "")
        return web.Response(body=answer[0], content_type="application/json")

    async def set_answer(request: web.Request) -> web.Response:
        answer[:] = [await request.read()]
        return web.Response()

    bare = web.Application(client_max_size=10_000_000)
    bare.router.add_post("/call", floor)
    bare.router.add_put("/answer", set_answer)
    return bare


def prefetch_of_25(size: int = 30_000) -> dict[str, Any]:
    """About 30 kB: twenty results, four reports, a patient."""
    filler = "The tendons and ligaments are intact. " * 22
    levels = [level(f"lab{n}", 14 + n, day=f"2025-{n % 12 + 1:02d}-10") for n in range(20)]
    reports = [
        mri(f"mri{n}", f"FINDINGS: {filler} Marrow edema in the left talus.", day=f"2026-01-1{n}")
        for n in range(4)
    ]
    sent = {
        "patient": {"resourceType": "Patient", "id": "p1"},
        "vitaminD": bundle(*levels),
        "reports": bundle(*reports),
        "studies": None,
        "problems": None,
        "orders": None,
    }
    missing = size - len(json.dumps(sent))
    sent["patient"]["text"] = {"status": "generated", "div": "x" * max(0, missing)}
    return sent


@contextmanager
def serving(folder: Path) -> Iterator[Callable[[str], str]]:
    """Serve hooks and floor from a thread with the loop of production."""
    addresses: Queue[tuple[str, str]] = Queue()
    ended = Event()

    async def serve() -> None:
        async with hooks_running(folder) as bench:
            await bench.keep(level(), mri())
            runner = web.AppRunner(floor_over(bench.store))
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            hooks = str(bench.client.make_url("")).rstrip("/")
            addresses.put((hooks, f"http://127.0.0.1:{port}"))
            await asyncio.to_thread(ended.wait)
            await runner.cleanup()

    thread = Thread(target=uvloop.run, args=(serve(),))
    thread.start()
    try:
        hooks, floor = addresses.get(timeout=30)
        yield lambda which: f"{hooks}{PATIENT_VIEW}" if which == "hooks" else f"{floor}/call"
    finally:
        ended.set()
        thread.join()


LOAD = """
import asyncio, json, sys, time, uuid
import aiohttp, uvloop
url, seconds, callers, body = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.stdin.read()
async def caller(session, end, times):
    while time.perf_counter() < end:
        data = body.replace("HOOK-INSTANCE", str(uuid.uuid4())).encode()
        begun = time.perf_counter()
        async with session.post(url, data=data, headers={"Content-Type": "application/json"}) as a:
            await a.read()
            assert a.status == 200, a.status
        times.append(time.perf_counter() - begun)
async def main():
    times = []
    async with aiohttp.ClientSession() as session:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(caller(session, end, times) for _ in range(callers)))
    times.sort()
    print(json.dumps([len(times) / seconds, times[len(times) // 2], times[len(times) * 99 // 100]]))
uvloop.run(main())
"""


def loaded(url: str, body: str) -> tuple[float, float, float]:
    """Give requests a second, median and 99th percentile seconds, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, url, str(SECONDS), str(CALLERS)],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    )
    rate, middle, late = json.loads(done.stdout)
    return rate, middle, late


@pytest.mark.parametrize("what", ["stored evidence", "prefetch of 30 kB"])
def test_hooks_against_the_floor(tmp_path, what):
    call = a_call(hookInstance="HOOK-INSTANCE", fhirServer="https://fhir.example.org/r4")
    if what != "stored evidence":
        call["prefetch"] = prefetch_of_25()
    body = json.dumps(call)
    with serving(tmp_path) as url_of:
        answer = _first_answer(url_of("hooks"), body)
        _put(url_of("floor").replace("/call", "/answer"), answer)
        measured: dict[str, list[tuple[float, float, float]]] = {"hooks": [], "floor": []}
        for number in range(ROUNDS):
            order = ("hooks", "floor") if number % 2 else ("floor", "hooks")
            for which in order:
                measured[which].append(loaded(url_of(which), body))
    ratio = median(h[0] / f[0] for h, f in zip(measured["hooks"], measured["floor"], strict=True))
    late = median(h[2] / f[2] for h, f in zip(measured["hooks"], measured["floor"], strict=True))
    for which, rows in measured.items():
        rate, middle, last = (median(row[n] for row in rows) for n in range(3))
        print(f"{what}: {which} {rate:.0f}/s, p50 {middle * 1e3:.2f} ms, p99 {last * 1e3:.2f} ms")
    print(f"{what}: throughput {ratio:.2f} of the floor's, p99 {late:.2f} of the floor's")

    assert ratio >= AT_LEAST


def _first_answer(url: str, body: str) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - our own listener
        url,
        data=body.replace("HOOK-INSTANCE", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea").encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return bytes(answer.read())


def _put(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, data=body, method="PUT")  # noqa: S310
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
