"""The classifiable levels of one patient, sorted, and which of them speaks for a study."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from marrowd.core.policy import Policy
from marrowd.core.verdict import Level
from marrowd.core.windows import NEVER, days_after, days_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels from the oldest to the newest; of one instant, the larger id comes later."""

    levels: tuple[Level, ...] = ()
    days: tuple[date, ...] = ()  # of `levels`

    def governing(self, study: date, policy: Policy) -> Level | None:
        """
        Give the level that speaks for a study on day *study*.

        The nearest in the window, whose ends belong to it; when it holds none, the first after it,
        as long as it is not too long after, marked late.
        """
        nearest = self.nearest(study, policy)
        if nearest is not None:
            return nearest
        place = bisect_right(self.days, days_after(study, policy.window_after_days))
        if place == len(self.days) or self.days[place] > days_after(study, policy.late_after_days):
            return None
        return replace(self._last_of_instant(place), is_late=True)

    def nearest(self, study: date, policy: Policy) -> Level | None:
        """Give the level of the window nearest to *study*; of two the later, then the larger id."""
        place = bisect_left(self.days, study)
        after = self._last_of_day(place) if place < len(self.days) else None
        if after is not None and (after.day - study).days > policy.window_after_days:
            after = None
        before = self.levels[place - 1] if place else None
        if before is not None and (study - before.day).days > policy.window_before_days:
            before = None
        if after is None or before is None:
            return after or before
        return after if after.day - study <= study - before.day else before

    def newest_within(self, first: date, last: date) -> Level | None:
        """Give the newest level from *first* to *last*."""
        place = bisect_right(self.days, last)
        newest = self.levels[place - 1] if place else None
        return newest if newest is not None and newest.day >= first else None

    def latest(self, now: datetime) -> Level | None:
        """Give the newest level not after *now*."""
        return next((level for level in reversed(self.levels) if instant_of(level) <= now), None)

    def _last_of_day(self, place: int) -> Level:
        return self.levels[bisect_right(self.days, self.days[place]) - 1]

    def _last_of_instant(self, place: int) -> Level:
        first = instant_of(self.levels[place])
        while place + 1 < len(self.levels) and instant_of(self.levels[place + 1]) == first:
            place += 1
        return self.levels[place]


NO_LEVELS = Levels()


def sorted_levels(levels: Iterable[Level | None]) -> Levels:
    """Sort *levels*; a draw may have none."""
    ordered = tuple(sorted((level for level in levels if level is not None), key=_order))
    return Levels(levels=ordered, days=tuple(level.day for level in ordered))


def instant_of(level: Level) -> datetime:
    """Give the instant of *level*; a level always has one."""
    return level.result.when.instant or NEVER


def _order(level: Level) -> tuple[datetime, str]:
    return instant_of(level), level.result.ref


def window_of(study: date, policy: Policy) -> tuple[date, date]:
    """Give the first and last day of the window around *study*."""
    return (
        days_before(study, policy.window_before_days),
        days_after(study, policy.window_after_days),
    )
