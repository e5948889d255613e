"""
Everything that matters of one patient, joined and in a fixed order: what `screen` looks at.

Built from facts in any order, repeated or not: only the newest version of a resource speaks.
Nothing here depends on `now`, so one timeline can be asked about any moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from marrowd.core.draws import Draw, group_draws, order_of
from marrowd.core.facts import (
    Fact,
    Order,
    Problem,
    Standing,
    Study,
    Unreadable,
    VitaminDResult,
    When,
    newest,
)
from marrowd.core.imaging import ReportJoiner
from marrowd.core.levels import NO_LEVELS, Levels, sorted_levels
from marrowd.core.linking import Studies
from marrowd.core.policy import Policy
from marrowd.core.reading import Modality
from marrowd.core.superseding import supersede
from marrowd.core.verdict import ImagingReport
from marrowd.core.vitamin_d import unreadable_reason
from marrowd.core.windows import NO_DATES, Dates, dates_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One patient, as the newest version of each resource tells it; withdrawn ones are gone."""

    patient: str
    draws: tuple[Draw, ...] = ()
    levels: Levels = NO_LEVELS  # of `draws`, as long as nothing of them is in the future
    last: datetime | None = None  # the latest instant among `results`
    results: tuple[VitaminDResult, ...] = ()  # by `order_of`: oldest first
    attempts: Dates = NO_DATES  # of `results`
    reports: tuple[ImagingReport, ...] = ()  # foot/ankle MR, held ones too, oldest first
    readable: tuple[ImagingReport, ...] = ()  # of `reports`, counting; overtaken findings marked
    studies: tuple[tuple[str, Study], ...] = ()  # foot/ankle MR
    problems: tuple[tuple[str, Problem], ...] = ()
    orders: tuple[tuple[str, Order], ...] = ()
    unreadable: tuple[Unreadable, ...] = ()  # sorted; a future date is added by `screen`

    @property
    def exam_times(self) -> tuple[When | None, ...]:
        """When each MR study or report of a foot or ankle is dated, held ones too."""
        return (
            *(report.when for report in self.reports),
            *(study.started for _, study in self.studies),
        )


def build_timeline(patient: str, facts: Sequence[Fact], *, policy: Policy) -> Timeline:
    """
    Join *facts* of *patient*.

    Args:
        patient: "Patient/1"; a fact whose newest version is of somebody else is left out.
        facts: any order, any number of versions and copies.
        policy: its cut-offs and zone.
    """
    kept = [fact for fact in newest(facts) if fact.patient == patient]
    results = sorted(
        (
            result
            for fact in kept
            for result in fact.results
            if result.standing is not Standing.WITHDRAWN
        ),
        key=order_of,
    )
    studies = [
        (fact.ref, fact.study)
        for fact in kept
        if fact.study is not None and fact.study.standing is not Standing.WITHDRAWN
    ]
    reports = _reports(kept, Studies(studies, policy.zone), policy)
    draws = group_draws(results, _listed_by(kept), policy)
    return Timeline(
        patient=patient,
        draws=draws,
        levels=sorted_levels(draw.level for draw in draws),
        last=results[-1].when.instant if results else None,
        results=tuple(results),
        attempts=dates_of((result.when for result in results), policy.zone),
        reports=reports,
        readable=supersede(readable(reports)),
        studies=tuple(
            (ref, study)
            for ref, study in studies
            if study.modality is Modality.MR and study.is_foot
        ),
        problems=tuple((fact.ref, fact.problem) for fact in kept if fact.problem is not None),
        orders=tuple((fact.ref, fact.order) for fact in kept if fact.order is not None),
        unreadable=_unreadable(kept, results, reports),
    )


def readable(reports: Iterable[ImagingReport]) -> list[ImagingReport]:
    """Keep those that count and could be read."""
    return [
        report
        for report in reports
        if report.standing is Standing.COUNTS and report.unreadable is None
    ]


def _listed_by(facts: Iterable[Fact]) -> dict[str, str]:
    """Give for each listed Observation the smallest ref of a report that lists it."""
    listed_by: dict[str, str] = {}
    for fact in facts:  # sorted by ref, so the first to list an Observation is the smallest
        if not fact.version.is_withdrawn:
            for ref in fact.lists:
                listed_by.setdefault(ref, fact.ref)
    return listed_by


def _reports(facts: Iterable[Fact], studies: Studies, policy: Policy) -> tuple[ImagingReport, ...]:
    facts = tuple(facts)
    joiner = ReportJoiner(
        studies=studies,
        texts={fact.ref: fact.text for fact in facts if fact.text is not None},
        zone=policy.zone,
    )
    found = (
        joiner.imaging_report(fact, fact.report)
        for fact in facts
        if fact.report is not None and fact.report.standing is not Standing.WITHDRAWN
    )
    return tuple(sorted(filter(None, found), key=lambda report: report.order))


def _unreadable(
    facts: Iterable[Fact], results: Iterable[VitaminDResult], reports: Iterable[ImagingReport]
) -> tuple[Unreadable, ...]:
    """List what counts by its status and cannot be read; what is held is not asked."""
    resources = (
        (entry.ref, entry.reason)
        for fact in facts
        if not fact.version.is_withdrawn
        for entry in fact.unreadable
    )
    levels = (
        (result.ref, unreadable_reason(result))
        for result in results
        if result.standing is Standing.COUNTS
    )
    texts = (
        (report.ref, report.unreadable) for report in reports if report.standing is Standing.COUNTS
    )
    listed = {
        Unreadable(ref=ref, reason=reason)
        for ref, reason in chain(resources, levels, texts)
        if reason is not None
    }
    return tuple(sorted(listed, key=lambda entry: (entry.ref, entry.reason)))
