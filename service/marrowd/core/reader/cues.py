"""
The explanations a sentence affirms that says nothing of bone or marrow, such as an injury.

Source: LABELS.md section 8; what is excluded or only asked for does not count.
"""

from collections.abc import Iterator

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece

_ENDS_REACH = frozenset({kinds.VERB, kinds.BREAK, kinds.THERE, kinds.WITH})


def cues_of(marks: list[Piece]) -> Iterator[Piece]:
    """Give the marks of a sentence that carry a cue no negation, question or condition reaches."""
    reached = False
    for mark in marks:
        kind = mark.kind
        if kind is kinds.HYPOTHETICAL:
            return
        if kind is kinds.NEGATED and mark.term.direction != "backward":
            reached = True
        elif kind in _ENDS_REACH:
            reached = False
        elif mark.term.cue and not reached:
            yield mark
