"""
The screening loop: events are claimed, handled so many at a time, and each comes to an end.

Ends are: done (screened or ignored, written by the handler together with the evidence), to be tried
again later, or parked with a reason. At least once: a process that dies leaves leases that run out,
and whoever claims next does the same work again with the same result, because evidence has no
order. A lease is kept by heartbeat, so that a slow server does not make two processes do one event;
should a lease be lost all the same, the store refuses the late write.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from marrowd.errors import StoreUnavailable, place_of
from marrowd.store.protocols import Event, Inbox
from marrowd.telemetry.metrics import Metrics, Parked
from marrowd.telemetry.pseudonyms import Whose
from marrowd.telemetry.tracing import OFF, Span, SpanName, Told, Tracer
from marrowd.work.bell import Bell
from marrowd.work.guard import guarded
from marrowd.work.outcomes import Outcomes
from marrowd.work.retrying import Park, Patience, TryAgain, after_failure, kind_of
from marrowd.work.unlisted import is_of_sweep

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """How an event ended well; what its canonical log line says."""

    outcome: str  # "screened", "ignored", "swept", "counted", "waiting", "canary"
    reason: str = ""  # of an ignored one
    verdict: str = ""
    patient: str = ""


class Handler(Protocol):
    """What is done with one event, up to and including the write that finishes it."""

    async def handle(self, event: Event) -> Handled:
        """Do it; raise what `work.retrying.after_failure` can judge."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningPace:
    """How much at once and how patiently."""

    parallel: int = 32  # events in hand: they wait for the FHIR server, and share statements
    batch: int = 64  # events claimed in one transaction; those not begun wait under lease
    poll: timedelta = timedelta(seconds=1)  # when nobody rings; retries fall due without a ring
    lease: timedelta = timedelta(seconds=60)  # a dead process's events are picked up after this
    drain: timedelta = timedelta(seconds=20)  # inside the usual 30 s between SIGTERM and SIGKILL
    patience: Patience = field(default_factory=Patience)
    lost_alone: int = 2  # claims without an outcome after which an event is handled by itself
    lost_most: int = 5  # and after which it is set aside; a lease lies between each two

    @property
    def beat(self) -> timedelta:
        """Two heartbeats may fail before a lease runs out."""
        return self.lease / 3


class ScreeningLoop:
    """Claims events and sees each to its end."""

    name = "screening"

    def __init__(
        self,
        inbox: Inbox,
        handler: Handler,
        *,
        worker: str,
        clock: Callable[[], datetime],
        rng: random.Random,
        metrics: Metrics,
        outcomes: Outcomes,
        pace: ScreeningPace = ScreeningPace(),
        tracer: Tracer = OFF,
    ) -> None:
        self._inbox = inbox
        self._handler = handler
        self._worker = worker
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._outcomes = outcomes
        self._pace = pace
        self._tracer = tracer
        self._bell = Bell()
        self._waiting: deque[Event] = deque()  # claimed, not begun
        self._suspects: deque[Event] = deque()  # claimed, and lost before: handled one by one
        self._running: dict[asyncio.Task[None], Event] = {}
        self._alike: dict[int, tuple[str, int]] = {}  # by event id: kind of failure, how often

    def wake(self) -> None:
        """Say that events have come in."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Screen until *stop* is set, then let what was begun end within the drain time."""
        beating = asyncio.create_task(self._keep_leases(), name="heartbeat")
        beating.add_done_callback(lambda _: self._bell.ring())
        try:
            async with self._bell.rung_by(stop):
                while not stop.is_set():
                    if beating.done():
                        beating.result()  # a loop without heartbeat must not go on
                    if not await self._go_on():
                        await self._bell.nap(self._pace.poll.total_seconds())
                await self._drain()
        finally:
            for task in (beating, *self._running):
                task.cancel()
            await asyncio.gather(beating, *self._running, return_exceptions=True)

    async def _go_on(self) -> bool:
        """Claim when nothing waits, begin what there is room for; say whether there may be more."""
        room = self._pace.parallel - len(self._running)
        if room <= 0 or self._is_alone():
            return False
        if not self._waiting and not self._suspects:
            now = self._clock()
            try:
                claimed = await self._inbox.claim(
                    worker=self._worker,
                    limit=self._pace.batch,
                    now=now,
                    until=now + self._pace.lease,
                )
            except StoreUnavailable as error:
                _log.warning("claim_failed", error=place_of(error))
                return False
            # Not in one expression: a heartbeat may have replaced the deque during the claim.
            await self._sort(claimed)
        if self._suspects:
            return await self._begin_suspect()
        started = min(room, len(self._waiting))
        for _ in range(started):
            self._begin(self._waiting.popleft())
        return started > 0

    async def _sort(self, claimed: Sequence[Event]) -> None:
        """Put aside what was lost too often; keep apart what was lost before."""
        for event in claimed:
            if event.lost >= self._pace.lost_most:
                await self._give_up(event)
            elif event.lost >= self._pace.lost_alone:
                self._suspects.append(event)
            else:
                self._waiting.append(event)

    async def _begin_suspect(self) -> bool:
        """
        Handle one event that was lost before while nothing else is in hand.

        Should it end the process, it alone is lost once more; what was claimed with it is given
        back first.
        """
        if self._running:
            return False
        suspect = self._suspects.popleft()
        others = [*self._suspects, *self._waiting]
        self._suspects.clear()
        self._waiting.clear()
        if others:
            await guarded(self._outcomes.write(self._inbox.release(others)))
        _log.warning("event_handled_alone", **_about(suspect), count=suspect.lost)
        self._begin(suspect)
        return True

    def _is_alone(self) -> bool:
        return any(event.lost >= self._pace.lost_alone for event in self._running.values())

    def _begin(self, event: Event) -> None:
        task = asyncio.create_task(self._see_to_its_end(event), name=f"event-{event.id}")
        self._running[task] = event
        task.add_done_callback(self._ended)

    async def _give_up(self, event: Event) -> None:
        detail = f"{event.lost} claims ended without an outcome"
        parking = self._inbox.park(event, now=self._clock(), reason=Parked.LOST, detail=detail)
        is_parked = await guarded(self._outcomes.write(parking))
        if is_parked is True:
            self._metrics.events_parked_total.labels(reason=Parked.LOST).inc()
            _log.error("event_parked", **_about(event), reason=Parked.LOST, lost=event.lost)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._bell.ring()

    async def _see_to_its_end(self, event: Event) -> None:
        with self._span_of(event) as span:
            _tell_event(span, event)
            await self._handle(event, span)

    def _span_of(self, event: Event) -> Span:
        """Begin the span of *event*, in the trace that it came with."""
        trace = event.new.trace
        if trace is not None and is_of_sweep(event.new.key):
            # A sweep may bring years: one trace of them all could not be read.
            return self._tracer.begin(SpanName.EVENT, links=[trace])
        return self._tracer.begin(SpanName.EVENT, parent=trace)

    async def _handle(self, event: Event, span: Span) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        came = await guarded(self._handler.handle(event))
        duration_s = loop.time() - started
        if isinstance(came, Exception):
            span.fail(type(came).__name__)
            await self._record_failure(event, came, duration_s)
            return
        span.tell(Told.OUTCOME, came.outcome)
        span.tell(Told.VERDICT, came.verdict)
        self._alike.pop(event.id, None)
        self._metrics.screening_duration_seconds.observe(duration_s)
        _log.info(
            "event_handled",
            **_about(event),
            outcome=came.outcome,
            reason=came.reason,
            verdict=came.verdict,
            patient=Whose(source=event.new.source, patient=came.patient),
            duration_s=round(duration_s, 4),
        )

    async def _record_failure(self, event: Event, error: Exception, duration_s: float) -> None:
        step = after_failure(
            error,
            attempts=event.attempts,
            alike=self._failures_alike(event, error),
            patience=self._pace.patience,
            rng=self._rng,
        )
        recorded = await guarded(self._outcomes.write(self._write(event, step, error)))
        is_parked = isinstance(step, Park)
        if is_parked:
            self._alike.pop(event.id, None)
        _log.warning(
            "event_parked" if is_parked else "event_put_off",
            **_about(event),
            reason=step.reason,
            error=place_of(error),
            duration_s=round(duration_s, 4),
        )
        if isinstance(recorded, Exception):
            # The lease runs out and the event is claimed again: nothing is lost.
            _log.warning("outcome_not_recorded", event_id=event.id, error=place_of(recorded))
        elif recorded and is_parked:
            self._metrics.events_parked_total.labels(reason=step.reason).inc()

    def _failures_alike(self, event: Event, error: Exception) -> int:
        """Count failures of one kind in a row; this process's own count, so a restart forgives."""
        kind = kind_of(error)
        before = self._alike.pop(event.id, None)
        if not kind:
            return 0
        count = before[1] + 1 if before is not None and before[0] == kind else 1
        self._alike[event.id] = (kind, count)
        return count

    async def _write(self, event: Event, step: TryAgain | Park, error: Exception) -> bool:
        now = self._clock()
        match step:
            case TryAgain(after=after, reason=reason):
                return await self._inbox.retry(
                    event, at=now + after, reason=reason, detail=place_of(error)
                )
            case Park(reason=reason, detail=detail):
                return await self._inbox.park(event, now=now, reason=reason, detail=detail)
            case _:
                assert_never(step)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._pace.beat.total_seconds())
            held = [*self._running.values(), *self._waiting, *self._suspects]
            if not held:
                continue
            try:
                kept = await self._inbox.extend(held, until=self._clock() + self._pace.lease)
            except StoreUnavailable as error:
                _log.warning("heartbeat_failed", error=place_of(error), count=len(held))
                continue
            lost = {event.id for event in held} - {event.id for event in kept}
            self._let_go(lost)

    def _let_go(self, lost: set[int]) -> None:
        """Stop working on events that somebody else has now."""
        self._waiting = deque(event for event in self._waiting if event.id not in lost)
        self._suspects = deque(event for event in self._suspects if event.id not in lost)
        for task, event in list(self._running.items()):
            if event.id in lost:
                task.cancel()
                _log.warning("lease_lost", **_about(event))

    async def _drain(self) -> None:
        unbegun = [*self._waiting, *self._suspects]
        self._waiting.clear()
        self._suspects.clear()
        if unbegun:
            await guarded(self._outcomes.write(self._inbox.release(unbegun)))
        if self._running:
            await asyncio.wait(self._running, timeout=self._pace.drain.total_seconds())
        unfinished = dict(self._running)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._outcomes.settle()
        if unfinished:
            _log.warning("drain_cut_short", count=len(unfinished))
            await guarded(self._inbox.release(list(unfinished.values())))


def _about(event: Event) -> dict[str, object]:
    return {
        "source": event.new.source,
        "event_id": event.id,
        "kind": event.new.kind,
        "resource": event.new.ref.partition("/")[0],
        "attempts": event.attempts,
    }


def _tell_event(span: Span, event: Event) -> None:
    span.tell(Told.SOURCE, event.new.source)
    span.tell(Told.EVENT_ID, event.id)
    span.tell(Told.KIND, event.new.kind)
    span.tell(Told.RESOURCE, event.new.ref.partition("/")[0])
    span.tell(Told.ATTEMPTS, event.attempts)
