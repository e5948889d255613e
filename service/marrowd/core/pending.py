"""Exams whose reading is still to come: a study without a report, or a report that is not final."""

from dataclasses import dataclass

from marrowd.core.facts import Standing, When
from marrowd.core.snapshot import Snapshot
from marrowd.core.verdict import ImagingReport
from marrowd.core.windows import is_future


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A study, or a held report, that waits for a counting report."""

    when: When | None
    report: ImagingReport | None  # None for a study


def pending_exams(snapshot: Snapshot) -> tuple[Pending, ...]:
    """
    Give what is pending within recency.

    A counting report answers a study that it is linked to, and a held report of the same study; a
    held report without a study is answered by a counting report of the same day.
    """
    counting = [
        report
        for report in snapshot.timeline.reports
        if report.standing is Standing.COUNTS and not is_future(report.when, snapshot.now)
    ]
    answered = {study for report in counting for study in report.studies}
    days = {report.day for report in counting if report.day is not None}
    studies = (
        Pending(when=study.started, report=None)
        for ref, study in snapshot.timeline.studies
        if ref not in answered
    )
    reports = (
        Pending(when=report.when, report=report)
        for report in snapshot.timeline.reports
        if report.standing is Standing.HELD
        and (answered.isdisjoint(report.studies) if report.studies else report.day not in days)
    )
    return tuple(exam for exam in (*studies, *reports) if _is_due(exam, snapshot))


def _is_due(exam: Pending, snapshot: Snapshot) -> bool:
    if exam.when is not None and is_future(exam.when, snapshot.now):
        return False
    return snapshot.is_recent(exam.when, snapshot.policy.recency_days)
