"""
A report, its study and its texts become one `ImagingReport`, or none when it is no foot MRI.

Whether it is MR is decided by the first that states a modality: the study, the report's code or
title, its exam line. Whether it shows a foot or ankle, by any of code, body site, title, exam line,
or a label in a foot bone, so that a lower-leg MRI that describes the talus is not missed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.facts import Fact, Piece, Report, Study, When
from marrowd.core.joining import NARRATIVE, Joined, join, titled
from marrowd.core.linking import Studies, tells_of_foot, ties
from marrowd.core.reading import Modality
from marrowd.core.verdict import ImagingReport
from marrowd.core.windows import NEVER

LinkedStudy = tuple[str, Study]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJoiner:
    """Joins reports with the studies and texts of the same patient."""

    studies: Studies
    texts: Mapping[str, Piece]  # by the ref of the Observation that holds it
    zone: tzinfo

    def imaging_report(self, fact: Fact, report: Report) -> ImagingReport | None:
        """Join one report, or give None when it is no MRI of a foot or ankle."""
        joined = join(self._pieces(report))
        linked = self.studies.of(report, joined)
        if not _is_mr(report, joined, linked) or not _is_foot(report, joined, linked):
            return None
        study, when = _dated(report, linked)
        day = when.day(self.zone)
        return ImagingReport(
            ref=fact.ref,
            version=fact.version_id,
            standing=report.standing,
            status=report.status,
            when=when,
            day=day,
            issued=None if report.issued is None else report.issued.instant,
            study=study,
            studies=tuple(ref for ref, _ in linked),
            exam=study or _own_exam(report),
            findings=joined.findings,
            cues=joined.cues,
            regions=_regions(report, joined, linked),
            laterality=_laterality(report, joined, linked),
            marrow_normal=joined.marrow_normal,
            excluded=joined.excluded,
            unreadable="date" if day is None else joined.unreadable,
        )

    def _pieces(self, report: Report) -> Iterable[Piece]:
        """Give the texts of *report* in the order of trust: the narrative after the results."""
        yield from (piece for piece in report.pieces if piece.where != NARRATIVE)
        for ref in report.results:
            if ref in self.texts:
                yield titled(self.texts[ref], report.laterality)
        yield from (piece for piece in report.pieces if piece.where == NARRATIVE)


def _is_mr(report: Report, joined: Joined, linked: tuple[LinkedStudy, ...]) -> bool:
    stated = {study.modality for _, study in linked} - {None}
    if stated:
        return Modality.MR in stated
    return (report.modality or joined.modality) is Modality.MR


def _is_foot(report: Report, joined: Joined, linked: tuple[LinkedStudy, ...]) -> bool:
    return any(study.is_foot for _, study in linked) or tells_of_foot(report, joined)


def _dated(report: Report, linked: tuple[LinkedStudy, ...]) -> tuple[str | None, When]:
    """
    Give the study that dates *report* and its date: the study's start, else effective, else issued.

    The first that can be placed on a day. Several studies: an MR one, of a foot, the earliest.
    """
    ordered = sorted(linked, key=_rank)
    study = ordered[0][0] if ordered else None
    starts = (each.started for _, each in ordered)
    given = [when for when in (*starts, report.effective, report.issued) if when is not None]
    placed = next((when for when in given if when.instant is not None), None)
    return study, placed or next(iter(given), When())


def _rank(pair: LinkedStudy) -> tuple[bool, bool, bool, datetime, str]:
    ref, study = pair
    instant = None if study.started is None else study.started.instant
    return (
        study.modality is not Modality.MR,
        not study.is_foot,
        instant is None,
        instant or NEVER,
        ref,
    )


def _own_exam(report: Report) -> str:
    """Name the exam of a report whose study we do not have, by what it says of it."""
    keys = [":".join(key) for tie in ties(report.links) for key in tie]
    return min(keys, default="")


def _regions(report: Report, joined: Joined, linked: tuple[LinkedStudy, ...]) -> tuple[Region, ...]:
    """Give the regions of the first that states any: a coarse body site must not widen a title."""
    return next(
        filter(None, (report.regions, *(study.regions for _, study in linked), joined.regions)), ()
    )


def _laterality(report: Report, joined: Joined, linked: tuple[LinkedStudy, ...]) -> Laterality:
    """Give the side of the exam: the first that states one, else the only side that is found on."""
    sides = (report.laterality, *(study.laterality for _, study in linked), joined.laterality)
    stated = next((side for side in sides if side is not Laterality.UNKNOWN), None)
    if stated is not None:
        return stated
    found_on = {finding.statement.laterality for finding in joined.findings}
    return found_on.pop() if len(found_on) == 1 else Laterality.UNKNOWN
