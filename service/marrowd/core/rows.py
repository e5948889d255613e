"""
The verdict table: each row is a function, `ROWS` is the table in its order.

Which function decides on a card? The first of `ROWS` that finds something. A row looks at a
`Snapshot` (what counts at `now`) and says what it found, or None; it neither knows the rows before
it nor builds the verdict (`screening`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from marrowd.core.facts import Problem, VitaminDResult, When
from marrowd.core.levels import sorted_levels, window_of
from marrowd.core.pending import pending_exams
from marrowd.core.policy import Policy
from marrowd.core.recheck import LATEST_FOR_DAYS, NO_MRI_FOR_DAYS, PAIN_FROM_DAYS
from marrowd.core.snapshot import SUFFICIENT, Snapshot, Spoken
from marrowd.core.verdict import ImagingReport, Level, VerdictKind
from marrowd.core.vitamin_d import LOW
from marrowd.core.windows import days_after, days_before, may_lie_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a row found: its verdict, and the facts it stands on."""

    kind: VerdictKind
    report: ImagingReport | None = None
    governing: Level | None = None
    older: Level | None = None
    unclassifiable: tuple[VitaminDResult, ...] = ()
    pains: tuple[tuple[str, Problem], ...] = ()


def association(snapshot: Snapshot) -> Found | None:
    """Affirmed edema, its governing level low, and no later level sufficient."""
    return _newest(
        VerdictKind.ASSOCIATION,
        (each for each in snapshot.spoken if each.is_affirmed and each.is_low),
        unless=lambda each: each.is_repleted,
    )


def possible_association(snapshot: Snapshot) -> Found | None:
    """Only hedged edema, its governing level low, and no later level sufficient."""
    return _newest(
        VerdictKind.POSSIBLE_ASSOCIATION,
        (each for each in snapshot.spoken if each.is_possible and each.is_low),
        unless=lambda each: each.is_repleted,
    )


def repleted(snapshot: Snapshot) -> Found | None:
    """Either of the two above, but a later level is sufficient."""
    return _newest(
        VerdictKind.REPLETED,
        (
            each
            for each in snapshot.spoken
            if (each.is_affirmed or each.is_possible) and each.is_low and each.is_repleted
        ),
    )


def vitamin_d_missing(snapshot: Snapshot) -> Found | None:
    """Affirmed edema, and no attempt at a level in the window or after it: not even a held one."""
    attempts, policy = snapshot.timeline.attempts, snapshot.policy
    found = _newest(
        VerdictKind.VITAMIN_D_MISSING,
        (
            each
            for each in snapshot.spoken
            if each.is_affirmed
            and not attempts.any_within(window_of(each.day, policy)[0], date.max)
        ),
    )
    # Whatever level there is lies before the window.
    older = snapshot.levels.levels[-1] if found and snapshot.levels.levels else None
    return replace(found, older=older) if found else None


def vitamin_d_indeterminate(snapshot: Snapshot) -> Found | None:
    """Affirmed edema, and attempts at a level in time, of which none counts and is classifiable."""
    attempts, policy = snapshot.timeline.attempts, snapshot.policy
    found = _newest(
        VerdictKind.VITAMIN_D_INDETERMINATE,
        (
            each
            for each in snapshot.spoken
            if each.is_affirmed
            and each.governing is None
            and attempts.any_within(*_until_late(each.day, policy))
        ),
    )
    if found is None or found.report is None or found.report.day is None:
        return None
    first, last = _until_late(found.report.day, policy)
    there = (
        result
        for result in snapshot.timeline.results
        if may_lie_within(result.when, policy.zone, first=first, last=last)
    )
    return replace(found, unclassifiable=tuple(there))


def report_unreadable(snapshot: Snapshot) -> Found | None:
    """A report of a foot or ankle MRI that cannot be read, with a low level in its own window."""
    if not snapshot.unread:
        return None
    lows = sorted_levels(level for level in snapshot.levels.levels if level.vitamin_d_class in LOW)
    for report in snapshot.unread:
        if report.day is not None:
            nearest = lows.nearest(report.day, snapshot.policy)
        else:
            nearest = lows.newest_within(*_window_of_undated(report.when, snapshot.policy))
        if nearest is not None:
            return Found(kind=VerdictKind.REPORT_UNREADABLE, report=report, governing=nearest)
    return None


def report_pending(snapshot: Snapshot) -> Found | None:
    """An exam of a foot or ankle whose report is still to come."""
    exams = pending_exams(snapshot)
    if not exams:
        return None
    held = [exam.report for exam in exams if exam.report is not None]
    newest = max(held, key=lambda report: report.order, default=None)
    return Found(kind=VerdictKind.REPORT_PENDING, report=newest)


def vitamin_d_sufficient(snapshot: Snapshot) -> Found | None:
    """Affirmed edema, its governing level sufficient."""
    return _newest(
        VerdictKind.VITAMIN_D_SUFFICIENT,
        (
            each
            for each in snapshot.spoken
            if each.is_affirmed
            and each.governing is not None
            and each.governing.vitamin_d_class in SUFFICIENT
        ),
    )


def edema_absent(snapshot: Snapshot) -> Found | None:
    """At least one report was read, none that cannot be read is newer, and none tells of edema."""
    if not snapshot.spoken or any(each.is_affirmed or each.is_possible for each in snapshot.spoken):
        return None
    newest = snapshot.spoken[0]
    if any(_may_be_newer(report, newest) for report in snapshot.unread):
        return None
    return _newest(VerdictKind.EDEMA_ABSENT, snapshot.spoken)


def consider_mri(snapshot: Snapshot) -> Found | None:
    """A recent low level, foot or ankle pain for weeks, and no MRI of it within a year."""
    latest, today = snapshot.latest, snapshot.today
    if not snapshot.policy.consider_mri or latest is None or latest.vitamin_d_class not in LOW:
        return None
    if latest.day < days_before(today, LATEST_FOR_DAYS):
        return None
    pains = tuple(
        (ref, problem)
        for ref, problem in snapshot.timeline.problems
        if problem.is_pain and problem.is_active and _is_lasting(problem.since, snapshot)
    )
    exams = snapshot.timeline.exam_times
    if not pains or any(snapshot.is_recent(when, NO_MRI_FOR_DAYS) for when in exams):
        return None
    return Found(kind=VerdictKind.CONSIDER_MRI, governing=latest, pains=pains)


def nothing_relevant(_: Snapshot) -> Found:
    """Whatever no other row speaks of."""
    return Found(kind=VerdictKind.NOTHING_RELEVANT)


ROWS: tuple[Callable[[Snapshot], Found | None], ...] = (
    association,
    possible_association,
    repleted,
    vitamin_d_missing,
    vitamin_d_indeterminate,
    report_unreadable,
    report_pending,
    vitamin_d_sufficient,
    edema_absent,
    consider_mri,
    nothing_relevant,
)


def first_found(snapshot: Snapshot) -> Found:
    """Give what the first row that holds has found."""
    return next(filter(None, (row(snapshot) for row in ROWS)))


def _may_be_newer(report: ImagingReport, than: Spoken) -> bool:
    """Say whether *report* is newer, or may be, since its day is unknown."""
    if report.day is not None:
        return report.order > than.report.order
    return report.when.year is None or report.when.year >= than.day.year


def _newest(
    kind: VerdictKind,
    spoken: Iterable[Spoken],
    *,
    unless: Callable[[Spoken], bool] = lambda _: False,
) -> Found | None:
    """Speak of the first of *spoken*, which come newest first."""
    for each in spoken:
        if not unless(each):
            return Found(kind=kind, report=each.report, governing=each.governing)
    return None


def _until_late(study: date, policy: Policy) -> tuple[date, date]:
    """Give the window around *study* drawn out to where a late level still speaks for it."""
    return window_of(study, policy)[0], days_after(study, policy.late_after_days)


def _window_of_undated(when: When, policy: Policy) -> tuple[date, date]:
    """Give the window around a study of which only the year is known, or not even that."""
    if when.year is None:
        return date.min, date.max
    first, _ = window_of(date(when.year, 1, 1), policy)
    _, last = window_of(date(when.year, 12, 31), policy)
    return first, last


def _is_lasting(since: When | None, snapshot: Snapshot) -> bool:
    """Say whether pain *since* then has lasted; without a date nothing says that it has."""
    if since is None:
        return False
    last = days_before(snapshot.today, PAIN_FROM_DAYS)
    day = since.day(snapshot.policy.zone)
    if day is not None:
        return day <= last
    return since.year is not None and date(since.year, 1, 1) <= last
