"""
Which events of a topic Subscription did not arrive, told from the counters that servers send.

Pure: one state per Subscription, stepped by each status, in whatever order they come. A number that
is passed over is missing until it comes late, is fetched, or a sweep has made up for it. A count
that drops is no error: HAPI counts in memory and begins anew when it restarts. What it had in hand
then is gone, so a drop asks for a sweep.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import orjson

from marrowd.fhir.notifications import StatusType, SubscriptionStatus

# Notifications overtake each other by about two dozen, and a slow answer makes one come again. A
# count further back than this is a new beginning; nearer, it cannot be told from a repeat.
_WINDOW = 100
_MOST_GAPS = 50  # kept apart; more are made one, so that a state stays small
_TELLS_EVENTS = frozenset({StatusType.EVENT, StatusType.QUERY_EVENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events *first* to *last* have not come; noticed at *since*."""

    first: int
    last: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What is known of one Subscription's events."""

    high: int | None = None  # the highest number told of
    gaps: tuple[Gap, ...] = ()  # in order, apart from each other
    heard_at: datetime | None = None  # when it last said anything
    has_heartbeat: bool = False  # it has sent one: from a server that does, silence means something

    @classmethod
    def loads(cls, text: str | None) -> Self:
        """Read what `dumps` wrote; anything else, nothing included, is a beginning."""
        try:
            kept = orjson.loads(text or "{}")
            return cls(
                high=kept.get("high"),
                gaps=tuple(
                    Gap(first=first, last=last, since=datetime.fromisoformat(since))
                    for first, last, since in kept.get("gaps", ())
                ),
                heard_at=datetime.fromisoformat(at) if (at := kept.get("heard_at")) else None,
                has_heartbeat=bool(kept.get("has_heartbeat")),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()

    def dumps(self) -> str:
        """Write it as text for the store."""
        return orjson.dumps(
            {
                "high": self.high,
                "gaps": [(g.first, g.last, g.since.isoformat()) for g in self.gaps],
                "heard_at": self.heard_at.isoformat() if self.heard_at else None,
                "has_heartbeat": self.has_heartbeat,
            }
        ).decode()

    def overdue(self, *, now: datetime, wait: timedelta) -> tuple[Gap, ...]:
        """Give the gaps that have been open for *wait*: what is in flight has arrived by then."""
        return tuple(gap for gap in self.gaps if gap.since + wait <= now)

    def without(self, gaps: Iterable[Gap]) -> Self:
        """Give it with *gaps* made up for."""
        made_good = frozenset(gaps)
        return replace(self, gaps=tuple(g for g in self.gaps if g not in made_good))

    def is_silent(self, *, now: datetime, period: timedelta) -> bool:
        """Say whether a server that sends heartbeats has missed two."""
        if not self.has_heartbeat or self.heard_at is None:
            return False
        return now - self.heard_at > 2 * period


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one status did."""

    counting: Counting
    is_new_beginning: bool = False  # what the server had in hand before may be lost


def step(counting: Counting, status: SubscriptionStatus, *, at: datetime) -> Step:
    """
    Take in one *status* that came at *at*.

    The first one ever seen sets the count: what came before it is the first sweep's business.
    """
    heard = replace(
        counting,
        heard_at=max(at, counting.heard_at or at),
        has_heartbeat=counting.has_heartbeat or status.type is StatusType.HEARTBEAT,
    )
    told = _told(status)
    high = max((*told, *(() if status.count is None else (status.count,))), default=None)
    if high is None:
        return Step(counting=heard)
    if status.type is StatusType.HANDSHAKE or _drops(heard, high):
        is_other = counting.high is not None and counting.high != high
        return Step(counting=replace(heard, high=high, gaps=()), is_new_beginning=is_other)
    gaps = list(heard.gaps)
    if heard.high is not None and high > heard.high:
        gaps.append(Gap(first=heard.high + 1, last=high, since=at))
    for number in told:
        gaps = _filled(gaps, number)
    if len(gaps) > _MOST_GAPS:
        gaps = [Gap(first=gaps[0].first, last=gaps[-1].last, since=gaps[0].since)]
    return Step(counting=replace(heard, high=max(high, heard.high or 0), gaps=tuple(gaps)))


def _told(status: SubscriptionStatus) -> tuple[int, ...]:
    """Give the numbers of the events that came with *status*."""
    if status.type not in _TELLS_EVENTS:
        return ()
    if not status.numbers and status.type is StatusType.EVENT and status.count is not None:
        return (status.count,)  # a server that numbers no events sends one at a time
    return status.numbers


def _drops(counting: Counting, high: int) -> bool:
    return (
        counting.high is not None
        and high <= counting.high - _WINDOW
        and not any(gap.first <= high <= gap.last for gap in counting.gaps)
    )


def _filled(gaps: Iterable[Gap], number: int) -> list[Gap]:
    """Take *number* out of the gap it lies in."""
    left: list[Gap] = []
    for gap in gaps:
        if not gap.first <= number <= gap.last:
            left.append(gap)
            continue
        if gap.first < number:
            left.append(replace(gap, last=number - 1))
        if number < gap.last:
            left.append(replace(gap, first=number + 1))
    return left
