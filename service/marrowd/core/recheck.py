"""
When a verdict may change although no fact does: days pass, and future dates come true.

`screen` tries them in order and keeps the first that gives another verdict, so this list may be too
long but never too short.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from marrowd.core.facts import When
from marrowd.core.pending import pending_exams
from marrowd.core.snapshot import Snapshot
from marrowd.core.verdict import Verdict, VerdictKind
from marrowd.core.windows import A_DAY, days_after, start_of

# Beyond it no foot MRI stands in the way of suggesting one, and a level is too old to suggest it:
# this project's own decisions (the domain rules).
NO_MRI_FOR_DAYS = 365
LATEST_FOR_DAYS = 180
PAIN_FROM_DAYS = 84


def moments_of_change(snapshot: Snapshot, verdict: Verdict) -> list[datetime]:
    """Give the instants after `now`, sorted, at which another verdict is possible."""
    moments = {*_coming_true(snapshot), *_speaking_ends(snapshot), *_row_ends(snapshot, verdict)}
    return sorted(moment for moment in moments if moment is not None and moment > snapshot.now)


def _coming_true(snapshot: Snapshot) -> Iterator[datetime | None]:
    """Give when facts of the future begin to count, and levels become `latest`."""
    timeline, zone = snapshot.timeline, snapshot.policy.zone
    for result in reversed(timeline.results):  # sorted by instant, those without one first
        instant = result.when.instant
        if instant is None or instant <= snapshot.now:
            break
        yield instant - A_DAY
        yield instant
    for when in timeline.exam_times:
        if when is None:
            continue
        if when.instant is not None and when.instant > snapshot.now:
            yield when.instant - A_DAY
        if when.instant is None and when.year is not None and when.year > snapshot.today.year:
            yield start_of(date(when.year, 1, 1), zone)


def _speaking_ends(snapshot: Snapshot) -> Iterator[datetime | None]:
    """Give when the oldest report that speaks falls silent; the others follow it."""
    if snapshot.spoken:
        yield _end(snapshot.spoken[-1].report.when, snapshot.policy.recency_days, snapshot)


def _row_ends(snapshot: Snapshot, verdict: Verdict) -> Iterable[datetime | None]:
    """Give when that changes which this row alone, or one after it, looks at."""
    recency_days = snapshot.policy.recency_days
    end_of_report = _end(verdict.report.when if verdict.report else None, recency_days, snapshot)
    match verdict.kind:
        case VerdictKind.REPORT_UNREADABLE:
            return [end_of_report]
        case VerdictKind.REPORT_PENDING:
            exams = (exam.when for exam in pending_exams(snapshot))
            return [end_of_report, _last_end(exams, recency_days, snapshot)]
        case VerdictKind.CONSIDER_MRI | VerdictKind.NOTHING_RELEVANT:
            return _consider_mri_changes(snapshot)
        case _:
            return ()


def _consider_mri_changes(snapshot: Snapshot) -> Iterator[datetime | None]:
    timeline, zone = snapshot.timeline, snapshot.policy.zone
    if snapshot.latest is not None:
        yield start_of(days_after(snapshot.latest.day, LATEST_FOR_DAYS + 1), zone)
    exams = (
        *(report.when for report in timeline.reports),
        *(study.started for _, study in timeline.studies),
    )
    yield _last_end(exams, NO_MRI_FOR_DAYS, snapshot)
    for _, problem in timeline.problems:
        if problem.is_pain and problem.is_active and problem.since is not None:
            day = problem.since.day(zone)
            if day is None and problem.since.year is not None:
                day = date(problem.since.year, 1, 1)
            if day is not None:
                yield start_of(days_after(day, PAIN_FROM_DAYS), zone)


def _last_end(times: Iterable[When | None], days: int, snapshot: Snapshot) -> datetime | None:
    """Give when the last of *times* is more than *days* back, or None if one never is."""
    ends = [_end(when, days, snapshot) for when in times]
    if None in ends:
        return None
    return max((end for end in ends if end is not None), default=None)


def _end(when: When | None, days: int, snapshot: Snapshot) -> datetime | None:
    """Give the first instant at which *when* is more than *days* back, or None if it never is."""
    if when is None:
        return None
    day = when.day(snapshot.policy.zone)
    if day is None and when.year is not None:
        day = date(when.year, 12, 31)
    return None if day is None else start_of(days_after(day, days + 1), snapshot.policy.zone)
