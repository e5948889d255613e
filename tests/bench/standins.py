"""
A FHIR server that knows little and an EHR that takes everything, in a process of their own.

Run as `python -m tests.bench.standins`: prints its port, serves until standard input ends. Their
work is then not the service's, and they keep up with it: a search costs them no search. Everybody
has one problem and one open order, none of which matters here; nothing else is ever found.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import web

_ROOT = Path(__file__).parents[2]
_PROBLEM = {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"}
_ORDER = {"system": "http://loinc.org", "code": "58410-2", "display": "CBC panel"}
_LISTED = {
    "/fhir/Condition": {"resourceType": "Condition", "code": {"coding": [_PROBLEM]}},
    "/fhir/ServiceRequest": {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"coding": [_ORDER]},
    },
}


@dataclass(frozen=True, slots=True)
class StandIns:
    """Both, seen from here."""

    at: str

    @property
    def base_url(self) -> str:
        """The FHIR server's."""
        return f"{self.at}/fhir"

    @property
    def url(self) -> str:
        """Where the EHR takes cards."""
        return f"{self.at}/cards"

    @property
    def hook(self) -> str:
        """Where notifications of a FHIR server are taken as messages are, for a peer's sake."""
        return f"{self.at}/hook"

    def until(self, count: int) -> None:
        """Wait until so many messages have been taken, each counted once."""
        urllib.request.urlopen(f"{self.at}/until/{count}", timeout=300).close()  # noqa: S310 - loopback

    def span_s(self) -> float:
        """Give the seconds from the first to the last message taken since this was asked."""
        with urllib.request.urlopen(f"{self.at}/span", timeout=30) as answer:  # noqa: S310 - loopback
            return float(answer.read())

    def taken(self) -> int:
        """Give how many messages have been taken."""
        with urllib.request.urlopen(f"{self.at}/taken", timeout=30) as answer:  # noqa: S310 - loopback
            return int(answer.read())


@contextmanager
def standing_in() -> Iterator[StandIns]:
    """Run both while the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.standins"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield StandIns(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()


def _listed(path: str, patients: str) -> bytes:
    """Give what is listed of each of *patients*, as one page."""
    one = _LISTED.get(path)
    entries = [
        {"resource": {**one, "id": f"of-{name[8:]}", "subject": {"reference": name}}}
        for name in patients.split(",")
        if one is not None and name
    ]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries}).encode()


async def _serve() -> None:
    taken: set[str] = set()
    times: list[float] = []
    more = asyncio.Condition()

    async def find(request: web.Request) -> web.Response:
        await request.read()
        found = _listed(request.path, request.query.get("patient", ""))
        return web.Response(body=found, content_type="application/fhir+json")

    async def take(request: web.Request) -> web.Response:
        await request.read()
        taken.add(request.headers.get("webhook-id", request.path))
        times.append(time.perf_counter())
        async with more:
            more.notify_all()
        return web.Response(status=204)

    async def until(request: web.Request) -> web.Response:
        async with more:
            await more.wait_for(lambda: len(taken) >= int(request.match_info["count"]))
        return web.Response(status=204)

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(len(taken))

    async def span(_: web.Request) -> web.Response:
        took = times[-1] - times[0] if times else 0.0
        times.clear()
        return web.json_response(took)

    app = web.Application()
    app.router.add_route("*", "/fhir/{rest:.*}", find)
    app.router.add_post("/cards", take)
    app.router.add_put("/hook/{rest:.*}", take)
    app.router.add_get("/until/{count}", until)
    app.router.add_get("/taken", tell)
    app.router.add_get("/span", span)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve())
