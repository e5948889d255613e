"""
What counts of a timeline at one moment: the facts that the rows of `screening` ask about.

Everything that depends on `now` happens here: results and reports of the future are held, reports
beyond recency fall silent, later reports overtake findings, `latest` is found.
"""

from dataclasses import dataclass
from datetime import date, datetime

from marrowd.core.anatomy import is_target
from marrowd.core.facts import Standing, When
from marrowd.core.levels import Levels, instant_of, sorted_levels
from marrowd.core.policy import Policy, VitaminDClass
from marrowd.core.reading import Certainty
from marrowd.core.superseding import supersede
from marrowd.core.timeline import Timeline
from marrowd.core.verdict import ImagingReport, Level
from marrowd.core.vitamin_d import LOW
from marrowd.core.windows import days_before, is_future, reaches_into

SUFFICIENT = frozenset({VitaminDClass.SUFFICIENT, VitaminDClass.EXCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A counting, readable report within recency, with the level that governs it."""

    report: ImagingReport
    day: date
    is_affirmed: bool  # edema in a target bone, not superseded
    is_possible: bool  # only hedged edema there
    governing: Level | None
    is_repleted: bool  # a later level is sufficient

    @property
    def is_low(self) -> bool:
        """Say whether the governing level is low."""
        return self.governing is not None and self.governing.vitamin_d_class in LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A timeline as it stands at `now`."""

    timeline: Timeline
    policy: Policy
    now: datetime
    today: date
    levels: Levels
    latest: Level | None
    readable: tuple[ImagingReport, ...]  # counting, of any age, oldest first
    spoken: tuple[Spoken, ...]  # within recency, newest first
    unread: tuple[ImagingReport, ...]  # counting but unreadable, within recency, newest first

    @property
    def reports(self) -> tuple[ImagingReport, ...]:
        """The reports that speak, oldest first."""
        return tuple(each.report for each in reversed(self.spoken))

    def is_recent(self, when: When | None, days: int) -> bool:
        """Say whether *when* lies, or may lie, at most *days* back."""
        first = days_before(self.today, days)
        return reaches_into(when, self.policy.zone, first=first, today=self.today)


def look(timeline: Timeline, policy: Policy, now: datetime) -> Snapshot:
    """Look at *timeline* as it stands at *now*."""
    today = now.astimezone(policy.zone).date()
    first = days_before(today, policy.recency_days)
    levels = _levels(timeline, policy, now)
    latest = levels.latest(now)
    readable = _readable(timeline, now)
    return Snapshot(
        timeline=timeline,
        policy=policy,
        now=now,
        today=today,
        levels=levels,
        latest=latest,
        readable=readable,
        spoken=tuple(
            _spoken(report, levels, latest, policy)
            for report in reversed(readable)
            if report.day is not None and report.day >= first
        ),
        unread=tuple(
            report
            for report in reversed(timeline.reports)
            if report.unreadable is not None
            and report.standing is Standing.COUNTS
            and not is_future(report.when, now)
            and reaches_into(report.when, policy.zone, first=first, today=today)
        ),
    )


def _levels(timeline: Timeline, policy: Policy, now: datetime) -> Levels:
    """Give the levels that count; only results of the future make them others than they will be."""
    if timeline.last is None or timeline.last <= now:
        return timeline.levels
    return sorted_levels(draw.level_at(now, policy) for draw in timeline.draws)


def _readable(timeline: Timeline, now: datetime) -> tuple[ImagingReport, ...]:
    """Give the readable reports; one of the future does not overtake anything yet."""
    if not any(is_future(report.when, now) for report in timeline.readable):
        return timeline.readable
    return supersede([report for report in timeline.readable if not is_future(report.when, now)])


def _spoken(report: ImagingReport, levels: Levels, latest: Level | None, policy: Policy) -> Spoken:
    certainties = {
        finding.statement.certainty
        for finding in report.findings
        if not finding.is_superseded and is_target(finding.statement.bone)
    }
    is_affirmed = Certainty.AFFIRMED in certainties
    day = report.day or date.min  # a readable report has a day
    governing = levels.governing(day, policy)
    return Spoken(
        report=report,
        day=day,
        is_affirmed=is_affirmed,
        is_possible=not is_affirmed and Certainty.POSSIBLE in certainties,
        governing=governing,
        is_repleted=(
            governing is not None
            and latest is not None
            and latest.vitamin_d_class in SUFFICIENT
            and instant_of(latest) > instant_of(governing)
        ),
    )
