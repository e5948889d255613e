"""Laws of reports: what is overtaken, by the fast pass and by the sentence of the rules."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.notation import timeline
from tests.support.patients import reports, studies

from marrowd.core.anatomy import Laterality
from marrowd.core.matching import FEET, SAME_BONE, shows


def is_later(other, report):
    if other.exam == report.exam and other.when.instant == report.when.instant:
        return other.order > report.order
    return other.when.instant > report.when.instant


def speaks_of(report, bone, foot):
    labels = any(
        bone in SAME_BONE[f.statement.bone] and foot in FEET[f.statement.laterality]
        for f in report.findings
    )
    normal = {each for side in report.marrow_normal for each in FEET[side]}
    return labels or (foot in normal and shows(report, bone, foot))


def is_overtaken(finding, report, everyone):
    bone, side = finding.statement.bone, finding.statement.laterality
    feet = {
        foot
        for other in everyone
        if is_later(other, report)
        for foot in FEET[side]
        if speaks_of(other, bone, foot)
    }
    return bool(feet) if side is Laterality.UNKNOWN else feet == FEET[side]


@given(st.lists(st.one_of(reports(), studies()), max_size=7))
def test_overtaken_findings_are_those_a_plain_search_finds(patient):
    """One pass from the newest back, against every pair of reports."""
    everyone = timeline(*patient).readable

    for report in everyone:
        for finding in report.findings:
            assert finding.is_superseded == is_overtaken(finding, report, everyone)


@given(st.lists(st.one_of(reports(), studies()), max_size=7))
def test_findings_of_the_newest_report_always_stand(patient):
    everyone = timeline(*patient).readable

    for report in everyone[-1:]:
        assert not any(finding.is_superseded for finding in report.findings)
