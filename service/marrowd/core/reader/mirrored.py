"""
Reads what is said of a bone by the other side: "Talus: as right", "the same as on the left".

The bone has what was stated of it on that side; where nothing was, nothing is said.
"""

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.sides import OPPOSITE
from marrowd.core.reading import Certainty, Statement

_LITTLE = frozenset({"the", "on", "in", "at", "for", "of", "side", "that"})
_AS = frozenset({"as", "like", "mirrors", "matches", "cf"})
_TO = frozenset({"to", "with"})
_SAME = frozenset({"same", "identical", "similar", "equal", "equivalent", "comparable"})
LIKE = _AS | _SAME  # without one of these, no comparison
_BEHIND = frozenset({"side", "foot", "ankle", "hindfoot", "one"})
_SIDED = frozenset({"left", "right", "opposite"})
# what a sentence says itself it does not say by the other side
_SAID = frozenset(
    {kinds.EDEMA, kinds.HIGH, kinds.MARROW, kinds.NORMAL_MARROW, kinds.NORMAL, kinds.SPARED}
    | {kinds.NEGATED, kinds.ANSWER, kinds.DISEASE, kinds.SOFT}
)
_BACK = 4  # words


def mirrored(
    words: list[str], pieces: list[Piece], last: int, here: Laterality
) -> Laterality | None:
    """Give the side that the bones of a sentence are said to be like; None if of none."""
    for place, piece in enumerate(pieces):
        if piece.kind in _SAID:
            return None
        if piece.kind is not kinds.SIDE or piece.value not in _SIDED:
            continue
        if not _is_compared(words, piece.first):
            continue
        at = piece.last + (words[piece.last : piece.last + 1] in [[word] for word in _BEHIND])
        if at < last and words[at].isalnum():
            return None
        if any(p.kind in _SAID for p in pieces[place + 1 :]):
            return None
        return OPPOSITE.get(here) if piece.value == "opposite" else Laterality(piece.value)
    return None


def _is_compared(words: list[str], first: int) -> bool:
    """Say whether "as", "like" or "the same as" stands before a side."""
    at = first - 1
    while at > max(0, first - _BACK) and words[at] in _LITTLE:
        at -= 1
    if words[at] in _TO:
        return words[at - 1] in _SAME
    return words[at] in _AS and "as" not in words[max(0, at - 2) : at]


def as_there(
    sentence: Sentence, bones: list[Piece], side: Laterality, statements: list[Statement]
) -> list[Predicate]:
    """Say of bones what was stated last of each on a side, for the side that is not that one."""
    found: list[Predicate] = []
    for piece in bones:
        for bone in piece.bones:
            stated = [s for s in statements if s.bone is bone and s.laterality is side]
            if not stated:
                continue
            said = Predicate(sayings.EDEMA, sentence.first, sentence.last, elliptic=True)
            said.bones = [piece.only((bone,))]
            said.bones[0].side = OPPOSITE[side]
            said.negated = stated[-1].certainty is Certainty.NEGATED
            said.possible = stated[-1].certainty is Certainty.POSSIBLE
            said.resolved = stated[-1].certainty is Certainty.HISTORICAL
            found.append(said)
    return found
