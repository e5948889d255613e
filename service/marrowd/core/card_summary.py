"""
The one sentence of a card: the finding, not the software, in 139 characters at most.

CDS Hooks asks for fewer than 140 characters. The sentence is built to fit and never cut: for each
verdict the wordings go from the fullest to the barest, and the first that leaves room for what must
be said (the other explanations that the report names) is taken. The barest fits with everything:
the longest value and all five explanations.
"""

from collections.abc import Callable, Iterator
from typing import Final

from marrowd.core.bone_names import spellings
from marrowd.core.card_findings import cue_name, named_cues, places, shown_certainty
from marrowd.core.level_text import shortened
from marrowd.core.verdict import Verdict, VerdictKind

MAX_SUMMARY: Final = 139  # CDS Hooks 2.0, card attributes: "<140-character"


def summary(verdict: Verdict) -> str:
    """
    Say in one sentence what was found.

    Raises:
        KeyError: the verdict is of a kind that has no card.
        ValueError: it lacks what its card speaks of.
    """
    tail = other_explanations(verdict)
    for wording in _WORDINGS[verdict.kind](verdict):
        if len(wording) + len(tail) <= MAX_SUMMARY:
            return wording + tail
    message = f"no wording of {verdict.kind} fits"
    raise ValueError(message)


def other_explanations(verdict: Verdict) -> str:
    """Give the end of the summary that names other explanations; empty without any."""
    cues = named_cues(verdict.report)
    return f"; report also names {' and '.join(map(cue_name, cues))}" if cues else ""


def _low(verdict: Verdict) -> str:
    if verdict.governing is None:
        message = f"{verdict.kind} without the result it stands on"
        raise ValueError(message)
    return f"Low 25(OH)D {shortened(verdict.governing.result)}"


def _spellings(verdict: Verdict) -> Iterator[str]:
    return spellings(places(verdict.report, shown_certainty(verdict)))


def _association(verdict: Verdict) -> Iterator[str]:
    low = _low(verdict)
    for words in _spellings(verdict):
        yield f"{low} and MRI marrow edema in {words}"
        yield f"{low}, MRI marrow edema in {words}"
    yield f"{low}, MRI marrow edema"


def _possible(verdict: Verdict) -> Iterator[str]:
    low = _low(verdict)
    for words in _spellings(verdict):
        yield f"{low} and possible MRI marrow edema in {words}"
        yield f"{low}, possible marrow edema in {words}"
    yield f"{low}, possible marrow edema"
    yield f"{low}, possible edema"


def _missing(verdict: Verdict) -> Iterator[str]:
    older = verdict.older
    last = f" (last {shortened(older.result)}, {older.day.isoformat()})" if older else ""
    for words in _spellings(verdict):
        yield f"MRI marrow edema in {words}; no recent 25(OH)D result{last}"
        yield f"MRI marrow edema in {words}; no recent 25(OH)D result"
    yield "MRI marrow edema, no recent 25(OH)D"


def _indeterminate(verdict: Verdict) -> Iterator[str]:
    for words in _spellings(verdict):
        yield f"MRI marrow edema in {words}; 25(OH)D result cannot be classified"
        yield f"MRI marrow edema in {words}; 25(OH)D unclassified"
    yield "MRI marrow edema, 25(OH)D unclassified"


def _unreadable(verdict: Verdict) -> Iterator[str]:
    low = _low(verdict)
    if verdict.report and verdict.report.day:
        yield f"{low}; foot or ankle MRI report of {verdict.report.day} could not be read"
    yield f"{low}; foot or ankle MRI report could not be read"
    yield f"{low}; MRI report unread"


def _consider(verdict: Verdict) -> Iterator[str]:
    low = _low(verdict)
    yield f"{low} and foot or ankle pain of 12 weeks or more: consider MRI if not already explained"


_WORDINGS: Final[dict[VerdictKind, Callable[[Verdict], Iterator[str]]]] = {
    VerdictKind.ASSOCIATION: _association,
    VerdictKind.POSSIBLE_ASSOCIATION: _possible,
    VerdictKind.VITAMIN_D_MISSING: _missing,
    VerdictKind.VITAMIN_D_INDETERMINATE: _indeterminate,
    VerdictKind.REPORT_UNREADABLE: _unreadable,
    VerdictKind.CONSIDER_MRI: _consider,
}
