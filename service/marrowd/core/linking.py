"""
Which ImagingStudy a report is about, by the strongest tie that both name.

A reference or Study UID, else the same accession (with its system), else the same request, else the
same day. The day alone is weak: it joins only a report that itself looks like one of such an exam,
so a blood count reported on the day of an MRI does not pass for its report.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, tzinfo

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.facts import Report, Study, StudyLinks
from marrowd.core.joining import Joined
from marrowd.core.matching import FEET
from marrowd.core.reading import Modality

# The distal tibia and fibula belong to the ankle joint but also to the lower leg: a report on a
# shin that names them is no report on a foot.
FOOT_BONES = frozenset(Bone) - {Bone.DISTAL_TIBIA, Bone.DISTAL_FIBULA, Bone.OTHER}

Key = tuple[str, str]


class Studies:
    """The studies of one patient that are not withdrawn, found by what ties a report to them."""

    def __init__(self, studies: Iterable[tuple[str, Study]], zone: tzinfo) -> None:
        self._zone = zone
        self._by_key: dict[Key, list[tuple[str, Study]]] = defaultdict(list)
        self._by_day: dict[date, list[tuple[str, Study]]] = defaultdict(list)
        for ref, study in sorted(studies, key=lambda pair: pair[0]):
            own = StudyLinks(
                studies=(ref,),
                uids=study.links.uids,
                accessions=study.links.accessions,
                based_on=study.links.based_on,
            )
            for key in {key for tie in ties(own) for key in tie}:
                self._by_key[key].append((ref, study))
            day = study.started.day(zone) if study.started is not None else None
            if day is not None:
                self._by_day[day].append((ref, study))

    def of(self, report: Report, joined: Joined) -> tuple[tuple[str, Study], ...]:
        """Give the studies that *report* is about, by ref; *joined* is what its texts say."""
        for tie in ties(report.links):
            found = {ref: study for key in tie for ref, study in self._by_key.get(key, ())}
            if found:
                return tuple(sorted(found.items(), key=lambda pair: pair[0]))
        day = own_day(report, self._zone)
        if day is None:
            return ()
        of_day = tuple(
            (ref, study)
            for ref, study in self._by_day.get(day, ())
            if may_tell_of(report, joined, study)
        )
        return tuple(pair for pair in of_day if pair[1].is_foot) or of_day


def ties(links: StudyLinks) -> tuple[tuple[Key, ...], ...]:
    """Give the keys of *links*, the strongest tie first."""
    return (
        tuple(("study", ref) for ref in links.studies) + tuple(("uid", uid) for uid in links.uids),
        tuple(("accession", accession) for accession in links.accessions),
        tuple(("based_on", request) for request in links.based_on),
    )


def own_day(report: Report, zone: tzinfo) -> date | None:
    """Give the day of *report* by its own dates."""
    for when in (report.effective, report.issued):
        day = None if when is None else when.day(zone)
        if day is not None:
            return day
    return None


def tells_of_foot(report: Report, joined: Joined) -> bool:
    """Say whether *report* by itself, without any study, is about a foot or ankle."""
    return report.is_foot or bool(joined.regions) or names_foot_bone(joined)


def names_foot_bone(joined: Joined) -> bool:
    """Say whether the texts label marrow of a foot bone, in whatever certainty."""
    return any(finding.statement.bone in FOOT_BONES for finding in joined.findings)


def _side(report: Report, joined: Joined) -> Laterality:
    return joined.laterality if report.laterality is Laterality.UNKNOWN else report.laterality


def may_tell_of(report: Report, joined: Joined, study: Study) -> bool:
    """Say whether *report* may be the report of *study*, when they share no more than the day."""
    modality = report.modality or joined.modality
    if modality is not None and study.modality is not None and modality is not study.modality:
        return False
    if FEET[_side(report, joined)].isdisjoint(FEET[study.laterality]):
        return False
    if names_foot_bone(joined):
        return True
    if tells_of_foot(report, joined):
        # "Foot, 3 views" on the day of a brain MRI is another exam.
        return study.is_foot or modality is Modality.MR
    # Another part of the body, by title, exam line ("MRI left knee") or all bones that are named.
    if report.is_elsewhere or joined.findings:
        return False
    # A scan may be of anything; a text that is none, such as "Normal.", speaks of no exam.
    is_closed = joined.unreadable not in {None, "no_text"}
    return report.is_radiology or modality is Modality.MR or is_closed
