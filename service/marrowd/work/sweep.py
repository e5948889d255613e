"""
The sweep: what notifications missed is asked for, by `_lastUpdated`, and put into the inbox.

A FHIR server forgets what it could not deliver (HAPI: after a minute, or at a restart). So each
source is searched at start, on a schedule and when a ping says that something changed, from where
the last search ended, with an overlap, because a server may commit an older time after a newer one.
The position is the server's own time of the last resource that is safely in the inbox: a sweep that
dies goes on from there.
"""

import asyncio
import hashlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from marrowd.core.facts import Version
from marrowd.errors import BadInput, place_of
from marrowd.fhir.answers import Absent, Rejected, TooLarge, Unusable
from marrowd.fhir.client import FhirClient, Page, Resource
from marrowd.fhir.json import canonical, digest
from marrowd.fhir.subscriptions import Interest
from marrowd.fhir.versions import version
from marrowd.store.protocols import EventKind, EventState, NewEvent
from marrowd.telemetry.tracing import OFF, SpanName, Told, Tracer, traceparent
from marrowd.work.bell import Bell
from marrowd.work.guard import guarded
from marrowd.work.retrying import Patience
from marrowd.work.stopping import unless_stopped
from marrowd.work.unlisted import SWEPT, DeletionSweep, PendingLook, SweepStore
from marrowd.work.watching import SWEPT_AT

_log = structlog.get_logger(__name__)
_STUDIES = "ImagingStudy"
_SMALLER = 10  # the part of a page that is asked for when the whole is too large
_MOST_LINKS = 32  # of a sweep that many pings asked for
_LONGEST_NAP_S = 60.0  # a wall clock may be set, and a machine sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPace:
    """How far back, and how gently."""

    look_back: timedelta  # of the first sweep: recency and the window before a study
    overlap: timedelta = timedelta(minutes=5)  # longer than a server's slowest transaction
    page_size: int = 100
    longest_queue: int = 2_000  # events waiting in the inbox before the next page is asked for
    pause: timedelta = timedelta(seconds=1)  # while the inbox is that full


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A search that the server did not answer usefully."""

    slug: str
    type: str
    error: BadInput | Unusable

    @property
    def is_no_lack(self) -> bool:
        """Say whether evidence is whole without: the server has no studies, reports have dates."""
        return self.type == _STUDIES and isinstance(self.error, Absent | Rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep came to."""

    seen: int  # resources that the server listed
    new: int  # of them, versions put into the inbox
    refused: tuple[Refusal, ...] = ()

    @property
    def unusable(self) -> Unusable | None:
        """The first refusal that a person may have mended soon."""
        errors = (refusal.error for refusal in self.refused)
        return next((error for error in errors if isinstance(error, Unusable)), None)


class Sweeper:
    """Sweeps one source when asked."""

    def __init__(
        self,
        store: SweepStore,
        client: FhirClient,
        *,
        source: str,
        interests: Sequence[Interest],
        clock: Callable[[], datetime],
        pace: SweepPace,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._client = client
        self._source = source
        self._interests = tuple(interests)
        self._clock = clock
        self._pace = pace
        self._wake = wake
        self._deletions = DeletionSweep(store, client, source=source, clock=clock)
        self._pending = PendingLook(store, source=source, clock=clock)

    @property
    def source(self) -> str:
        """The source's name."""
        return self._source

    async def sweep(self, *, since: datetime | None = None) -> Swept:
        """
        Ask for everything written since the last sweep, or since *since*.

        One search that is refused keeps none of the others from being made.

        Raises:
            EhrUnavailable: the server does not answer; what was found is kept.
        """
        seen = new = 0
        refused: list[Refusal] = []
        began = self._clock()
        for interest in self._interests:
            try:
                swept = await self._sweep_in_pages(interest, since)
            except (BadInput, Unusable) as error:
                # A server without ImagingStudy, or one where we may not see it, still has results.
                _log.warning(
                    "sweep_refused", source=self._source, kind=interest.slug, error=place_of(error)
                )
                refused.append(Refusal(slug=interest.slug, type=interest.type, error=error))
                continue
            seen += swept.seen
            new += swept.new
        new += await self._deletions.sweep(since=since)
        await self._pending.look_again()
        self._wake()
        if since is None and all(refusal.is_no_lack for refusal in refused):
            await self._store.set_cursor(self._source, SWEPT_AT, began.isoformat())
        _log.info("swept", source=self._source, count=seen, recovered=new)
        return Swept(seen=seen, new=new, refused=tuple(refused))

    async def reread(self, *, rules: str, limit: int = 1_000) -> int:
        """
        Have the reports read anew that another rules version read; say how many.

        All of them, *limit* at a time, and never more than the inbox has room for.
        """
        new, after = 0, ""
        while refs := await self._store.reports_read_before(
            self._source, rules, limit=limit, after=after
        ):
            now = self._clock()
            new += await self._store.accept(
                [
                    NewEvent(
                        source=self._source,
                        kind=EventKind.FETCH,
                        key=f"reread:{ref}#{rules}",
                        received_at=now,
                        ref=ref,
                    )
                    for ref in refs
                ]
            )
            after = refs[-1]
            self._wake()
            await self._wait_for_room()
        return new

    async def _sweep_in_pages(self, interest: Interest, since: datetime | None) -> Swept:
        """Ask for smaller pages when one is too large to be read: reports may hold their PDF."""
        size = self._pace.page_size
        while True:
            try:
                return await self._sweep_one(interest, since, page_size=size)
            except TooLarge:
                if size == 1:
                    raise
                size = max(1, size // _SMALLER)

    async def _sweep_one(
        self, interest: Interest, since: datetime | None, *, page_size: int
    ) -> Swept:
        name = _cursor_name(interest)
        kept = await self._store.cursor(self._source, name)
        # A time of the server's that has not come yet is a slip of its clock, or of whoever wrote
        # the resource: going on from there would pass over all that is written until then.
        last = self._clock() + self._pace.overlap
        position = min(datetime.fromisoformat(kept), last) if kept else None
        params = [
            *interest.params,
            ("_lastUpdated", f"ge{_as_instant(self._start(position, since))}"),
            ("_sort", "_lastUpdated"),
            ("_count", str(page_size)),
        ]
        seen = new = 0
        latest = reached = position
        is_sorted = True
        async for page in self._client.pages(interest.type, params):
            new += await self._take(page)
            seen += len(page.resources)
            times = [min(t, last) for t in _times(page)]
            ordered = [*([reached] if reached and seen > len(times) else []), *times]
            is_sorted = is_sorted and ordered == sorted(ordered)
            reached = max([t for t in (reached, *times) if t is not None], default=None)
            # Half-way, a position is only true if the server keeps to the order asked for.
            if reached is not None and (is_sorted or page.is_last) and reached != latest:
                latest = reached
                await self._store.set_cursor(self._source, name, latest.isoformat())
            await self._wait_for_room()
        return Swept(seen=seen, new=new)

    def _start(self, position: datetime | None, since: datetime | None) -> datetime:
        if since is not None:
            return since
        if position is not None:
            return position - self._pace.overlap
        return self._clock() - self._pace.look_back

    async def _take(self, page: Page) -> int:
        """Put what is newer than what is stored into the inbox."""
        resources = [r for r in page.resources if isinstance(r.get("id"), str)]
        if not resources:
            return 0
        stored = await self._store.versions_of(self._source, [_ref(r) for r in resources])
        missed = []
        for resource in resources:
            fact = stored.get(_ref(resource))
            if fact is None or _place(resource) > fact.version.order[:4]:
                missed.append(self._event(resource))
        new = await self._store.accept(missed) if missed else 0
        if new:
            self._wake()
        return new

    def _event(self, resource: Resource) -> NewEvent:
        ref = _ref(resource)
        return NewEvent(
            source=self._source,
            kind=EventKind.RESOURCE,
            key=f"{SWEPT}{ref}#{digest(resource)}",
            received_at=self._clock(),
            ref=ref,
            payload=canonical(resource),
            trace=traceparent(),
        )

    async def _wait_for_room(self) -> None:
        while await self._waiting() > self._pace.longest_queue:  # noqa: ASYNC110 - in the store
            await asyncio.sleep(self._pace.pause.total_seconds())

    async def _waiting(self) -> int:
        return (await self._store.inbox_depth()).get(EventState.READY, 0)


class SweepLoop:
    """Sweeps one source at start, on a schedule and when asked."""

    def __init__(
        self,
        sweeper: Sweeper,
        *,
        every: timedelta,
        clock: Callable[[], datetime],
        rng: random.Random,
        patience: Patience | None = None,
        tracer: Tracer = OFF,
    ) -> None:
        self._sweeper = sweeper
        self._every = every
        self._clock = clock
        self._rng = rng
        self._patience = patience or Patience()
        self._tracer = tracer
        self._bell = Bell()
        self._is_asked = False
        self._asking: deque[str] = deque(maxlen=_MOST_LINKS)  # traces of those who asked

    @property
    def name(self) -> str:
        """A constant word for logs."""
        return f"sweep-{self._sweeper.source}"

    def request(self) -> None:
        """Ask for a sweep now: requests that come while one runs are answered by one more."""
        self._is_asked = True
        if (asking := traceparent()) is not None:
            self._asking.append(asking)
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until *stop* is set; one under way is cut off and taken up at the next start."""
        due = self._clock()
        failures = 0
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                if self._is_asked or self._clock() >= due:
                    self._is_asked = False
                    came = await guarded(unless_stopped(self._sweep(), stop))
                    failures = failures + 1 if isinstance(came, Exception) else 0
                    due = self._clock() + self._pause_after(failures)
                    if isinstance(came, Exception):
                        source = self._sweeper.source
                        _log.warning("sweep_failed", source=source, error=place_of(came))
                    continue
                left_s = (due - self._clock()).total_seconds()
                await self._bell.nap(min(max(0.0, left_s), _LONGEST_NAP_S))

    async def _sweep(self) -> Swept:
        asking = list(self._asking)
        self._asking.clear()
        with self._tracer.begin(SpanName.SWEEP, links=asking) as span:
            span.tell(Told.SOURCE, self._sweeper.source)
            swept = await self._sweeper.sweep()
            span.tell(Told.COUNT, swept.seen)
            span.tell(Told.RECOVERED, swept.new)
            if swept.unusable is not None:
                raise swept.unusable
        return swept

    def _pause_after(self, failures: int) -> timedelta:
        if not failures:
            return self._every
        return min(self._every, self._patience.pause(failures, self._rng))


def _cursor_name(interest: Interest) -> str:
    # With other criteria (a new code) the search is another, and begins anew.
    told = hashlib.sha256(interest.criteria.encode()).hexdigest()[:12]
    return f"sweep {interest.slug} {told}"


def _ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _place(resource: Resource) -> tuple[object, ...]:
    """Give the place among versions by what the server says: time, then number."""
    return _version(resource).order[:4]


def _times(page: Page) -> list[datetime]:
    versions = (_version(resource).last_updated for resource in page.resources)
    return [at for at in versions if at is not None]


def _version(resource: Resource) -> Version:
    # Without digest and status: they only order versions that the server itself cannot tell apart.
    return version(dict(resource), is_withdrawn=False, zone=UTC, sha256="-")


def _as_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
