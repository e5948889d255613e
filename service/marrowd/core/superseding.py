"""
A finding that a later report has overtaken no longer counts.

A later study, or a later report of the same study, has the last word on each bone and side that it
labels (in whatever certainty), and on each that it shows while it calls the marrow normal.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from marrowd.core.matching import Mentions
from marrowd.core.verdict import Finding, ImagingReport


def supersede(reports: Sequence[ImagingReport]) -> tuple[ImagingReport, ...]:
    """
    Mark what later reports have overtaken.

    Args:
        reports: counting and readable, oldest first (`ImagingReport.order`); marks they may carry
            already are set anew.

    Returns:
        The same reports in the same order. One pass from the newest back, so linear.
    """
    later = Mentions()
    marked: list[ImagingReport] = []
    for _, group in groupby(reversed(reports), key=lambda report: report.when.instant):
        of_one_time = tuple(group)
        # Two studies that began at one instant: neither is later. Two reports of one study: the one
        # issued later is, and it comes first here.
        later_of_exam: dict[str, Mentions] = {}
        for report in of_one_time:
            of_exam = later_of_exam.setdefault(report.exam, Mentions())
            marked.append(_marked(report, later, of_exam))
            speak(report, of_exam)
        for report in of_one_time:
            speak(report, later)
    return tuple(reversed(marked))


def speak(report: ImagingReport, mentions: Mentions) -> None:
    """Add to *mentions* every bone and side on which *report* has a word."""
    for finding in report.findings:
        mentions.add(finding.statement.bone, finding.statement.laterality)
    mentions.add_normal_marrow(report)


def _marked(report: ImagingReport, later: Mentions, of_exam: Mentions) -> ImagingReport:
    both = later.joined_with(of_exam)
    findings = tuple(_judged(finding, both) for finding in report.findings)
    return report if findings == report.findings else replace(report, findings=findings)


def _judged(finding: Finding, later: Mentions) -> Finding:
    is_superseded = later.settle(finding.statement.bone, finding.statement.laterality)
    if is_superseded is finding.is_superseded:
        return finding
    return replace(finding, is_superseded=is_superseded)
