"""
Patients whose verdict changes by time alone are screened again when their time has come.

A report leaves the recency window, a result dated tomorrow becomes today's: nothing arrives then,
so the verdict itself says when to look (`recheck_at`), and this loop does.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from marrowd.errors import StoreUnavailable, place_of
from marrowd.store.protocols import Decide, Evidence
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.pseudonyms import Whose
from marrowd.telemetry.tracing import OFF, SpanName, Told, Tracer
from marrowd.work.bell import Bell
from marrowd.work.guard import guarded
from marrowd.work.outcomes import Outcomes

_log = structlog.get_logger(__name__)


class Deciding(Protocol):
    """Gives the pure function that decides on the patients of one source at one moment."""

    def at(self, source: str, now: datetime) -> Decide:
        """Give it for *source* and *now*."""
        ...


class RecheckLoop:
    """Screens again whoever is due."""

    name = "rechecks"

    def __init__(
        self,
        evidence: Evidence,
        deciding: Deciding,
        *,
        clock: Callable[[], datetime],
        metrics: Metrics,
        outcomes: Outcomes,
        wake_delivery: Callable[[], None] = lambda: None,
        batch: int = 100,
        every: timedelta = timedelta(seconds=30),
        tracer: Tracer = OFF,
    ) -> None:
        self._evidence = evidence
        self._deciding = deciding
        self._clock = clock
        self._metrics = metrics
        self._outcomes = outcomes
        self._wake_delivery = wake_delivery
        self._batch = batch
        self._every = every  # windows are whole days: half a minute late is on time
        self._tracer = tracer
        self._bell = Bell()
        self._failed: set[tuple[str, str]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Screen those who are due until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                try:
                    if await self.recheck_due():
                        continue
                except StoreUnavailable as error:
                    _log.warning("recheck_failed", error=place_of(error))
                await self._bell.nap(self._every.total_seconds())

    async def recheck_due(self) -> int:
        """Screen one batch of those who are due; say how many."""
        now = self._clock()
        limit = self._batch + len(self._failed)
        due = await self._evidence.due_rechecks(now=now, limit=limit)
        due = [one for one in due if one not in self._failed]
        for source, patient in due:
            came = await guarded(self._outcomes.write(self._recheck(source, patient, now)))
            if isinstance(came, StoreUnavailable):
                raise came
            if isinstance(came, Exception):
                # Left alone until the process restarts or news of the patient comes in.
                self._failed.add((source, patient))
                _log.error("recheck_failed", source=source, error=place_of(came))
        if due:
            self._wake_delivery()
        return len(due)

    async def _recheck(self, source: str, patient: str, now: datetime) -> None:
        with self._tracer.begin(SpanName.RECHECK) as span:
            span.tell(Told.SOURCE, source)
            decide = self._deciding.at(source, now)
            applied = await self._evidence.apply(source, [], decide, now=now, patients=[patient])
            for whose, change in applied.changes.items():
                span.tell(Told.VERDICT, change.verdict)
                self._metrics.verdicts_total.labels(verdict=change.verdict).inc()
                _log.info(
                    "rechecked",
                    source=source,
                    verdict=change.verdict,
                    patient=Whose(source=source, patient=whose),
                )
