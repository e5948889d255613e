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
_SIGNS = frozenset({":", "-", "\u2013", "\u2014", "="})
_AS = frozenset({"see", "as", "like", "mirrors", "matches", "cf"})
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
_PARTS = frozenset({"but", "though", "although", "only", "except"})
_ONE_SIDE = frozenset({"left", "right", "l", "r", "lt", "rt"})
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
        if at < last and words[at].isalnum() and words[at] not in _PARTS:
            return None
        if any(p.kind in _SAID for p in pieces[place + 1 :]):
            return None
        return OPPOSITE.get(here) if piece.value == "opposite" else Laterality(piece.value)
    return None


def is_alike(here: list[str]) -> bool:
    """Say whether a side and no bone opens a row: "Left: as on the right"."""
    return here[0] in _ONE_SIDE and here[1:2] == [":"]


def likened(words: list[str], pieces: list[Piece], first: int, last: int) -> Piece | None:
    """Give the bone that the bones of a row are said to be like: "Calcaneus: as talus"."""
    named = [piece for piece in pieces if piece.kind is kinds.BONE]
    if len(named) < 2 or not _SAID.isdisjoint([piece.kind for piece in pieces]):  # noqa: PLR2004
        return None
    model = named[-1]
    if pieces[0] is not named[0] or not _SIGNS.intersection(words[first : model.first]):
        return None
    is_like = words[model.first - 1] == "see" or _is_compared(words, model.first)
    is_apart = model.last >= last or not words[model.last].isalnum() or words[model.last] == "but"
    return model if is_like and is_apart else None


def _is_compared(words: list[str], first: int) -> bool:
    """Say whether "as", "like" or "the same as" stands before a side."""
    at = first - 1
    while at > max(0, first - _BACK) and words[at] in _LITTLE:
        at -= 1
    if words[at] in _TO:
        return words[at - 1] in _SAME
    if words[first] in _TO:
        return words[at] in _SAME  # "to the left" is one term
    return words[at] in _AS and "as" not in words[max(0, at - 2) : at]


def as_there(
    sentence: Sentence, bones: list[Piece], side: Laterality, statements: list[Statement]
) -> list[Predicate]:
    """Say of bones what was stated last of each on a side, for the side that is not that one."""
    found: list[Predicate] = []
    for piece in bones:
        for bone in piece.bones:
            stated = [s for s in statements if s.bone is bone and s.laterality is side]
            if stated:
                said = _as_stated(sentence, stated[-1], [piece.only((bone,))])
                said.bones[0].side = OPPOSITE[side]
                found.append(said)
    return found


def all_there(
    sentence: Sentence, head: Piece, side: Laterality, statements: list[Statement]
) -> list[Predicate]:
    """Say of every bone what was stated last of it on a side: "Left: as on the right"."""
    stated = {s.bone: s for s in statements if s.laterality is side}
    return as_there(sentence, [head.only(tuple(stated))], side, statements)


def as_that(
    sentence: Sentence, bones: list[Piece], model: Piece, statements: list[Statement]
) -> list[Predicate]:
    """Say of bones what was stated last of another bone."""
    stated = [s for s in statements if s.bone in model.bones]
    return [_as_stated(sentence, stated[-1], bones)] if stated else []


def _as_stated(sentence: Sentence, stated: Statement, bones: list[Piece]) -> Predicate:
    said = Predicate(sayings.EDEMA, sentence.first, sentence.last, elliptic=True)
    said.bones = bones
    said.negated = stated.certainty is Certainty.NEGATED
    said.possible = stated.certainty is Certainty.POSSIBLE
    said.resolved = stated.certainty is Certainty.HISTORICAL
    return said
