"""
How the report that a card speaks of compares with earlier ones: recurrent, persistent or migratory.

Affirmed findings in target bones only. A region that was not imaged says nothing: it is neither
gone nor still there, and what it shows later is not new. The day counts are this project's own
decisions (the domain rules).
"""

from collections.abc import Iterable, Sequence

from marrowd.core.anatomy import Bone, Laterality, is_target
from marrowd.core.matching import FEET, SAME_BONE, Mentions, mentions_of, shows
from marrowd.core.reading import Certainty
from marrowd.core.verdict import Finding, ImagingReport, Pattern

PERSISTENT_FROM_DAYS = 90
MIGRATORY_FROM_DAYS = 28
MIGRATORY_TO_DAYS = 730
GONE = frozenset({Certainty.NEGATED, Certainty.HISTORICAL})

Place = tuple[Bone, Laterality]


def pattern_of(report: ImagingReport, earlier: Sequence[ImagingReport]) -> Pattern | None:
    """
    Compare *report* with *earlier* ones.

    Args:
        report: counting and readable, its superseded findings marked.
        earlier: counting and readable, oldest first, without limit of age.
    """
    now = [_place(finding) for finding in _affirmed(report) if not finding.is_superseded]
    if not now:
        return None
    same_place = _came_back_or_stayed(report, now, earlier)
    if same_place is not None:
        return same_place
    has_moved = any(_has_moved(report, now, before) for before in earlier)
    return Pattern.MIGRATORY if has_moved else None


def _came_back_or_stayed(
    report: ImagingReport, now: Iterable[Place], earlier: Sequence[ImagingReport]
) -> Pattern | None:
    """Walk back in time and note, for each foot, where a report in between found nothing."""
    feet = {(bone, foot) for bone, side in now for foot in FEET[side]}
    cleared = Mentions()
    has_stayed = False
    for before in reversed(earlier):
        was = mentions_of(map(_place, _affirmed(before)))
        for bone, foot in feet:
            if not was.touch(bone, foot):
                continue
            if cleared.touch(bone, foot):
                return Pattern.RECURRENT
            has_stayed = has_stayed or _days_between(before, report) >= PERSISTENT_FROM_DAYS
        for finding in before.findings:
            if finding.statement.certainty in GONE:
                cleared.add(*_place(finding))
        cleared.add_normal_marrow(before)
    return Pattern.PERSISTENT if has_stayed else None


def _has_moved(report: ImagingReport, now: Iterable[Place], before: ImagingReport) -> bool:
    """Say whether something of *before* is gone in *report* and something else is new."""
    if not MIGRATORY_FROM_DAYS <= _days_between(before, report) <= MIGRATORY_TO_DAYS:
        return False
    were = [_place(finding) for finding in _affirmed(before)]
    was = mentions_of(were)
    is_new = any(
        not was.touch(bone, side) and _was_seen(before, bone, side)
        for bone, part in now
        for side in _parts(part)
    )
    return is_new and any(
        _is_gone(report, bone, side) for bone, part in were for side in _parts(part)
    )


def _parts(side: Laterality) -> frozenset[Laterality]:
    """Split both feet, of which one may be new or gone; an unknown side stays one thing."""
    return frozenset({side}) if side is Laterality.UNKNOWN else FEET[side]


def _is_gone(report: ImagingReport, bone: Bone, side: Laterality) -> bool:
    named = _named(report, bone, side)
    return GONE.issuperset(named) if named else _is_shown(report, bone, side)


def _was_seen(report: ImagingReport, bone: Bone, side: Laterality) -> bool:
    return bool(_named(report, bone, side)) or _is_shown(report, bone, side)


def _named(report: ImagingReport, bone: Bone, side: Laterality) -> list[Certainty]:
    """Give what *report* says of *bone* on any foot of *side*."""
    return [
        finding.statement.certainty
        for finding in report.findings
        if bone in SAME_BONE[finding.statement.bone]
        and not FEET[side].isdisjoint(FEET[finding.statement.laterality])
    ]


def _is_shown(report: ImagingReport, bone: Bone, side: Laterality) -> bool:
    return any(shows(report, bone, foot) for foot in FEET[side])


def _affirmed(report: ImagingReport) -> list[Finding]:
    return [
        finding
        for finding in report.findings
        if finding.statement.certainty is Certainty.AFFIRMED and is_target(finding.statement.bone)
    ]


def _place(finding: Finding) -> Place:
    return finding.statement.bone, finding.statement.laterality


def _days_between(before: ImagingReport, after: ImagingReport) -> int:
    if before.day is None or after.day is None:  # pragma: no cover
        return 0  # a readable report has a day: said again for the type checker
    return (after.day - before.day).days
