"""
What is done with one event, from its payload to the transaction that finishes it.

    payload or read -> cheap look -> whose -> gather -> facts -> one transaction: evidence, verdict,
    outbox, event done

Every step but the last can be repeated without effect; the last is all or nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, assert_never

from marrowd.core.facts import Fact
from marrowd.core.verdict import VerdictKind
from marrowd.errors import BadConfiguration, BadInput
from marrowd.fhir.answers import Absent
from marrowd.fhir.client import FhirClient
from marrowd.fhir.facts import Irrelevant, is_empty
from marrowd.fhir.notifications import SubscriptionStatus
from marrowd.store.protocols import Applied, Event, EventKind, Evidence, Inbox
from marrowd.telemetry.metrics import Ignored, Metrics
from marrowd.telemetry.tracing import SpanName, Told, inner
from marrowd.work.background import tombstone_of
from marrowd.work.canary import as_canary, canary_of, to_read
from marrowd.work.counting import count_facts
from marrowd.work.deciding import Built, Decider, NotEnough, Occasion
from marrowd.work.gathering import Gathered, Gatherer
from marrowd.work.listening import Listener
from marrowd.work.merging import is_of_patient, merge_of
from marrowd.work.outcomes import Outcomes
from marrowd.work.reading import Looked, ResourceReader
from marrowd.work.retrying import NoSubject
from marrowd.work.screening import Handled
from marrowd.work.subjects import patient_of
from marrowd.work.unlisted import is_pending_look, is_swept

_NO_TIME = timedelta()
_A_SECOND = timedelta(seconds=1)


class ScreeningStore(Inbox, Evidence, Protocol):
    """What screening needs of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccess:
    """How events of one source are followed up."""

    client: FhirClient
    gatherer: Gatherer
    request_sweep: Callable[[], None]
    listener: Listener


class EventHandler:
    """Handles the events of every source."""

    def __init__(
        self,
        store: ScreeningStore,
        sources: Mapping[str, SourceAccess],
        reading: ResourceReader,
        decider: Decider,
        *,
        clock: Callable[[], datetime],
        metrics: Metrics,
        outcomes: Outcomes,
        wake_delivery: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._sources = dict(sources)
        self._reading = reading
        self._decider = decider
        self._clock = clock
        self._metrics = metrics
        self._outcomes = outcomes
        self._wake_delivery = wake_delivery

    async def handle(self, event: Event) -> Handled:
        """
        Do what *event* asks for and finish it.

        Raises:
            MarrowdError: judged by `work.retrying.after_failure`.
        """
        access = self._sources.get(event.new.source)
        if access is None:
            message = "the event's source is not configured any more"
            raise BadConfiguration(message)
        if is_of_patient(event):
            return await self._merge(event, access)
        match event.new.kind:
            case EventKind.PING:
                access.request_sweep()
                await self._finish(event)
                return Handled(outcome="swept")
            case EventKind.CANARY:
                return await self._canary(event)
            case EventKind.STATUS:
                return await self._hear(event, access)
            case EventKind.RESOURCE:
                looked = await self._reading.look(event.new.source, event.new.payload or b"")
                return await self._screen(event, looked, access)
            case EventKind.FETCH | EventKind.DELETED:
                return await self._fetch(event, access)
            case _:
                assert_never(event.new.kind)

    async def _hear(self, event: Event, access: SourceAccess) -> Handled:
        """Take in what the source says of a Subscription; look again while something lacks."""
        try:
            status = SubscriptionStatus.loads(event.new.payload or b"")
        except (ValueError, KeyError, TypeError):
            message = "a kept status cannot be read"
            raise BadInput(message) from None
        heard = await access.listener.hear(
            status, at=event.new.received_at, is_again=event.attempts > 1
        )
        if heard.again_at is not None:
            await self._outcomes.write(
                self._store.retry(event, at=heard.again_at, reason="waits for missing events")
            )
            return Handled(outcome="waiting")
        await self._finish(event)
        return Handled(outcome="counted")

    async def _canary(self, event: Event) -> Handled:
        """Read and judge made-up evidence as if it were somebody's; count none of it."""
        source, now = event.new.source, self._clock()
        facts = await self._reading.facts(source, to_read(event))
        name = canary_of(source)
        occasion = Occasion(now=now, received_at=event.new.received_at)
        applied = await self._outcomes.write(
            self._store.apply(
                name, facts, as_canary(self._decider.on(name, occasion)), now=now, event=event
            )
        )
        return Handled(outcome="canary" if applied.is_finished else "lease_lost")

    async def _merge(self, event: Event, access: SourceAccess) -> Handled:
        fact = await merge_of(event, self._store, access.client)
        if fact is None:
            return await self._ignore(event, Ignored.NOT_RELEVANT)
        return await self._apply(event, Gathered(main=fact), access)

    async def _fetch(self, event: Event, access: SourceAccess) -> Handled:
        """Ask the server how the event's resource stands now."""
        source, ref = event.new.source, event.new.ref
        # Before the server is asked: a version that comes in after its answer must not die of it.
        stored = (await self._store.versions_of(source, [ref])).get(ref)
        try:
            resource = await access.client.read(ref)
        except Absent as absent:
            return await self._bury(event, stored, access, absent.at)
        looked = await self._reading.look(event.new.source, dict(resource))
        return await self._screen(event, looked, access, is_told=False)

    async def _screen(  # noqa: PLR0911 - each way out is counted by its own reason
        self, event: Event, looked: Looked, access: SourceAccess, *, is_told: bool = True
    ) -> Handled:
        if looked.ignored is Irrelevant.TYPE:
            return await self._ignore(event, Ignored.TYPE)
        source = event.new.source
        stored = (await self._store.versions_of(source, [looked.ref])).get(looked.ref)
        if is_told and _may_be_dead(looked, stored):
            return await self._fetch(event, access)
        if looked.ignored is not None and _replaces_nothing(looked, stored):
            return await self._ignore(event, Ignored.NOT_RELEVANT)
        is_again = is_pending_look(event.new.key)  # its report may be there now
        if stored is not None and not is_again and (known := self._known(source, looked, stored)):
            return await self._ignore(event, known)
        if looked.subject.is_other:
            return await self._ignore(event, Ignored.NOT_RELEVANT)
        patient = await self._patient(looked, stored, access)
        gathered = await access.gatherer.gather(
            looked,
            patient,
            partial(self._store.facts_of, source, patient),
            is_change=stored is not None,
        )
        if is_empty(gathered.main) and _replaces_nothing(looked, stored):
            return await self._ignore(event, Ignored.NOT_RELEVANT)
        return await self._apply(event, gathered, access)

    def _known(self, source: str, looked: Looked, stored: Fact) -> Ignored | None:
        """Say why there is nothing new in a version, None when there is."""
        if looked.version.order < stored.version.order:
            return Ignored.OLDER_VERSION
        is_same = looked.version.order == stored.version.order
        is_reread = stored.rules == self._reading.rules(source) and not stored.not_fetched
        return Ignored.DUPLICATE if is_same and is_reread else None

    async def _patient(self, looked: Looked, stored: Fact | None, access: SourceAccess) -> str:
        try:
            return await patient_of(looked.subject, access.client)
        except NoSubject:
            # What takes a resource away may do so without saying again whose it was.
            if looked.is_withdrawn or looked.ignored is not None:
                return stored.patient if stored is not None else ""
            raise

    async def _bury(
        self, event: Event, stored: Fact | None, access: SourceAccess, at: datetime | None
    ) -> Handled:
        """Keep that a resource is gone; older versions that arrive late must not bring it back."""
        if stored is None and event.new.kind is EventKind.FETCH:
            return await self._ignore(event, Ignored.NOT_RELEVANT)
        tombstone = tombstone_of(event.new.ref, stored, at=at or event.new.received_at)
        gathered = Gathered(main=tombstone, is_change=stored is not None)
        return await self._apply(event, gathered, access)

    async def _apply(self, event: Event, gathered: Gathered, access: SourceAccess) -> Handled:
        """Write, as one span with whatever still lacks."""
        with inner(SpanName.SCREEN) as span:
            handled = await self._until_written(event, gathered, access)
            span.tell(Told.VERDICT, handled.verdict)
        return handled

    async def _until_written(
        self, event: Event, gathered: Gathered, access: SourceAccess
    ) -> Handled:
        """Write; what the decision lacks is fetched, and the write is made anew."""
        built: Built | None = None
        while True:  # each time round somebody or something was asked for that had not been
            try:
                applied = await self._write(event, gathered, built)
            except NotEnough as error:
                built, lacks = error.built, error.lacking
                # The frames that it passed through hold it: a circle for the garbage collector.
                error.__traceback__ = None
            else:
                if not applied.is_finished:
                    return Handled(outcome="lease_lost")
                return self._told(event, gathered, applied)
            gathered = await access.gatherer.more(
                gathered,
                lacks,
                partial(self._store.own_facts_of, event.new.source),
                since=event.new.received_at,
            )

    async def _write(self, event: Event, gathered: Gathered, built: Built | None) -> Applied:
        source, now = event.new.source, self._clock()
        occasion = Occasion(
            now=now,
            received_at=event.new.received_at,
            checked=gathered.checked,
            sought=gathered.sought,
            built=built,
        )
        return await self._outcomes.write(
            self._store.apply(
                source,
                gathered.facts,
                self._decider.on(source, occasion),
                now=now,
                event=event,
            )
        )

    def _told(self, event: Event, gathered: Gathered, applied: Applied) -> Handled:
        if not applied.newer:  # somebody else brought all of it in meanwhile
            self._metrics.events_ignored_total.labels(reason=Ignored.DUPLICATE).inc()
            return Handled(outcome="ignored", reason=Ignored.DUPLICATE)
        count_facts(self._metrics, gathered.facts, self._decider.policy)
        if is_swept(event.new.key):
            self._metrics.sweep_recovered_total.labels(source=event.new.source).inc()
        changes = [change for patient, change in applied.changes.items() if patient]
        for change in changes:
            self._metrics.verdicts_total.labels(verdict=change.verdict).inc()
        if any(change.messages for change in changes):
            self._wake_delivery()
        verdicts = [change.verdict for change in changes]
        return Handled(
            outcome="screened",
            verdict=_most_telling(verdicts),
            patient=gathered.main.patient,
        )

    async def _ignore(self, event: Event, reason: Ignored) -> Handled:
        if await self._finish(event):
            self._metrics.events_ignored_total.labels(reason=reason).inc()
        return Handled(outcome="ignored", reason=reason)

    async def _finish(self, event: Event) -> bool:
        return await self._outcomes.write(self._store.finish(event, now=self._clock()))


def _replaces_nothing(looked: Looked, stored: Fact | None) -> bool:
    """
    Say whether a version that says nothing of interest can be forgotten.

    Not when something is stored of its resource, and not when an older version may still arrive: it
    would count then, though it is out of date. A first version has none before it.
    """
    return stored is None and looked.version.version_id == 1


def _may_be_dead(looked: Looked, stored: Fact | None) -> bool:
    """
    Say whether a version may be older than the deletion that is kept of its resource.

    A deletion is dated by the answer that told of it, in whole seconds: what was written within
    that second and came late would bring the resource back.
    """
    if stored is None or stored.version.digest or not stored.version.is_withdrawn:
        return False
    at, buried = looked.version.last_updated, stored.version.last_updated
    return at is not None and buried is not None and _NO_TIME <= at - buried < _A_SECOND


def _most_telling(verdicts: Sequence[str]) -> str:
    order = [str(kind) for kind in VerdictKind]
    return min(verdicts, key=order.index, default="")
