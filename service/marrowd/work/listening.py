"""
What a server says of its topic Subscriptions, taken in: counted, and made up for where it lacks.

A number that did not come is waited for, since notifications overtake each other; then the server
is asked for it (`$events`), and where it cannot say, the source is swept.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.fhir.answers import Forbidden
from marrowd.fhir.client import FhirClient
from marrowd.fhir.facts import ref_of
from marrowd.fhir.json import canonical
from marrowd.fhir.notifications import Notification, SubscriptionStatus, read_notification
from marrowd.fhir.types import USED_TYPES
from marrowd.store.protocols import EventKind, Evidence, Inbox, NewEvent
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import traceparent
from marrowd.work.gaps import Counting, Gap, step

_log = structlog.get_logger(__name__)
_TOLD = "told "  # opens the name of the cursor that keeps one Subscription's counting
_TRIES = 20  # two replicas count one Subscription: the slower one looks again
_IN_FLIGHT = timedelta(seconds=5)  # HAPI's own order is off by less


class ListeningStore(Inbox, Evidence, Protocol):
    """What listening needs of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of one status."""

    again_at: datetime | None = None  # look again then: something is missing and may be on its way


def _nobody() -> None:
    """Ask nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Whom a listener asks; all of it at once and without waiting."""

    sweep: Callable[[], None]  # for what was missed
    look: Callable[[], None] = _nobody  # at the Subscriptions
    wake: Callable[[], None] = _nobody  # the worker: events have come in


class Listener:
    """Listens to the Subscriptions of one source."""

    def __init__(
        self,
        store: ListeningStore,
        client: FhirClient,
        *,
        source: str,
        clock: Callable[[], datetime],
        metrics: Metrics,
        ask: Asking,
        wait: timedelta = _IN_FLIGHT,
    ) -> None:
        """
        Take who is told and what is done about it.

        Args:
            store: where the counting is kept.
            client: of the source.
            source: its name.
            clock: gives the time.
            metrics: where gaps are counted.
            ask: whom to ask to make up for what was missed.
            wait: how long what is missing may be on its way.
        """
        self._store = store
        self._client = client
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._ask = ask
        self._wait = wait
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def counting(self, subscription: str) -> Counting:
        """Give what is known of one Subscription's events."""
        return Counting.loads(await self._store.cursor(self._source, _TOLD + subscription))

    async def hear(
        self, status: SubscriptionStatus, *, at: datetime, is_again: bool = False
    ) -> Heard:
        """
        Take in one status, and make up for what has been missing for long enough.

        Args:
            status: what the server said.
            at: when it came in.
            is_again: it was heard before, and is looked at again because something was missing.
        """
        before, counting = await self._count(status, at)
        if status.state in {"error", "off"}:
            self._ask.look()
        overdue = counting.overdue(now=self._clock(), wait=self._wait)
        if overdue:
            await self._make_good(status.subscription, overdue)
        left = [gap for gap in counting.gaps if gap not in overdue]
        # Only who finds something missing comes back to look: not all that follow.
        if left and (is_again or set(left) - set(before.gaps)):
            return Heard(again_at=min(gap.since for gap in left) + self._wait)
        return Heard()

    async def _count(self, status: SubscriptionStatus, at: datetime) -> tuple[Counting, Counting]:
        name = _TOLD + status.subscription
        async with self._turns[name]:
            for _ in range(_TRIES):
                kept = await self._store.cursor(self._source, name)
                before = Counting.loads(kept)
                came = step(before, status, at=at)
                if await self._store.replace_cursor(
                    self._source, name, came.counting.dumps(), expected=kept
                ):
                    if came.is_new_beginning:
                        _log.info("subscription_counts_anew", source=self._source)
                        self._ask.sweep()
                    return before, came.counting
        message = "the counting of a Subscription changes too fast"
        raise StoreUnavailable(message)

    async def _make_good(self, subscription: str, gaps: Sequence[Gap]) -> None:
        """Ask for what is missing, then write it off: a crash in between asks once more."""
        is_had = True
        for gap in gaps:
            is_had = await self._fetch(subscription, gap) and is_had
        if not is_had:
            self._ask.sweep()
        name = _TOLD + subscription
        async with self._turns[name]:
            for _ in range(_TRIES):
                kept = await self._store.cursor(self._source, name)
                counting = Counting.loads(kept)
                open_ = [gap for gap in gaps if gap in counting.gaps]
                if not open_:
                    return
                if await self._store.replace_cursor(
                    self._source, name, counting.without(open_).dumps(), expected=kept
                ):
                    self._metrics.notification_gaps_total.labels(source=self._source).inc(
                        len(open_)
                    )
                    _log.warning("notifications_missed", source=self._source, count=len(open_))
                    return

    async def _fetch(self, subscription: str, gap: Gap) -> bool:
        """Have the server say *gap* again; False when it cannot, or leaves some out."""
        asked = [("eventsSinceNumber", str(gap.first)), ("eventsUntilNumber", str(gap.last))]
        try:
            told = read_notification(
                dict(await self._client.operate(subscription, "$events", asked))
            )
        except (BadInput, Forbidden):  # HAPI 8.8.0: 400
            return False
        events = self._events(told)
        if events:
            await self._store.accept(events)
            self._ask.wake()
        numbers = set(told.status.numbers) if told.status else set()
        return len([n for n in numbers if gap.first <= n <= gap.last]) == gap.last - gap.first + 1

    def _events(self, told: Notification) -> list[NewEvent]:
        now = self._clock()
        events = []
        for resource in told.resources:
            ref = ref_of(resource)
            if ref is not None and ref.partition("/")[0] in USED_TYPES:
                payload = canonical(resource)
                # The key that the notification itself would have had: who comes late is known.
                key = f"{ref}#{hashlib.sha256(payload).hexdigest()}"
                events.append(
                    NewEvent(
                        source=self._source,
                        kind=EventKind.RESOURCE,
                        key=key,
                        received_at=now,
                        ref=ref,
                        payload=payload,
                        trace=traceparent(),
                    )
                )
        events += [
            NewEvent(
                source=self._source,
                kind=EventKind.FETCH,
                key=f"missed:{ref}#{now.isoformat()}",
                received_at=now,
                ref=ref,
                trace=traceparent(),
            )
            for ref in told.fetch
            if ref.partition("/")[0] in USED_TYPES
        ]
        return events
