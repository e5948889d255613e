"""
The pieces of a sentence as the clause reader sees them: terms, with bones written out.

A `Piece` is a term whose bones, ordinals and lists are already resolved ("bases of the 2nd-4th
metatarsals" is one piece with three bones).
"""

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader import kinds
from marrowd.core.reader.vocabulary import Term

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


class Piece:
    """A term at words `first` to `last`, end exclusive; `broad` when it is a joint or a region."""

    __slots__ = ("bones", "broad", "first", "kind", "last", "side", "term", "value")

    def __init__(self, term: Term, first: int, last: int) -> None:
        self.kind = term.kind
        self.first = first
        self.last = last
        self.value = term.value
        self.term = term
        self.bones: tuple[Bone, ...] = ()
        self.side: Laterality | None = None
        self.broad = False

    def as_bones(self, bones: tuple[Bone, ...], *, broad: bool = False) -> "Piece":
        """Say which bones the words name; the same piece, for chaining."""
        self.kind, self.bones, self.broad = kinds.BONE, bones, broad
        return self

    def only(self, bones: tuple[Bone, ...]) -> "Piece":
        """Copy a piece with other bones."""
        piece = Piece(self.term, self.first, self.last)
        piece.side = self.side
        return piece.as_bones(bones, broad=self.broad)
