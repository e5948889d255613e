"""
The decision on one patient: walk the verdict table, and tell what was found and what it stands on.

The rows themselves are in `rows`. The same facts give the same verdict in whatever order, how often
and how late they arrived: a timeline knows no arrival.
"""

from dataclasses import replace
from datetime import datetime
from itertools import chain

from marrowd.core.facts import Standing, Unreadable
from marrowd.core.patterns import pattern_of
from marrowd.core.policy import Policy
from marrowd.core.recheck import moments_of_change
from marrowd.core.rows import first_found
from marrowd.core.snapshot import Snapshot, look
from marrowd.core.timeline import Timeline
from marrowd.core.verdict import ImagingReport, Pattern, Verdict, VerdictKind
from marrowd.core.windows import is_future

# The rows whose severity is the class of their level.
WITH_SEVERITY = frozenset(
    {
        VerdictKind.ASSOCIATION,
        VerdictKind.POSSIBLE_ASSOCIATION,
        VerdictKind.REPLETED,
        VerdictKind.REPORT_UNREADABLE,
        VerdictKind.CONSIDER_MRI,
    }
)


def screen(timeline: Timeline, *, policy: Policy, now: datetime, rules_version: str) -> Verdict:
    """
    Decide on one patient.

    Args:
        timeline: built with the same *policy*.
        policy: cut-offs, windows and the site's choices.
        now: aware; never taken from a clock here.
        rules_version: of the vocabulary that read the reports; carried, not used.
    """
    snapshot = look(timeline, policy, now)
    verdict = _verdict(snapshot, rules_version)
    for moment in moments_of_change(snapshot, verdict):
        later = look(timeline, policy, moment)
        # That a report no longer speaks is the usual change, and cheaper to see than the verdict.
        if later.reports != verdict.reports or _verdict(later, rules_version) != verdict:
            return replace(verdict, recheck_at=moment)
    return verdict


def verdict_at(timeline: Timeline, *, policy: Policy, now: datetime, rules_version: str) -> Verdict:
    """Decide as `screen` does, without `recheck_at`: for who judges once, and never again."""
    return _verdict(look(timeline, policy, now), rules_version)


def _verdict(snapshot: Snapshot, rules_version: str) -> Verdict:
    """Walk the table and tell what was found, with everything it stands on."""
    found = first_found(snapshot)
    timeline, report, governing = snapshot.timeline, found.report, found.governing
    is_severe = found.kind in WITH_SEVERITY and governing is not None
    return Verdict(
        kind=found.kind,
        policy=snapshot.policy,
        rules_version=rules_version,
        patient=timeline.patient,
        severity=governing.vitamin_d_class if governing and is_severe else None,
        pattern=_pattern(report, snapshot),
        governing=governing,
        latest=snapshot.latest,
        report=report,
        older=found.older,
        unclassifiable=found.unclassifiable,
        pains=found.pains,
        reports=snapshot.reports,
        unreadable=_unreadable(snapshot),
        open_orders=tuple((ref, order) for ref, order in timeline.orders if order.is_open),
        has_deficiency_on_problem_list=any(
            problem.is_vitamin_d_deficiency and problem.is_active
            for _, problem in timeline.problems
        ),
    )


def _pattern(report: ImagingReport | None, snapshot: Snapshot) -> Pattern | None:
    """Compare *report* with those before it, if it may be used: not a held or an unreadable one."""
    if report is None or report.standing is not Standing.COUNTS or report.unreadable is not None:
        return None
    return pattern_of(report, [each for each in snapshot.readable if each.order < report.order])


def _unreadable(snapshot: Snapshot) -> tuple[Unreadable, ...]:
    """List what cannot be read, and what is held because it is dated in the future."""
    timeline = snapshot.timeline
    listed = {entry.ref for entry in timeline.unreadable}
    dated = chain(
        ((result.ref, result.when) for result in timeline.results),
        ((report.ref, report.when) for report in timeline.reports),
    )
    future = {
        Unreadable(ref=ref, reason="future_date")
        for ref, when in dated
        if ref not in listed and is_future(when, snapshot.now)
    }
    if not future:
        return timeline.unreadable
    return tuple(
        sorted({*timeline.unreadable, *future}, key=lambda entry: (entry.ref, entry.reason))
    )
