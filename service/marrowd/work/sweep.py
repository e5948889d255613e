"""
The sweep: what notifications missed is asked for, by `_lastUpdated`, and put into the inbox.

A FHIR server forgets what it could not deliver (HAPI: after a minute, or at a restart). So each
source is searched at start, on a schedule and when a ping says that something changed, from where
the last search ended, with an overlap, because a server may commit an older time after a newer one.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from marrowd.errors import BadInput, place_of
from marrowd.fhir.answers import Absent, Rejected, Unusable
from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Interest
from marrowd.store.protocols import EventKind, NewEvent
from marrowd.telemetry.tracing import OFF, SpanName, Told, Tracer, traceparent
from marrowd.work.bell import Bell
from marrowd.work.guard import guarded
from marrowd.work.retrying import Patience
from marrowd.work.searching import Search, SweepPace, wait_for_room
from marrowd.work.stopping import unless_stopped
from marrowd.work.unlisted import DeletionSweep, PendingLook, SweepStore
from marrowd.work.watching import SWEPT_AT

_log = structlog.get_logger(__name__)
_STUDIES = "ImagingStudy"
_MOST_LINKS = 32  # of a sweep that many pings asked for
_LONGEST_NAP_S = 60.0  # a wall clock may be set, and a machine sleep


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
        self._searches = [
            Search(store, client, interest, source=source, clock=clock, pace=pace, wake=wake)
            for interest in interests
        ]
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
        for search in self._searches:
            interest = search.interest
            try:
                found = await search.run(since=since)
            except (BadInput, Unusable) as error:
                # A server without ImagingStudy, or one where we may not see it, still has results.
                _log.warning(
                    "sweep_refused", source=self._source, kind=interest.slug, error=place_of(error)
                )
                refused.append(Refusal(slug=interest.slug, type=interest.type, error=error))
                continue
            seen += found.seen
            new += found.new
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
            await wait_for_room(self._store, self._pace)
        return new


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
