"""
The pieces of a sentence as the clause reader sees them: terms, with bones written out.

A `Piece` is a mark whose bones, ordinals and lists are already resolved ("bases of the 2nd-4th
metatarsals" is one piece with three bones).
"""

from dataclasses import dataclass

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader.scan import Mark
from marrowd.core.reader.vocabulary import Kind

ANY_CUNEIFORM = frozenset(
    {Bone.CUNEIFORM_MEDIAL, Bone.CUNEIFORM_INTERMEDIATE, Bone.CUNEIFORM_LATERAL}
)
ANY_METATARSAL = frozenset(
    {
        Bone.METATARSAL_1,
        Bone.METATARSAL_2,
        Bone.METATARSAL_3,
        Bone.METATARSAL_4,
        Bone.METATARSAL_5,
    }
)


@dataclass(slots=True)
class Piece:
    """A term at words `first` to `last`, end exclusive; `broad` when it is a joint or a region."""

    kind: Kind
    first: int
    last: int
    value: str = ""
    direction: str = ""
    bones: tuple[Bone, ...] = ()
    side: Laterality | None = None
    broad: bool = False
    rule: str = ""
    cue: str = ""


def piece_of(mark: Mark) -> Piece:
    """Copy a mark that needs no more thought."""
    term = mark.term
    return Piece(
        mark.kind,
        mark.first,
        mark.last,
        mark.value,
        term.direction,
        rule=term.rule,
        cue=term.cue,
    )
