"""
The canary: a made-up patient's evidence that goes the whole way, so that its time can be told.

It is accepted, claimed, read by the rules in force, judged, and its card put into the outbox and
taken from there; nothing is sent anywhere. It lives under a source name of its own that no
configuration can give, so that it is no patient of anybody's: no hook answers for it, no
destination posts it, no count of verdicts knows it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import structlog

from marrowd.errors import BadInput, StoreUnavailable, place_of
from marrowd.fhir.json import canonical, parse
from marrowd.fhir.members import Resource, objects
from marrowd.store.messages import Message, Outbox
from marrowd.store.protocols import (
    Decide,
    Event,
    EventKind,
    Evidence,
    Inbox,
    NewEvent,
    PatientChange,
    PatientState,
)
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import OFF, SpanName, Told, Tracer
from marrowd.work.bell import Bell
from marrowd.work.reading import ToRead

_log = structlog.get_logger(__name__)
PATIENT = "Patient/canary"
_SENT_AT = "canary sent at"
_CAME_AT = "canary came through at"  # when the newest that did was sent
_EVERY = timedelta(minutes=1)
_LOOK = timedelta(milliseconds=250)  # for its card, while it is on its way
_LATE = timedelta(seconds=1)
_LEASE = timedelta(seconds=30)


class CanaryStore(Inbox, Evidence, Outbox, Protocol):
    """What the canary passes through."""


def canary_of(source: str) -> str:
    """Give the name its evidence and its cards go by; a colon is in no configured name."""
    return f"canary:{source}"


def canary_bundle(now: datetime) -> bytes:
    """Give what is sent at *now*: a low level and an MRI with edema, of a changing value."""
    at, updated = (now - timedelta(days=1)).isoformat(), now.isoformat()
    tenths = int(now.timestamp()) % 80  # another value is another card: there is always one to take
    about = {
        "status": "final",
        "subject": {"reference": PATIENT},
        "effectiveDateTime": at,
        "meta": {"lastUpdated": updated},
    }
    level = {
        "resourceType": "Observation",
        "id": "canary",
        "code": {"coding": [{"system": "http://loinc.org", "code": "62292-8"}]},
        "valueQuantity": {
            "value": 10 + tenths / 10,
            "unit": "ng/mL",
            "system": "http://unitsofmeasure.org",
            "code": "ng/mL",
        },
    }
    report = {
        "resourceType": "DiagnosticReport",
        "id": "canary",
        "code": {"text": "MRI left foot"},
        "conclusion": "Bone marrow edema of the left talus.",
    }
    entries = [{"resource": {**one, **about}} for one in (level, report)]
    return canonical({"resourceType": "Bundle", "type": "collection", "entry": entries})


def to_read(event: Event) -> list[ToRead]:
    """Give what a canary's event holds."""
    bundle = parse(event.new.payload or b"")
    if not isinstance(bundle, dict):
        message = "the payload is no Bundle"
        raise BadInput(message)
    resources: list[Resource] = [entry["resource"] for entry in objects(bundle.get("entry"))]
    return [ToRead(resource=resource, patient=PATIENT) for resource in resources]


def as_canary(decide: Decide) -> Decide:
    """Decide as *decide* does, and never again for time's sake."""

    def decided(state: PatientState) -> PatientChange:
        return replace(decide(state), recheck_at=None)

    return decided


class CanaryLoop:
    """Sends the canary of one source and waits for it at the other end."""

    def __init__(
        self,
        store: CanaryStore,
        *,
        source: str,
        worker: str,
        clock: Callable[[], datetime],
        metrics: Metrics,
        wake: Callable[[], None],
        every: timedelta = _EVERY,
        tracer: Tracer = OFF,
    ) -> None:
        """
        Take what it passes through.

        Args:
            store: inbox, evidence and outbox.
            source: whose canary.
            worker: who takes its card.
            clock: gives the time.
            metrics: where its time is shown.
            wake: says that an event has come in.
            every: how often it is sent, by all replicas together.
            tracer: begins its trace.
        """
        self._store = store
        self._source = source
        self._worker = worker
        self._clock = clock
        self._seconds = metrics.canary_seconds
        self._wake = wake
        self._every = every
        self._tracer = tracer
        self._bell = Bell()
        self._own: str | None = None  # when this process sent its last

    @property
    def name(self) -> str:
        """A constant word for logs."""
        return f"canary-{self._source}"

    async def run(self, stop: asyncio.Event) -> None:
        """Send one after the other until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                try:
                    sent = await self.send()
                    if sent is not None:
                        await self._await_it(sent, stop)
                except StoreUnavailable as error:
                    _log.warning("canary_failed", source=self._source, error=place_of(error))
                if not stop.is_set():
                    await self._bell.nap(self._every.total_seconds() / 4)

    async def send(self) -> datetime | None:
        """Send one unless one was sent lately, by whichever replica; say when it was."""
        now = self._clock()
        kept = await self._store.cursor(self._source, _SENT_AT)
        if kept != self._own:
            self._be_silent()  # another replica sends it, and tells its time
        if kept is not None and now < datetime.fromisoformat(kept) + self._every:
            return None
        if not await self._store.replace_cursor(
            self._source, _SENT_AT, now.isoformat(), expected=kept
        ):
            return None
        self._own = now.isoformat()
        with self._tracer.begin(SpanName.CANARY) as span:
            span.tell(Told.SOURCE, self._source)
            event = NewEvent(
                source=self._source,
                kind=EventKind.CANARY,
                key=f"canary#{uuid4()}",
                received_at=now,
                payload=canary_bundle(now),
                trace=span.traceparent,
            )
            await self._store.accept([event])
        self._wake()
        return now

    async def take(self) -> datetime | None:
        """Take the cards that have come out; say when the newest's event came in."""
        name, now = canary_of(self._source), self._clock()
        came: list[Message] = []
        while some := await self._store.claim_messages(
            name, worker=self._worker, limit=10, now=now, until=now + _LEASE
        ):
            for message in some:
                with self._tracer.begin(SpanName.CANARY_TAKEN, parent=message.trace) as span:
                    span.tell(Told.SOURCE, self._source)
                    await self._store.taken(message, now=now)
            came += some
        newest = max((m.event_received_at for m in came if m.event_received_at), default=None)
        if newest is not None:
            await self._store.set_cursor(self._source, _CAME_AT, newest.isoformat())
        return newest

    async def _await_it(self, sent: datetime, stop: asyncio.Event) -> None:
        """Wait for the card of the one sent at *sent*, until it is time for the next."""
        while not stop.is_set() and (now := self._clock()) < sent + self._every:
            came = await self.take()
            if came is not None and came >= sent:
                self._seconds.labels(source=self._source).set((now - came).total_seconds())
                return
            if now - sent > _LATE:
                await self._show_late(sent, now)
            await self._bell.nap(_LOOK.total_seconds())

    async def _show_late(self, sent: datetime, now: datetime) -> None:
        """Show for how long none has come through; whoever took the last one has told of it."""
        kept = await self._store.cursor(self._source, _CAME_AT)
        last = datetime.fromisoformat(kept) if kept else None
        missing_since = sent if last is None else min(sent, last + self._every)
        self._seconds.labels(source=self._source).set((now - missing_since).total_seconds())

    def _be_silent(self) -> None:
        with suppress(KeyError):  # it may never have told
            self._seconds.remove(self._source)
