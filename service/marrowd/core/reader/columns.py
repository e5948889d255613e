"""
Reads columns of sides without bars: "Marrow edema, right / left", then "Talus: yes / no".

A head names two sides in order; behind each bone stand two cells in that order. A cell is known by
its words alone, and a row with any other cell says nothing here.
"""

from collections.abc import Iterable
from itertools import pairwise

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.headed_lists import on_side
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.words import Words

SIDES = {
    "right": Laterality.RIGHT,
    "rt": Laterality.RIGHT,
    "r": Laterality.RIGHT,
    "left": Laterality.LEFT,
    "lt": Laterality.LEFT,
    "l": Laterality.LEFT,
}
_RIGHT = frozenset({"right", "rt", "r"})
_LEFT = frozenset({"left", "lt", "l"})
_OF_SIDE = frozenset({"foot", "ankle", "side", "hindfoot"})
_APART = frozenset({"/", "|"})
_ENDS_HEAD = frozenset({")", ":"})
_NO = frozenset(
    "- \u2013 \u2212 none no nil absent normal negative neg 0 n clear nad spared".split()
)
_PERHAPS = frozenset({"?", "possible", "probable", "equivocal", "doubtful", "suspected"})
_YES = frozenset(
    """
    + yes present edema edematous mild moderate severe marked minimal slight trace positive pos y x
    bruise contusion 1 2 3 extensive
    """.split()
)
_TWO = 2
_MOST = 24  # marks

Order = tuple[Laterality, ...]


def are_both_sides(words: Iterable[str]) -> bool:
    """Say whether either side is among some words."""
    return not (_RIGHT.isdisjoint(words) or _LEFT.isdisjoint(words))


def order_of(words: Words, sentence: Sentence) -> tuple[Order, int]:
    """Give the sides that a head names in order, and the word behind them; () if it is no head."""
    lowered = words.words
    at = [i for i in range(sentence.first, sentence.last) if lowered[i] in SIDES]
    if len(at) != _TWO:
        return (), 0
    one, other = at
    between = [word for word in lowered[one + 1 : other] if word not in _OF_SIDE]
    is_apart = len(between) == 1 and between[0] in _APART
    if not (is_apart or (not between and _is_wide(words, other - 1))):
        return (), 0
    end = other + 1
    while end < sentence.last and lowered[end] in _OF_SIDE:
        end += 1
    if end < sentence.last and lowered[end] not in _ENDS_HEAD:
        return (), 0
    order = (SIDES[lowered[one]], SIDES[lowered[other]])
    return (order, end) if order[0] is not order[1] else ((), 0)


def in_columns(
    words: Words, pieces: list[Piece], sentence: Sentence, order: Order, start: int
) -> list[Predicate]:
    """Read rows of two cells behind a word; none unless every row is one."""
    bones = [p for p in pieces if p.kind is kinds.BONE and p.first >= start]
    if not bones or len(pieces) > _MOST:
        return []
    found: list[Predicate] = []
    ends = [*[bone.first for bone in bones], sentence.last]
    for bone, (_, end) in zip(bones, pairwise(ends), strict=True):
        cells = _cells(words, bone.last, end)
        if len(cells) != len(order):
            return []
        for side, cell in zip(order, cells, strict=True):
            said = _weighed(cell, bone, end)
            if said is None:
                return []
            said.bones = [on_side(bone, side)]
            found.append(said)
    return found


def _is_wide(words: Words, at: int) -> bool:
    """Say whether a gap between columns stands behind a word."""
    token = words.tokens[at]
    return "\t" in token or token.endswith("  ")


def _cells(words: Words, first: int, last: int) -> list[list[str]]:
    """Cut what stands behind a bone at strokes and wide gaps."""
    cells: list[list[str]] = [[]]
    for at in range(first, last):
        word = words.words[at]
        if word in _APART:
            cells.append([])
        elif word not in (":", ",", "="):
            cells[-1].append(word)
            if _is_wide(words, at) and at + 1 < last:
                cells.append([])
    return cells


def _weighed(cell: list[str], bone: Piece, last: int) -> Predicate | None:
    said = Predicate(sayings.EDEMA, bone.first, last, elliptic=True, rules=["columns of sides"])
    said.possible = not _PERHAPS.isdisjoint(cell)
    said.negated = not (said.possible or _NO.isdisjoint(cell))
    is_known = said.possible or said.negated or not _YES.isdisjoint(cell)
    return said if is_known else None
