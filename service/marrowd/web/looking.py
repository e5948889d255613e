"""
What the operators' page shows, as values: read from the store and from this process's own counts.

Counts, ages, states and reasons only. References, payloads, bodies and addresses stay where they
are: nothing of a patient can be shown that was never read.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from prometheus_client import CollectorRegistry

from marrowd.errors import MarrowdError
from marrowd.store.messages import MessageRow, MessageState
from marrowd.store.protocols import EventRow, EventState, Store

_LISTED = 500  # rows read for the parked and the failed ones; a page is not an archive
_SHOWN_ERRORS = 6
_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits at one place."""

    waiting: int = 0
    running: int = 0
    parked: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One way in which things went wrong: what kind of thing, where, how many, the last when."""

    what: str
    reason: str
    place: str
    age_s: float
    is_parked: bool
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the store."""

    at: datetime
    inbox: Queue
    outbox: Mapping[str, Queue]  # by destination
    parked: Mapping[tuple[str, str], int]  # by (events or cards, reason)
    is_parked_cut: bool  # there are more than were read
    failures: Sequence[Failure]
    stopped: frozenset[str]  # destinations that answered 410


async def look(store: Store, *, now: datetime) -> Look | None:
    """Read the store; None when it does not answer."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            depth = await store.inbox_depth()
            oldest = await store.oldest_waiting()
            queued = await store.outbox_depth()
            first = await store.oldest_message()
            stopped = await store.stopped_destinations()
            events = await store.list_events(state=EventState.PARKED, limit=_LISTED)
            put_off = await store.list_events(state=EventState.READY, limit=_LISTED)
            cards = await store.list_messages(state=MessageState.PARKED, limit=_LISTED)
            retried = await store.list_messages(state=MessageState.READY, limit=_LISTED)
    except (MarrowdError, TimeoutError):
        return None
    parked = Counter(("events", row.reason) for row in events)
    parked.update(("cards", row.reason) for row in cards)
    by_destination = Counter(row.destination for row in cards)
    return Look(
        at=now,
        inbox=Queue(
            waiting=depth.get(EventState.READY, 0),
            running=depth.get(EventState.RUNNING, 0),
            parked=depth.get(EventState.PARKED, 0),
            oldest_s=_age(oldest, now),
        ),
        outbox={
            name: Queue(
                waiting=queued.get(name, 0),
                parked=by_destination[name],
                oldest_s=_age(first.get(name), now),
            )
            for name in {*queued, *by_destination}
        },
        parked=parked,
        is_parked_cut=_LISTED in (len(events), len(cards)),
        stopped=frozenset(stopped),
        failures=_latest([*events, *put_off], [*cards, *retried], now),
    )


def _latest(
    events: Sequence[EventRow], cards: Sequence[MessageRow], now: datetime
) -> list[Failure]:
    """Give what went wrong, alike things as one, the latest first."""
    found = [
        Failure(
            what=row.ref.partition("/")[0] if "/" in row.ref else row.kind,
            reason=row.reason,
            place=row.detail,
            age_s=_age(row.received_at, now),
            is_parked=row.state is EventState.PARKED,
        )
        for row in events
        if row.reason
    ] + [
        Failure(
            what=f"card for {row.destination}",
            reason=row.reason,
            place="",
            age_s=_age(row.created_at, now),
            is_parked=row.state is MessageState.PARKED,
        )
        for row in cards
        if row.reason
    ]
    alike: dict[Failure, int] = Counter(replace(failure, age_s=0.0) for failure in found)
    youngest: dict[Failure, float] = {}
    for failure in sorted(found, key=lambda failure: failure.age_s):
        youngest.setdefault(replace(failure, age_s=0.0), failure.age_s)
    return [
        replace(failure, age_s=age_s, times=alike[failure])
        for failure, age_s in list(youngest.items())[:_SHOWN_ERRORS]
    ]


@dataclass(frozen=True, slots=True)
class Counts:
    """This process's own metrics, to be summed by label."""

    samples: Mapping[str, Sequence[tuple[Mapping[str, str], float]]]

    @classmethod
    def of(cls, registry: CollectorRegistry) -> "Counts":
        """Read *registry* once."""
        samples: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in registry.collect():
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        return cls(samples)

    def get(self, name: str, **labels: str) -> float | None:
        """Sum the samples of `marrowd_`*name* that have *labels*; None when there is none."""
        found = [
            value
            for given, value in self.samples.get(f"marrowd_{name}", ())
            if labels.items() <= given.items()
        ]
        return sum(found) if found else None

    def by(self, name: str, label: str) -> dict[str, int]:
        """Give the sums of `marrowd_`*name* by *label*, those of nothing left out."""
        sums: Counter[str] = Counter()
        for given, value in self.samples.get(f"marrowd_{name}", ()):
            sums[given.get(label, "")] += int(value)
        return {key: count for key, count in sums.most_common() if count}


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
