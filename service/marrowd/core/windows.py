"""
Time as the rules count it: whole calendar days between local dates, both ends included.

A time that cannot be placed on a day is never a reason to stay silent: a year lies in a window when
one of its days does, and an unreadable date lies in every window.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from marrowd.core.facts import When

A_DAY = timedelta(days=1)
# Stands for a missing instant where times are sorted: the oldest.
NEVER = datetime.min.replace(tzinfo=UTC)


def is_future(when: When, now: datetime) -> bool:
    """
    Say whether *when* is more than a day (24 hours) after *now*.

    The day is a tolerance for clocks and zones that disagree: this project's own decision.
    """
    return when.instant is not None and when.instant - now > A_DAY


def reaches_into(when: When | None, zone: tzinfo, *, first: date, today: date) -> bool:
    """
    Say whether *when* lies, or may lie, from *first* on.

    Whether a placed time is too far in the future is asked of `is_future`; a year may not have
    begun.
    """
    if when is None:
        return True
    day = when.day(zone)
    if day is not None:
        return day >= first
    return when.year is None or first.year <= when.year <= today.year


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """Many times of one kind, asked whether any of them lies in a window."""

    days: tuple[date, ...] = ()  # sorted
    years: frozenset[int] = frozenset()
    has_unplaced: bool = False

    def any_within(self, first: date, last: date) -> bool:
        """Say whether any lies, or may lie, from *first* to *last*."""
        if self.has_unplaced or any(first.year <= year <= last.year for year in self.years):
            return True
        place = bisect_left(self.days, first)
        return place < len(self.days) and self.days[place] <= last


NO_DATES = Dates()


def dates_of(times: Iterable[When], zone: tzinfo) -> Dates:
    """Gather *times*."""
    placed: list[date] = []
    years: set[int] = set()
    has_unplaced = False
    for when in times:
        day = when.day(zone)
        if day is not None:
            placed.append(day)
        elif when.year is not None:
            years.add(when.year)
        else:
            has_unplaced = True
    return Dates(days=tuple(sorted(placed)), years=frozenset(years), has_unplaced=has_unplaced)


def may_lie_within(when: When, zone: tzinfo, *, first: date, last: date) -> bool:
    """Say whether the one time *when* lies, or may lie, from *first* to *last*."""
    return dates_of((when,), zone).any_within(first, last)


def days_before(day: date, days: int) -> date:
    """Go back *days*, or to the start of the calendar."""
    return date.min if days > day.toordinal() - 1 else day - timedelta(days=days)


def days_after(day: date, days: int) -> date:
    """Go on *days*, or to the end of the calendar."""
    left = date.max.toordinal() - day.toordinal()
    return date.max if days > left else day + timedelta(days=days)


def start_of(day: date, zone: tzinfo) -> datetime | None:
    """Give the first instant of the local *day*, or None at the end of the calendar."""
    if day == date.max:
        return None
    return datetime.combine(day, datetime.min.time(), tzinfo=zone).astimezone(UTC)
