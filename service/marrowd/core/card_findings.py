"""
The findings of the card's report, picked and ordered for showing.

Superseded findings are history and not shown; bones that do not count are shown apart from those
that do (rules.md section 2).
"""

from collections.abc import Iterator
from typing import Final

from marrowd.core.anatomy import is_target
from marrowd.core.bone_names import Place, in_order, place_name
from marrowd.core.reading import Certainty, Cue, Statement
from marrowd.core.verdict import ImagingReport, Verdict, VerdictKind

# The cues that turn a warning into information, and the one that is only named, in the order in
# which the summary names them: rules.md section 4, "Other explanations first".
OVERRIDING_CUES: Final = (Cue.INFECTION, Cue.NEOPLASM, Cue.OSTEONECROSIS, Cue.FRACTURE)
NAMED_CUES: Final = (*OVERRIDING_CUES, Cue.STRESS_FRACTURE)


def shown_certainty(verdict: Verdict) -> Certainty:
    """Say which findings the card is about: possible ones only for a possible association."""
    is_possible = verdict.kind is VerdictKind.POSSIBLE_ASSOCIATION
    return Certainty.POSSIBLE if is_possible else Certainty.AFFIRMED


def places(
    report: ImagingReport | None, certainty: Certainty, *, target: bool = True
) -> list[Place]:
    """Give the bones and sides that *report* calls *certainty*, target bones or the others."""
    return in_order((said.bone, said.laterality) for said in _said(report, certainty, target))


def quotes(report: ImagingReport | None, certainty: Certainty) -> list[tuple[str, str]]:
    """
    Give each sentence once, in the order of the text, with the target bones it speaks of.

    Returns:
        Pairs of bones in words and the sentence as it stands in the report: not escaped yet.
    """
    by_sentence: dict[str, list[Place]] = {}
    for said in _said(report, certainty, target=True):
        by_sentence.setdefault(said.evidence, []).append((said.bone, said.laterality))
    return [
        (", ".join(place_name(*place) for place in in_order(found)), sentence)
        for sentence, found in by_sentence.items()
    ]


def severities(report: ImagingReport | None, certainty: Certainty) -> dict[Place, str]:
    """Give how much edema the report sees, where it says so."""
    return {
        (said.bone, said.laterality): str(said.severity)
        for said in _said(report, certainty, target=True)
        if said.severity
    }


def named_cues(report: ImagingReport | None) -> list[Cue]:
    """Give the other explanations that the summary must name, in its order."""
    found = report.cues if report else ()
    return [cue for cue in NAMED_CUES if cue in found]


def cue_name(cue: Cue) -> str:
    """Spell a cue with blanks: `stress fracture`."""
    return "CRPS" if cue is Cue.CRPS else cue.replace("_", " ")


def _said(
    report: ImagingReport | None,
    certainty: Certainty,
    target: bool,  # noqa: FBT001 - private, named by its callers
) -> Iterator[Statement]:
    findings = report.findings if report else ()
    for finding in sorted(findings, key=lambda found: (found.piece, found.statement.start)):
        said = finding.statement
        if (
            said.certainty is certainty
            and is_target(said.bone) is target
            and not finding.is_superseded
        ):
            yield said
