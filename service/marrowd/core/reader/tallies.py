"""
Reads a finding and how each bone has it: "Bone bruises: talus, moderate; calcaneus, none".

The name of the finding stands before the colon; behind it each bone, and behind the bone how it
is. A semicolon ends the sentence and not the list. Longer lists are left to the clause reader.
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate

_MOST = 24  # marks
_HEAD = frozenset({kinds.EDEMA, kinds.MARROW, kinds.SIGNAL, kinds.SEVERITY, kinds.SIDE})
_DENIES = frozenset({kinds.NEGATED, kinds.SPARED, kinds.NORMAL_MARROW, kinds.NORMAL})
_STATES = _DENIES | {kinds.POSSIBLE, kinds.HISTORICAL, kinds.SEVERITY, kinds.ANSWER, kinds.CURRENT}
_BETWEEN = frozenset(
    {kinds.BONE, kinds.JOIN, kinds.PART, kinds.SIDE, kinds.ORDINAL, kinds.NOTHING, kinds.RANGE}
)
_ITEM = _STATES | _BETWEEN
_CERTAIN = frozenset({"definite", "certain", "unequivocal", "confirmed", "obvious", "sure"})


def tallied(
    words: list[str], pieces: list[Piece], first: int, last: int, *, goes_on: bool
) -> list[Predicate]:
    """Read the items of a tally; none when there is another thing than bones and how they are."""
    items = pieces if goes_on else _behind_head(words, pieces)
    if not items or items[0].kind is not kinds.BONE or len(items) > _MOST:
        return []
    if items[0].first - (first if goes_on else items[0].first) > 1:
        return []
    if ">" in words[first:last] or not _ITEM.issuperset([piece.kind for piece in items]):
        return []
    bones = [at for at, piece in enumerate(items) if piece.kind is kinds.BONE]
    found: list[Predicate] = []
    waiting: list[Piece] = []
    for at, following in zip(bones, [*bones[1:], len(items)], strict=True):
        end = items[following].first if following < len(items) else last
        waiting.append(items[at])
        if any(map(str.isdigit, words[items[at].last : end])):
            return []  # "talus 2, calcaneus 0" is a score
        states = [piece for piece in items[at + 1 : following] if piece.kind in _STATES]
        is_certain = not _CERTAIN.isdisjoint(words[items[at].last : end])
        if not (states or is_certain):
            continue
        found.append(_item(states, waiting, end))
        waiting = []
    return [] if waiting else found


def _behind_head(words: list[str], pieces: list[Piece]) -> list[Piece]:
    at = 0
    while at < len(pieces) and pieces[at].kind in _HEAD:
        at += 1
    if at == len(pieces) or words[pieces[at].first] != ":":
        return []
    is_named = any(piece.kind is kinds.EDEMA for piece in pieces[:at])
    near = at + 1 < len(pieces) and pieces[at + 1].first - pieces[at].last <= 1
    return pieces[at + 1 :] if is_named and near else []


def _item(states: list[Piece], bones: list[Piece], end: int) -> Predicate:
    """Weigh how the bones of one item are."""
    said = Predicate(sayings.EDEMA, bones[0].first, end, strong=True, is_item=True)
    said.bones, said.rules = bones, [piece.term.rule for piece in states]
    found = {piece.kind for piece in states}
    said.resolved = kinds.HISTORICAL in found
    said.possible = kinds.POSSIBLE in found
    denies = any(p.kind is kinds.ANSWER and p.value == "no" for p in states)
    said.negated = denies or not _DENIES.isdisjoint(found)
    return said
