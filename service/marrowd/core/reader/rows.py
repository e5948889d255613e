"""
Reads the head of a row, and a cell that holds a grade: "Talus: edema", "| talus | 2 |".

The bones that open a line are what its cells speak of, for as long as the line lasts.
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.words import Words

_ROW = frozenset({kinds.BONE, kinds.SIDE, kinds.JOIN, kinds.PART, kinds.PREPOSITION, kinds.REGION})
_ROW_SIGNS = frozenset({":", "-", "\u2013", "="})


def row_of(words: Words, pieces: list[Piece], known: list[Piece]) -> list[Piece]:
    """Give the bones that open a row, and those already *known* when a sentence opens none."""
    at = 0
    while at < len(pieces) and pieces[at].kind in _ROW:
        at += 1
    bare = at == len(pieces) and at > 0
    if bare or (0 < at < len(pieces) and _is_row_sign(words, pieces[at].first)):
        return [piece for piece in pieces[:at] if piece.kind is kinds.BONE]
    return known


def is_loose(words: list[str], row: list[Piece]) -> bool:
    """Say whether a row is but a sentence we do not know: "A fleck off the anterior fibula."."""
    behind = words[row[-1].last : row[-1].last + 1]
    before = words[row[0].first - 1] if row[0].first else "."
    return before.isalpha() and not (behind and behind[0] in _ROW_SIGNS)


def _is_row_sign(words: Words, index: int) -> bool:
    """Say whether a sign sets a row apart: "Talus - edema", but not "tibio-talar"."""
    apart = not words.is_glued(index - 1)
    return words.words[index] in _ROW_SIGNS and (apart or words.words[index] in ":=")


def graded(words: list[str], sentence: Sentence, row: list[Piece]) -> Predicate:
    """Read the cell of a table of grades: 0 is none."""
    said = Predicate(sayings.EDEMA, sentence.first, sentence.last, rules=["a graded cell"])
    said.negated = not int(words[sentence.first])
    said.bones = list(row)
    return said
