"""
Intake: a notification becomes durable events, and only then 204.

Nothing is decided here. The body is looked at just enough to refuse what can never be used;
whether an event matters is the worker's business.
"""

import asyncio
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge

from marrowd.errors import BadInput
from marrowd.fhir.json import canonical, parse
from marrowd.fhir.notifications import Notification, read_notification
from marrowd.fhir.types import R4_TYPES, USED_TYPES
from marrowd.store.protocols import EventKind, Inbox, NewEvent
from marrowd.telemetry.metrics import Ignored, Metrics, Resource
from marrowd.telemetry.tracing import traceparent
from marrowd.web.answers import no_content, refusal
from marrowd.web.bodies import loosely, received

_log = structlog.get_logger(__name__)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_RESOURCES = frozenset(Resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What the intake needs: where events go, who may send them, whom to wake."""

    inbox: Inbox
    secrets_of: Callable[[str], Sequence[str] | None]  # old and new while rotating; None: no source
    metrics: Metrics
    wake: Callable[[], None]
    clock: Callable[[], datetime]
    _counters: dict[tuple[str, str], tuple[Counter, Gauge]] = field(
        init=False, repr=False, default_factory=dict
    )

    def add_routes(self, app: web.Application) -> None:
        """Put the two paths on *app*."""
        one = "/events/{source}/{type}/{id}"
        app.router.add_put(one, self.resource)
        app.router.add_post(one, self.resource)
        app.router.add_delete(one, self.deleted)
        app.router.add_post("/events/{source}", self.notification)

    async def resource(self, request: web.Request) -> web.Response:
        """Take one version of one resource (R4 rest-hook with payload)."""
        source = self._source(request)
        kind, identity = _named(request)
        body = await received(request)
        if kind not in USED_TYPES:
            return self._ignored()
        resource = await _parsed(body)
        if resource.get("resourceType") != kind:
            raise refusal(422, f"resourceType: expected {kind}, as in the path")
        if resource.get("id") != identity:
            raise refusal(422, "id: is not the id in the path")
        await self._accept([self._event(source, resource, body)])
        return no_content()

    async def deleted(self, request: web.Request) -> web.Response:
        """Take the news that a resource is gone; the worker reads it to be sure."""
        source = self._source(request)
        kind, identity = _named(request)
        if kind not in USED_TYPES:
            return self._ignored()
        await self._accept([self._note(source, EventKind.DELETED, f"{kind}/{identity}")])
        return no_content()

    async def notification(self, request: web.Request) -> web.Response:
        """Take an empty ping, a topic notification Bundle, or a transaction of whole resources."""
        source = self._source(request)
        body = await received(request)
        if not body:
            await self._accept([self._note(source, EventKind.PING)])
            return no_content()
        await _parsed(body)
        try:
            # Its entries are stored apart, so numbers must stay as written: the exact parser.
            notification = read_notification(await asyncio.to_thread(parse, body))
            events = [*self._brought(source, notification), *self._told(source, notification)]
        except BadInput as exc:  # also where an entry is too deep to be written again
            raise refusal(422, str(exc)) from None
        await self._accept(events)
        return no_content()

    def _brought(self, source: str, notification: Notification) -> list[NewEvent]:
        """Give an event for each resource that came, is named, or is said to be gone."""
        events = []
        for resource in notification.resources:
            if resource.get("resourceType") not in USED_TYPES:
                self.metrics.events_ignored_total.labels(reason=Ignored.TYPE).inc()
            elif not _is_id(resource.get("id")):
                raise refusal(422, "entry.resource.id: missing or not a FHIR id")
            else:
                events.append(self._event(source, resource, canonical(resource)))
        named = [(EventKind.FETCH, ref) for ref in notification.fetch]
        named += [(EventKind.DELETED, ref) for ref in notification.gone]
        for kind, ref in named:
            if ref.partition("/")[0] in USED_TYPES:
                events.append(self._note(source, kind, ref))
            else:
                self.metrics.events_ignored_total.labels(reason=Ignored.TYPE).inc()
        if notification.is_ping:
            events.append(self._note(source, EventKind.PING))
        return events

    def _told(self, source: str, notification: Notification) -> list[NewEvent]:
        """Keep what a server says of its Subscription: the worker counts what did not come."""
        status = notification.status
        if status is None or not status.subscription:
            return []
        note = self._note(source, EventKind.STATUS, status.subscription)
        return [note._replace(payload=orjson.dumps(status))]

    def _source(self, request: web.Request) -> str:
        source = request.match_info["source"]
        known = self.secrets_of(source)
        if known is None:
            raise refusal(404, "no such source")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(token, secret.encode()) for secret in known]
        if scheme.lower() != "bearer" or not any(matches):
            reason = "another secret" if scheme.lower() == "bearer" else "no bearer token"
            _log.warning("notification_not_trusted", source=source, reason=reason)
            raise refusal(401, "Authorization: expected Bearer and the source's secret")
        return source

    async def _accept(self, events: Sequence[NewEvent]) -> None:
        if not events:
            return
        new = await self.inbox.accept(events)
        changes = [event for event in events if event.kind is not EventKind.STATUS]
        for event in changes:
            received, last = self._counted(event.source, event.ref.partition("/")[0])
            received.inc()
            last.set(event.received_at.timestamp())  # a heartbeat is no event
        duplicates = len(events) - new
        if duplicates:
            self.metrics.events_ignored_total.labels(reason=Ignored.DUPLICATE).inc(duplicates)
        self.wake()

    def _counted(self, source: str, kind: str) -> tuple[Counter, Gauge]:
        """Give what counts such events: both words come from closed lists, so they are kept."""
        known = self._counters.get((source, kind))
        if known is None:
            label = kind if kind in _RESOURCES else Resource.OTHER
            known = self._counters[source, kind] = (
                self.metrics.events_received_total.labels(
                    source=source, resource=label if kind else Resource.NONE
                ),
                self.metrics.source_last_event_timestamp_seconds.labels(source=source),
            )
        return known

    def _ignored(self) -> web.Response:
        self.metrics.events_ignored_total.labels(reason=Ignored.TYPE).inc()
        return no_content()

    def _event(self, source: str, resource: Mapping[str, Any], body: bytes) -> NewEvent:
        ref = f"{resource['resourceType']}/{resource['id']}"
        # One version delivered twice is one event; other bytes under one version are another.
        digest = hashlib.sha256(body).hexdigest()
        return NewEvent(
            source=source,
            kind=EventKind.RESOURCE,
            key=f"{ref}#{digest}",
            received_at=self.clock(),
            ref=ref,
            trace=traceparent(),
            payload=body,
        )

    def _note(self, source: str, kind: EventKind, ref: str = "") -> NewEvent:
        # Nothing in such an event tells a repeat from a second change: each arrival is its own.
        return NewEvent(
            source=source,
            kind=kind,
            key=f"{kind}:{ref}#{uuid.uuid4()}",
            received_at=self.clock(),
            ref=ref,
            trace=traceparent(),
        )


def _named(request: web.Request) -> tuple[str, str]:
    kind, identity = request.match_info["type"], request.match_info["id"]
    if kind not in R4_TYPES:
        raise refusal(404, "no such FHIR R4 resource type")
    if not _is_id(identity):
        raise refusal(422, "id in the path: not a FHIR id")
    return kind, identity


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


async def _parsed(body: bytes) -> dict[str, Any]:
    value = await loosely(body)
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise refusal(422, "body: not a FHIR resource (no resourceType)")
    return value
