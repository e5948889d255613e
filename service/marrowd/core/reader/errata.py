"""
Reads an erratum that puts one word in the place of another: 'for "cuboid" read "navicular"'.

What was stated of the one bone, or on the one side, is then of the other.
"""

from collections.abc import Callable
from dataclasses import replace

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reading import Statement

_BOTH = 2
SWAPS = frozenset({"read", "replace", "replaced", "substitute", "change", "should"})
_NAMES = frozenset({kinds.BONE, kinds.SIDE})
_SAID = frozenset(
    {kinds.EDEMA, kinds.HIGH, kinds.MARROW, kinds.NORMAL_MARROW, kinds.NORMAL, kinds.SPARED}
    | {kinds.NEGATED, kinds.ANSWER, kinds.POSSIBLE, kinds.DISEASE}
)
_INTO = frozenset({"by", "with", "to", "for"})


def reread(
    words: list[str], pieces: list[Piece], first: int
) -> Callable[[Statement], Statement] | None:
    """Give what an erratum makes of a statement; None if it is none of this kind."""
    named = [at for at, piece in enumerate(pieces) if piece.kind in _NAMES][-_BOTH:]
    if len(named) != _BOTH or not _SAID.isdisjoint([p.kind for p in pieces[named[0] :]]):
        return None
    old, new = [pieces[at] for at in named]
    between = words[old.last : new.first]
    is_swap = "read" in between or between[-2:] == ["should", "be"]
    before = words[first : old.first]
    is_swap = is_swap or (not SWAPS.isdisjoint(before) and not _INTO.isdisjoint(between))
    if not is_swap or old.kind is not new.kind:
        return None
    return _to_side(old, new) if old.kind is kinds.SIDE else _to_bone(old, new)


def _to_side(old: Piece, new: Piece) -> Callable[[Statement], Statement]:
    def turned(said: Statement) -> Statement:
        if said.laterality.value != old.value:
            return said
        return replace(said, laterality=Laterality(new.value))

    return turned


def _to_bone(old: Piece, new: Piece) -> Callable[[Statement], Statement]:
    def turned(said: Statement) -> Statement:
        if said.bone not in old.bones or len(new.bones) != 1:
            return said
        is_sided = new.side is not None and new.side is not Laterality.UNKNOWN
        side = new.side if is_sided and new.side is not None else said.laterality
        return replace(said, bone=new.bones[0], laterality=side)

    return turned
