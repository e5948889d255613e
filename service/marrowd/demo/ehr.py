"""
The stand-in EHR on the wire: a FHIR server to read from, an endpoint for cards, on loopback.

It speaks only what the service and its hooks need. `--keep` leaves it running: `GET /cards` shows
what stands in the charts.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from yarl import URL

from marrowd.demo.received import CardInbox
from marrowd.demo.records import Params, Records, Resource, UnknownSearch

HOST: Final = "127.0.0.1"
_FHIR: Final = "application/fhir+json"
_PAGE: Final = 100


class Ehr:
    """The stand-in; `url` is set while it runs."""

    def __init__(self, secret: str) -> None:
        self.url = ""
        self.records = Records()
        self.cards = CardInbox(secret)

    @property
    def fhir_url(self) -> str:
        """The base of its FHIR server."""
        return f"{self.url}/fhir"

    @property
    def cards_url(self) -> str:
        """Where it takes cards."""
        return f"{self.url}/cards"

    def app(self) -> web.Application:
        """Give the application with its routes."""
        app = web.Application()
        app.router.add_get("/fhir/metadata", self._metadata)
        app.router.add_get("/fhir/{type}", self._search)
        app.router.add_post("/fhir/{type}/_search", self._search)
        app.router.add_get("/fhir/{type}/{id}", self._read)
        app.router.add_post("/cards", self._take)
        app.router.add_get("/cards", self._show)
        return app

    async def _metadata(self, _request: web.Request) -> web.Response:
        return _json({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    async def _read(self, request: web.Request) -> web.Response:
        ref = f"{request.match_info['type']}/{request.match_info['id']}"
        resource = self.records.read(ref)
        return _outcome(404, "not-found", ref) if resource is None else _json(resource)

    async def _search(self, request: web.Request) -> web.Response:
        body = await request.text() if request.method == "POST" else ""
        params = [*request.query.items(), *parse_qsl(body)]
        kind = request.match_info["type"]
        try:
            found = self.records.search(kind, params)
        except UnknownSearch as exc:
            return _outcome(400, "not-supported", f"unknown search parameter {exc}")
        return _json(_page(found, f"{self.fhir_url}/{kind}", params))

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        at = asyncio.get_running_loop().time()
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=204 if self.cards.take(headers, body, at=at) else 401)

    async def _show(self, _request: web.Request) -> web.Response:
        patients = sorted({message.patient for message in self.cards.all()})
        return _json({patient: self.cards.standing(patient) for patient in patients})


@asynccontextmanager
async def running(ehr: Ehr) -> AsyncIterator[Ehr]:
    """Run *ehr* on a free loopback port while the block lasts."""
    runner = web.AppRunner(ehr.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        ehr.url = f"http://{HOST}:{runner.addresses[0][1]}"
        yield ehr
    finally:
        await runner.cleanup()


def bundle_of(found: list[Resource]) -> Resource:
    """Give the answer to a search."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [{"resource": resource, "search": {"mode": "match"}} for resource in found],
    }


def _page(found: list[Resource], url: str, params: Params) -> Resource:
    given = dict(params)
    size = min(int(given.get("_count", _PAGE)), _PAGE)
    start = int(given.pop("_offset", 0))
    bundle = bundle_of(found[start : start + size]) | {"total": len(found)}
    if start + size < len(found):
        kept = [(name, value) for name, value in params if name != "_offset"]
        following = URL(url).with_query([*kept, ("_offset", str(start + size))])
        bundle["link"] = [{"relation": "next", "url": str(following)}]
    return bundle


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type=_FHIR)


def _outcome(status: int, code: str, text: str) -> web.Response:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return _json({"resourceType": "OperationOutcome", "issue": [issue]}, status)
