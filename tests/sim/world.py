"""
What surrounds the service: a FHIR server, an EHR, and the wires to both, with faults drawn by seed.

Nothing here knows the service's insides. Replies are made by the same small FHIR server that the
integration tests run over sockets.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, MultiDict
from tests.sim.loop import SimLoop
from tests.support.fhir_server import FhirServer, Resource
from yarl import URL

BASE = "http://fhir.test/fhir"
EHR = "http://ehr.test/cards"
Say = Callable[[str], None]
_RARE = ("store_refuses", "store_unsure")


@dataclass(slots=True, kw_only=True)
class Weather:
    """How likely each fault is; each seed draws which of them it has at all."""

    lost_notice: float = 0.0
    twice: float = 0.0
    late: float = 0.0  # minutes late: overtaken by many
    lost_answer: float = 0.0  # the intake answered, the server did not hear it
    fhir_error: float = 0.0
    fhir_hang: float = 0.0
    fhir_slow: float = 0.0  # an answer that was true when it was made
    fhir_down: float = 0.0
    late_commit: float = 0.0  # visible later than its lastUpdated says
    ehr_error: float = 0.0
    ehr_hang: float = 0.0
    ehr_taken_unsaid: float = 0.0
    ehr_twice: float = 0.0
    ehr_down: float = 0.0
    store_refuses: float = 0.0
    store_unsure: float = 0.0  # committed, and told as a failure
    slow_disk: float = 0.0
    crash: float = 0.0
    freeze: float = 0.0

    @classmethod
    def drawn(cls, rng: random.Random) -> Self:
        """Draw which faults there are and how bad each is."""
        drawn = {
            one.name: rng.choice((0.02, 0.1, 0.3)) if rng.random() < 0.45 else 0.0
            for one in fields(cls)
        }
        # A database that lost every third commit would have events set aside as lost, and rightly.
        return cls(**drawn | {name: min(drawn[name], 0.05) for name in _RARE})

    def clear(self) -> None:
        """End the storm."""
        for one in fields(self):
            setattr(self, one.name, 0.0)


class SimFhirServer(FhirServer):
    """The small FHIR server on the simulation's clock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(page_size=3)
        self.base_url = BASE
        self.offers_history = True
        self.is_up = True
        self._clock = clock

    def put(self, resource: Mapping[str, Any], *, lag_s: float = 0.0) -> Resource:
        """Write a version; its time is *lag_s* before it can be seen."""
        ref = f"{resource['resourceType']}/{resource['id']}"
        # What was seen to be gone is not written again by a transaction that began before.
        at = self._clock() - timedelta(seconds=0.0 if ref in self.deleted else lag_s)
        number = 1
        for before, entry in reversed(self.versions):
            if entry["request"]["url"] == ref:
                at = max(at, before + timedelta(milliseconds=1))
                number = 1 + sum(e["request"]["url"] == ref for _, e in self.versions)
                break
        meta = {"versionId": str(number), "lastUpdated": at.isoformat(timespec="milliseconds")}
        stored = {**resource, "meta": meta}
        self.resources[ref] = stored
        self.deleted.discard(ref)
        self.versions.append((at, {"resource": stored, "request": {"method": "PUT", "url": ref}}))
        return stored

    def remove(self, ref: str) -> None:
        """Delete a resource."""
        self.resources.pop(ref, None)
        self.deleted.add(ref)
        at = self._clock()
        said = {"lastModified": at.isoformat(timespec="milliseconds")}
        self.versions.append((at, {"request": {"method": "DELETE", "url": ref}, "response": said}))

    def answer(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> "Reply":
        """Answer one request."""
        path = url.path.removeprefix("/fhir") or "/"
        call = _Call(method=method, query=MultiDict(url.query), headers=CIMultiDict(headers))
        came = self._answer(call, path, body)  # type: ignore[arg-type]  # what it asks for is there
        said = {**came.headers, "Date": format_datetime(self._clock(), usegmt=True)}
        data = came.body if isinstance(came.body, bytes) else b""
        return Reply(status=came.status, headers=CIMultiDict(said), data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    query: MultiDict[str]
    headers: CIMultiDict[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as aiohttp's client would hand it out."""

    status: int
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    data: bytes = b""

    @property
    def content(self) -> Self:
        """The stream."""
        return self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Give the body in one piece."""
        del size
        yield self.data

    def close(self) -> None:
        """Do nothing: there is no connection."""


class _Exchange:
    """`async with session.request(...)`."""

    def __init__(self, work: Any) -> None:
        self._work = work

    async def __aenter__(self) -> Reply:
        reply: Reply = await self._work
        return reply

    async def __aexit__(self, *_: object) -> None:
        return None


class FhirWire:
    """Stands in for the `aiohttp.ClientSession` of the FHIR client's transport."""

    def __init__(self, loop: SimLoop, server: SimFhirServer, weather: Weather) -> None:
        self._loop = loop
        self._server = server
        self._weather = weather

    def request(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        data: bytes | None,
        allow_redirects: bool,
        timeout: aiohttp.ClientTimeout,
    ) -> _Exchange:
        """Ask the server."""
        assert not allow_redirects
        return _Exchange(self._ask(method, url, headers, data or b"", timeout.total or 0.0))

    async def _ask(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes, limit_s: float
    ) -> Reply:
        rng, weather = self._loop.rng, self._weather
        await asyncio.sleep(rng.random() * 0.05)
        if not self._server.is_up:
            raise aiohttp.ClientConnectionError
        if rng.random() < weather.fhir_hang:
            await asyncio.sleep(limit_s)
            raise TimeoutError
        if rng.random() < weather.fhir_error:
            status = rng.choice((500, 502, 503, 429, 0))
            if not status:
                raise aiohttp.ServerDisconnectedError
            wait = CIMultiDict({"Retry-After": "7"}) if status == 429 else CIMultiDict[str]()
            return Reply(status=status, headers=wait)
        reply = self._server.answer(method, url, headers, body)
        is_slow = rng.random() < weather.fhir_slow
        await asyncio.sleep(rng.random() * (20.0 if is_slow else 0.05))
        return reply


class Clinic:
    """The EHR: keeps each message once, by `webhook-id`, and shows what is newest."""

    def __init__(self, say: Say) -> None:
        self.is_up = True
        self.taken: set[str] = set()
        self.effects: list[str] = []  # ids of the messages that took effect, in order
        self.doubled: list[str] = []
        self.cards: dict[str, set[str]] = {}
        self._newest: dict[str, int] = {}
        self._say = say

    def take(self, webhook_id: str, body: bytes) -> int:
        """Take one POST; give the answer's status."""
        if webhook_id in self.taken:
            self._say(f"ehr    knows {webhook_id[:12]}")
            return 204
        self.taken.add(webhook_id)
        said = json.loads(body)
        if said["id"] in self.effects:
            self.doubled.append(said["id"])
        self.effects.append(said["id"])
        patient, number = said["patient"], said["sequence"]
        shown = [card["uuid"] for card in said["cards"]]
        if number <= self._newest.get(patient, 0):
            self._say(f"ehr    drops {patient} #{number}: a later one was here")
            return 204
        self._newest[patient] = number
        here = self.cards.setdefault(patient, set())
        here.difference_update(said["retracts"])
        here.update(shown)
        self._say(f"ehr    takes {patient} #{number} {said['type']} {[c[:6] for c in shown]}")
        return 204


class EhrWire:
    """Stands in for the session that posts cards."""

    def __init__(self, loop: SimLoop, clinic: Clinic, weather: Weather) -> None:
        self._loop = loop
        self._clinic = clinic
        self._weather = weather

    def post(
        self,
        url: str,
        *,
        data: bytes,
        headers: Mapping[str, str],
        allow_redirects: bool,
        timeout: aiohttp.ClientTimeout,
    ) -> _Exchange:
        """Post one message."""
        assert (url, allow_redirects) == (EHR, False)
        return _Exchange(self._post(headers["webhook-id"], data, timeout.total or 0.0))

    async def _post(self, webhook_id: str, body: bytes, limit_s: float) -> Reply:
        rng, weather = self._loop.rng, self._weather
        await asyncio.sleep(rng.random() * 0.05)
        if not self._clinic.is_up:
            raise aiohttp.ClientConnectionError
        if rng.random() < weather.ehr_twice:
            self._loop.in_world(self._later(webhook_id, body, rng.random() * 200))
        if rng.random() < weather.ehr_error:
            status = rng.choice((500, 503, 429))
            wait = CIMultiDict({"Retry-After": "9"}) if status != 500 else CIMultiDict[str]()
            return Reply(status=status, headers=wait)
        is_hanging = rng.random() < weather.ehr_hang
        is_unsaid = rng.random() < weather.ehr_taken_unsaid
        if not is_hanging or is_unsaid:
            status = self._clinic.take(webhook_id, body)
        if is_hanging:
            await asyncio.sleep(limit_s)
            raise TimeoutError
        if is_unsaid:
            raise aiohttp.ServerDisconnectedError
        await asyncio.sleep(rng.random() * 0.05)
        return Reply(status=status)

    async def _later(self, webhook_id: str, body: bytes, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._clinic.take(webhook_id, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One request to the intake, as a FHIR server sends it."""

    method: str
    ref: str = ""
    body: bytes = b""
    match_info: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> Self:
        """The stream."""
        return self

    def is_eof(self) -> bool:
        """Say whether all of the body has arrived: not before it is read."""
        return False

    async def read(self) -> bytes:
        """Give the body, which may take a moment to arrive."""
        await asyncio.sleep(0)
        return self.body


def notice(method: str, ref: str, body: bytes, *, source: str, secret: str) -> Notice:
    """Write a request about *ref*; without one it is a Bundle or a ping."""
    kind, _, ident = ref.partition("/")
    return Notice(
        method=method,
        ref=ref,
        body=body,
        match_info={"source": source, "type": kind, "id": ident},
        headers={"Authorization": f"Bearer {secret}"},
    )


def id_only(ref: str, number: int) -> bytes:
    """Write a topic notification that names a resource and does not bring it."""
    status = {
        "resourceType": "SubscriptionStatus",
        "id": "s",
        "status": "active",
        "type": "event-notification",
        "eventsSinceSubscriptionStart": str(number),
        "notificationEvent": [{"eventNumber": str(number), "focus": {"reference": ref}}],
        "subscription": {"reference": "Subscription/1"},
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [{"resource": status}],
        "timestamp": datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
    }
    return json.dumps(bundle).encode()


def status_of(error: web.HTTPException) -> int:
    """Give the status that a refusal answers."""
    return error.status
