"""
A small FHIR server in memory, honest on the wire, with faults on demand.

It speaks what the service asks of a server: read, search (by the parameters the service uses, GET
and POST, in pages), create, update, delete, Binary. Faults are set per path prefix: a status, a
delay, a redirect, a body that never ends, a dropped connection.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

Resource = dict[str, Any]
Params = list[tuple[str, str]]
_FHIR = "application/fhir+json"
_REFERENCES = {
    "subject": ("subject",),
    "patient": ("subject", "patient"),
    "based-on": ("basedOn",),
    "basedon": ("basedOn",),
    "result": ("result",),
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens instead of an answer, `times` times."""

    prefix: str  # of the path after the base, such as "/Binary"
    times: int = 1_000_000
    method: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0  # with neither status nor another fault: late, then the true answer
    is_endless: bool = False
    is_dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class FhirServer:
    """The server's state; `base_url` is set once it runs."""

    def __init__(self, *, page_size: int = 50, start: datetime | None = None) -> None:
        self.base_url = ""
        self.page_size = page_size
        self.resources: dict[str, Resource] = {}
        self.deleted: set[str] = set()
        self.versions: list[tuple[datetime, Resource]] = []  # history entries, oldest first
        self.offers_history = False
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.wraps_binaries = False
        self.sorts = True
        self.shortens: frozenset[str] = frozenset()  # of "_elements" and "_summary", those it heeds
        self.refuses: frozenset[str] = frozenset()  # parameters of a search that it answers 400
        self.unsubscribable: set[str] = set()  # types that no Subscription may be to: 422
        self.takes_lists = True  # "a,b" as a or b; else as one odd id
        self.next_base: str | None = None  # where "next" links point instead
        self.endless = False  # each page links to the same one, under another name
        self.now = start or datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._serial = 1000
        self._pages: dict[str, list[Resource]] = {}

    def put(self, resource: Mapping[str, Any]) -> Resource:
        """Write a resource as a client would: a new version, a later `lastUpdated`."""
        ref = f"{resource['resourceType']}/{resource['id']}"
        before = self.resources.get(ref, {}).get("meta", {}).get("versionId", "0")
        self.now += timedelta(seconds=1)
        meta = {
            **resource.get("meta", {}),
            "versionId": str(int(before) + 1),
            "lastUpdated": self.now.isoformat(timespec="milliseconds"),
        }
        stored = {**resource, "meta": meta}
        self.resources[ref] = stored
        self.deleted.discard(ref)
        entry = {"resource": stored, "request": {"method": "PUT", "url": ref}}
        self.versions.append((self.now, entry))
        return stored

    def remove(self, ref: str) -> None:
        """Delete a resource: 410 from now on."""
        self.resources.pop(ref, None)
        self.deleted.add(ref)
        self.now += timedelta(seconds=1)
        request = {"method": "DELETE", "url": ref}
        at = self.now.isoformat(timespec="milliseconds")
        self.versions.append((self.now, {"request": request, "response": {"lastModified": at}}))

    def asked(self, prefix: str) -> list[Seen]:
        """Give the requests whose path begins with *prefix*."""
        return [s for s in self.seen if s.path.startswith(prefix)]

    def of_type(self, resource_type: str) -> list[Resource]:
        """Give what is stored of a type."""
        return [r for ref, r in self.resources.items() if ref.startswith(f"{resource_type}/")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, or act out a fault."""
        path = request.path.removeprefix("/fhir") or "/"
        body = await request.read()
        headers = {k.title(): v for k, v in request.headers.items()}
        self.seen.append(
            Seen(
                method=request.method,
                path=path,
                query=request.query_string,
                headers=headers,
                body=body,
            )
        )
        for fault in self.faults:
            is_meant = fault.method in (None, request.method) and path.startswith(fault.prefix)
            if is_meant and fault.times > 0:
                fault.times -= 1
                answer = await _act_out(fault, request)
                if answer is not None:
                    return answer
        return self._answer(request, path, body)

    def _answer(  # noqa: C901, PLR0911 - a table
        self, request: web.Request, path: str, body: bytes
    ) -> web.Response:
        query = list(request.query.items())
        parts = path.strip("/").split("/")
        match request.method, parts:
            case "GET", ["metadata"]:
                return _json(self._capabilities())
            case "GET", [resource_type, "_history"] if self.offers_history:
                return self._history(resource_type, request.query["_since"])
            case "GET", [""]:
                return self._page(request.query["_getpages"])
            case "POST", [resource_type, "_search"]:
                return self._search(resource_type, parse_qsl(body.decode()))
            case "GET", [resource_type]:
                return self._search(resource_type, query)
            case "POST", [resource_type]:
                condition = request.headers.get("If-None-Exist")
                return self._create(resource_type, json.loads(body), condition)
            case "GET", ["Binary", rid]:
                return self._binary(f"Binary/{rid}")
            case "GET", [resource_type, rid]:
                return self._read(f"{resource_type}/{rid}")
            case "PUT", [resource_type, rid]:
                stored = self.put({**json.loads(body), "resourceType": resource_type, "id": rid})
                return _json(stored)
            case "DELETE", [resource_type, rid]:
                self.remove(f"{resource_type}/{rid}")
                return web.Response(status=204)
            case _:
                return web.Response(status=405)

    def _capabilities(self) -> Resource:
        interaction = [{"code": "read"}, {"code": "search-type"}]
        if self.offers_history:
            interaction.append({"code": "history-type"})
        types = ("Observation", "ImagingStudy", "DiagnosticReport")
        resources = [{"type": name, "interaction": interaction} for name in types]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [{"mode": "server", "resource": resources}],
        }

    def _history(self, resource_type: str, since: str) -> web.Response:
        start = datetime.fromisoformat(since)
        entries = [
            entry
            for at, entry in reversed(self.versions)
            if at >= start and entry["request"]["url"].startswith(f"{resource_type}/")
        ]
        return _json({"resourceType": "Bundle", "type": "history", "entry": entries})

    def _read(self, ref: str) -> web.Response:
        if ref in self.resources:
            return _json(self.resources[ref])
        return _json({"resourceType": "OperationOutcome"}, 410 if ref in self.deleted else 404)

    def _binary(self, ref: str) -> web.Response:
        if ref not in self.resources or self.wraps_binaries:
            return self._read(ref)
        binary = self.resources[ref]
        return web.Response(
            body=base64.b64decode(binary["data"]), content_type=binary["contentType"]
        )

    def _create(self, resource_type: str, new: Resource, condition: str | None) -> web.Response:
        if condition is not None:
            found = [r for r in self.of_type(resource_type) if _fits(r, parse_qsl(condition))]
            if found:
                return self._located(found[0], 200)
        if resource_type == "Subscription" and new["criteria"].split("?")[0] in self.unsubscribable:
            return _json({"resourceType": "OperationOutcome"}, 422)
        self._serial += 1
        return self._located(
            self.put({**new, "resourceType": resource_type, "id": str(self._serial)}), 201
        )

    def _located(self, stored: Resource, status: int) -> web.Response:
        version = stored["meta"]["versionId"]
        place = f"{self.base_url}/{stored['resourceType']}/{stored['id']}/_history/{version}"
        return _json(stored, status, {"Location": place})

    def _search(self, resource_type: str, params: Params) -> web.Response:
        if self.refuses & dict(params).keys():
            return _json({"resourceType": "OperationOutcome"}, 400)
        found = [r for r in self.of_type(resource_type) if _fits(r, params)]
        if not self.takes_lists and "," in dict(params).get("patient", ""):
            found = []
        if dict(params).get("_sort") == "_lastUpdated" and self.sorts:
            found.sort(key=lambda r: str(r["meta"]["lastUpdated"]))
        if self.shortens & dict(params).keys():
            found = [{name: r[name] for name in ("resourceType", "id", "meta")} for r in found]
        size = min(self.page_size, int(dict(params).get("_count", self.page_size)))
        self._serial += 1
        name = f"s{self._serial}"
        chunks = [found[i : i + size] for i in range(0, len(found), size)] or [[]]
        for number, chunk in enumerate(chunks):
            self._pages[f"{name}.{number}"] = chunk
        return self._page(f"{name}.0")

    def _page(self, name: str) -> web.Response:
        stem, _, number = name.partition(".")
        following = f"{stem}.{int(number) + 1}"
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": f"{self.base_url}?_getpages={name}"}],
            "entry": [
                {"resource": r, "search": {"mode": "match"}} for r in self._pages.get(name, [])
            ],
        }
        if self.endless:
            self._pages[following] = self._pages[name]
        if following in self._pages:
            base = self.next_base or self.base_url
            bundle["link"].append({"relation": "next", "url": f"{base}?_getpages={following}"})
        return _json(bundle)


async def _act_out(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.is_dropped:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    if fault.is_endless:
        response = web.StreamResponse(headers={"Content-Type": _FHIR})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        except ConnectionError:
            return response
    if fault.status is None:
        return None
    headers = {"Content-Type": _FHIR, **fault.headers}
    return web.Response(status=fault.status, headers=headers, body=fault.body)


def _json(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": f"{_FHIR};charset=UTF-8", **(headers or {})},
    )


def _fits(resource: Resource, params: Iterable[tuple[str, str]]) -> bool:
    return all(_fits_one(resource, name, value) for name, value in params)


def _fits_one(resource: Resource, name: str, value: str) -> bool:  # noqa: PLR0911 - a table
    if name in {"_sort", "_count", "_getpages", "_elements", "_summary"}:
        return True
    if name in _REFERENCES:
        wanted = {w if "/" in w else f"Patient/{w}" for w in value.split(",")}
        held = {r for member in _REFERENCES[name] for r in _references(resource.get(member))}
        return bool(wanted & held)
    if name in {"code", "category"}:
        return bool(set(value.split(",")) & set(_tokens(resource.get(name))))
    if name == "clinical-status":
        return bool(set(value.split(",")) & set(_tokens(resource.get("clinicalStatus"))))
    if name == "identifier":
        held = {f"{i.get('system', '')}|{i['value']}" for i in resource.get("identifier", [])}
        held |= {h.partition("|")[2] for h in held}
        return bool(set(value.split(",")) & held)
    if name == "status":
        return resource.get("status") in value.split(",")
    if name in {"_lastUpdated", "date"}:
        at = resource["meta"]["lastUpdated"] if name == "_lastUpdated" else _date(resource)
        return _compares(at, value)
    if name == "url":
        return bool(resource.get("channel", {}).get("endpoint") == value)
    if name == "criteria":
        return bool(resource.get("criteria") == value)
    message = f"this server does not know the parameter {name}"
    raise NotImplementedError(message)


def _references(member: object) -> list[str]:
    members = member if isinstance(member, list) else [member]
    return [m["reference"] for m in members if isinstance(m, dict) and "reference" in m]


def _tokens(member: object) -> list[str]:
    concepts = member if isinstance(member, list) else [member]
    codings = [c for m in concepts if isinstance(m, dict) for c in m.get("coding", [])]
    return [f"{c.get('system', '')}|{c['code']}" for c in codings] + [c["code"] for c in codings]


def _date(resource: Resource) -> str:
    for member in ("effectiveDateTime", "started", "issued"):
        if member in resource:
            return str(resource[member])
    return ""


def _compares(at: str, value: str) -> bool:
    prefix, bound = value[:2], value[2:]
    if "T" not in bound:
        left, right = at[:10], bound
    else:
        left, right = (
            datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")
            for text in (at, bound)
        )
    return {
        "ge": left >= right,
        "gt": left > right,
        "le": left <= right,
        "lt": left < right,
    }[prefix]


@asynccontextmanager
async def running(server: FhirServer) -> AsyncIterator[FhirServer]:
    """Run *server* on a free loopback port for as long as the block lasts."""
    app = web.Application(client_max_size=50_000_000)
    app.router.add_route("*", "/fhir{tail:.*}", server.handle)
    test_server = TestServer(app)
    await test_server.start_server()
    server.base_url = str(test_server.make_url("/fhir"))
    try:
        yield server
    finally:
        await test_server.close()
