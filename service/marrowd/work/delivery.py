"""
Posting cards: one loop per destination, a bounded number of messages in flight.

At least once out: a message is claimed, sent, and its outcome recorded; a process that dies in
between sends it again under the same `webhook-id`, by which the receiver tells the repeat. The
outbox hands out only the first untaken message of each patient, so order per patient needs no care
here.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol, assert_never

import structlog

from marrowd.cds.webhook import Answer, CardDestination
from marrowd.errors import StoreUnavailable, place_of
from marrowd.store.messages import Message, Outbox
from marrowd.store.upkeep import Destinations
from marrowd.telemetry.metrics import Delivery, Metrics
from marrowd.telemetry.pseudonyms import Whose
from marrowd.telemetry.tracing import OFF, Span, SpanName, Told, Tracer
from marrowd.work.bell import Bell
from marrowd.work.gate import Entry, Gate, entered
from marrowd.work.guard import guarded
from marrowd.work.outcomes import Outcomes
from marrowd.work.retrying import PAUSES_ALL, Park, Stop, Taken, TryAgain, after_answer

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPace:
    """How much at once and how patiently."""

    parallel: int = 8  # posts in flight: an EHR endpoint is somebody's production system
    batch: int = 24  # claimed at once
    begin: timedelta = timedelta(seconds=30)  # what has to wait longer for its turn is claimed anew
    poll: timedelta = timedelta(seconds=1)  # when nobody rings; retries fall due without a ring
    # From then on a post may take 20 s, and all requests of a message to a FHIR server 60 s.
    lease: timedelta = timedelta(seconds=90)
    drain: timedelta = timedelta(seconds=25)  # a post under way may end; then it is given back


class Outgoing(Outbox, Destinations, Protocol):
    """Messages, and what is known of where they go."""


class DeliveryLoop:
    """Delivers the messages of one destination."""

    def __init__(
        self,
        outbox: Outgoing,
        destination: CardDestination,
        *,
        worker: str,
        clock: Callable[[], datetime],
        rng: random.Random,
        metrics: Metrics,
        seconds: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
        pace: DeliveryPace = DeliveryPace(),
        tracer: Tracer = OFF,
    ) -> None:
        """
        Take what messages are moved between.

        Args:
            outbox: where they come from and what is recorded.
            destination: where they go to.
            worker: names the leases of this process.
            clock: the time of day.
            rng: jitter.
            metrics: counted into.
            seconds: seconds that never go back.
            pace: how much at once and how patiently.
            tracer: begins the spans of attempts.
        """
        self._outbox = outbox
        self._destination = destination
        self._worker = worker
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._pace = pace
        self._tracer = tracer
        self._bell = Bell()
        self._outcomes = Outcomes()
        self._waiting: deque[Message] = deque()  # claimed, not begun
        self._begin_by = clock()
        self._in_flight: dict[asyncio.Task[None], Message] = {}
        self._posting: set[str] = set()  # of those in flight; others were taken
        self._gate = Gate(
            outbox, destination.name, mark=destination.mark, clock=clock, seconds=seconds, rng=rng
        )

    @property
    def name(self) -> str:
        """A constant word for logs."""
        return f"delivery-{self._destination.name}"

    def wake(self) -> None:
        """Say that there may be something to deliver."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until *stop* is set, then let posts under way end within the drain time."""
        async with self._bell.rung_by(stop):
            try:
                while not stop.is_set():
                    if not await self._start_some():
                        await self._bell.nap(self._pace.poll.total_seconds())
                await self._drain()
            finally:
                for task in self._in_flight:
                    task.cancel()

    async def _start_some(self) -> bool:
        """Begin to send what there is room for; say whether there was any."""
        room = min(
            self._pace.parallel - len(self._posting),
            self._pace.parallel + self._pace.batch - len(self._in_flight),
        )
        if room <= 0:
            return False
        entry = await entered(self._gate, self._destination.name)
        if entry is None:
            await self._give_back(self._take_waiting())
            return False
        if entry.is_trial:
            room = 1
        if self._clock() > self._begin_by:
            await self._give_back(self._take_waiting())
        if not self._waiting:
            self._waiting.extend(await self._claim(1 if entry.is_trial else self._pace.batch))
        if not self._waiting:
            self._gate.leave(entry)
            return False
        for _ in range(min(room, len(self._waiting))):
            message = self._waiting.popleft()
            task = asyncio.create_task(self._deliver(message, entry), name=self.name)
            self._in_flight[task] = message
            self._posting.add(message.id)
            task.add_done_callback(self._ended)
        return True

    def _take_waiting(self) -> list[Message]:
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    async def _give_back(self, messages: Sequence[Message]) -> None:
        if messages:
            await guarded(self._outbox.release_messages(messages))

    async def _claim(self, limit: int) -> Sequence[Message]:
        now = self._clock()
        self._begin_by = now + self._pace.begin
        try:
            return await self._outbox.claim_messages(
                self._destination.name,
                worker=self._worker,
                limit=limit,
                now=now,
                until=now + self._pace.lease,
            )
        except StoreUnavailable as error:
            _log.warning("claim_failed", destination=self._destination.name, error=place_of(error))
            return ()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._leave_place(self._in_flight.pop(task))

    def _leave_place(self, message: Message) -> None:
        self._posting.discard(message.id)
        self._bell.ring()

    async def _deliver(self, message: Message, entry: Entry) -> None:
        with self._tracer.begin(SpanName.DELIVERY, parent=message.trace) as span:
            span.tell(Told.DESTINATION, self._destination.name)
            span.tell(Told.MESSAGE_ID, message.id)
            span.tell(Told.ATTEMPTS, message.attempts)
            await self._attempt(message, entry, span)

    async def _attempt(self, message: Message, entry: Entry, span: Span) -> None:
        came = await guarded(self._destination.send(message.id, message.body))
        if isinstance(came, Exception):  # an error of ours is no news of the destination
            self._gate.leave(entry)
            answer = Answer(problem=place_of(came))
            span.fail(type(came).__name__)
        else:
            self._gate.heard(entry, came)
            answer = came
            _tell_answer(span, answer)
            if answer.is_taken:
                # The next need not wait for the commit; after any other answer it may not go out.
                self._leave_place(message)
        recorded = await guarded(self._outcomes.write(self._record(message, answer)))
        if isinstance(recorded, Exception):
            # The lease runs out and the message is sent again under the same id.
            _log.warning("outcome_not_recorded", message_id=message.id, error=place_of(recorded))

    async def _record(self, message: Message, answer: Answer) -> None:
        now = self._clock()
        step = after_answer(
            answer, attempts=message.attempts, age=now - message.created_at, rng=self._rng
        )
        match step:
            case Taken():
                outcome = Delivery.TAKEN
                if await self._outbox.taken(message, now=now) and message.event_received_at:
                    lag = (now - message.event_received_at).total_seconds()
                    self._metrics.delivery_lag_seconds.observe(lag)
            case TryAgain():
                outcome = Delivery.RETRIED
                if answer.status in PAUSES_ALL and answer.retry_after_s is not None:
                    self._gate.wait_until(now + step.after)  # it speaks for all messages
                await self._outbox.retry_message(message, at=now + step.after, reason=step.reason)
            case Park():
                outcome = Delivery.PARKED
                await self._outbox.park_message(message, now=now, reason=step.reason)
            case Stop():
                outcome = Delivery.STOPPED
                await self._gate.stop()
                await self._outbox.retry_message(message, at=now + step.after, reason="410")
            case _:
                assert_never(step)
        name = self._destination.name
        self._metrics.deliveries_total.labels(destination=name, outcome=outcome).inc()
        log = _log.info if outcome is Delivery.TAKEN else _log.warning
        log(
            "delivered" if outcome is Delivery.TAKEN else "not_delivered",
            destination=name,
            message_id=message.id,
            patient=Whose(source=message.source, patient=message.patient),
            attempts=message.attempts,
            outcome=outcome,
            status=answer.status,
            reason=answer.problem,
        )

    async def _drain(self) -> None:
        await self._give_back(self._take_waiting())
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._pace.drain.total_seconds())
        unfinished = dict(self._in_flight)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._outcomes.settle()
        await self._give_back(list(unfinished.values()))


def _tell_answer(span: Span, answer: Answer) -> None:
    if answer.status is None:
        span.fail(answer.problem)
        return
    span.tell(Told.STATUS, answer.status)
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        span.fail(str(answer.status))
