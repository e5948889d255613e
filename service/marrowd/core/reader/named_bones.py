"""
Which bones a text has named so far, for words that name one again or turn to the other side.

"the cuneiform" is the one just named, "their metatarsal heads" those just named, "the other talus"
that of the other side; in a report of a hand "navicular" is no bone of the foot.
"""

from itertools import pairwise

from marrowd.core.anatomy import Bone
from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.settle import NAMED_BY
from marrowd.core.reader.sides import OPPOSITE
from marrowd.core.reader.words import Words
from marrowd.core.reading import Statement

_NAMED = {bone: named for named, members in NAMED_BY.items() for bone in members}
_ELSEWHERE = frozenset(
    {"wrist", "hand", "finger", "thumb", "knee", "hip", "hips", "spine", "shoulder", "elbow"}
)
_OF_TALUS = frozenset({"shoulder"})
_TALUS = frozenset({"talus", "talar"})
_FOOT = frozenset({"ankle", "ankles", "foot", "feet", "heel", "hindfoot", "midfoot", "forefoot"})
_SINGLE = frozenset({"talus", "calcaneus", "calcaneum", "navicular", "cuboid", "fibula", "tibia"})
_OF_FOOT = frozenset({Bone.TALUS, Bone.CALCANEUS, *_NAMED, *NAMED_BY})
_RECENT = 20
_PARTS = frozenset({"heads", "bases", "shafts", "necks", "bones"})
_THEIR = frozenset({"their", "its", "those", "these"})
_HEADS = frozenset({"cuneiform", "metatarsal"})
_COUNTED = _HEADS | {"tmt"}
_EXAM_LINE = 8  # words that name the exam, not a finding


class NamedBones:
    """The bones named, and the last noun that took an ordinal ("metatarsal")."""

    def __init__(self, words: Words, sentences: list[Sentence], title: list[str]) -> None:
        self.head = ""
        self._words = words.words
        self._says_other = "other" in words.different
        self._last: dict[Bone, tuple[Bone, ...]] = {}
        opening = [*title]
        for sentence in sentences[:2]:
            opening += self._words[sentence.first : sentence.last]
        elsewhere = _ELSEWHERE.intersection(opening)
        if elsewhere == _OF_TALUS and not _TALUS.isdisjoint(opening):
            elsewhere = frozenset()  # "the lateral talar shoulder"
        self._is_elsewhere = bool(elsewhere) and _FOOT.isdisjoint(opening)

    def forget(self) -> None:
        """Forget the bones named: a new section opens."""
        self._last = {}

    def resolve(
        self,
        sentence: Sentence,
        pieces: list[Piece],
        statements: list[Statement],
        *,
        is_exam: bool,
    ) -> list[Piece]:
        """Give the pieces of a sentence that name bones, each with the bones it means."""
        if is_exam:
            for piece in pieces:
                if (
                    piece.broad
                    and piece.term.kind is kinds.REGION
                    and piece.first - sentence.first < _EXAM_LINE
                ):
                    piece.kind, piece.bones = kinds.REGION, ()
        named = [piece for piece in pieces if piece.bones]
        if named:
            if self._says_other and "other" in self._words[sentence.first : sentence.last]:
                self._turn_sides(pieces, statements)
            self._name_again(named)
        return named

    def _turn_sides(self, pieces: list[Piece], statements: list[Statement]) -> None:
        """Read "the other talus" as that of the other side."""
        words = self._words
        for piece, bone in pairwise(pieces):
            if piece.kind is not kinds.OTHER or words[piece.last - 1] != "other":
                continue
            if words[bone.last - 1] not in _SINGLE or bone.first != piece.last:
                continue
            sides = [s.laterality for s in statements[-_RECENT:] if s.bone in bone.bones]
            if sides and sides[-1] in OPPOSITE:
                piece.kind, piece.value = kinds.SIDE, OPPOSITE[sides[-1]]

    def _remember(self, bones: tuple[Bone, ...]) -> None:
        if len(bones) == 1:
            named = _NAMED.get(bones[0])
            if named is not None:
                self._last[named] = bones
            return
        for named, members in NAMED_BY.items():
            if own := tuple(bone for bone in bones if bone in members):
                self._last[named] = own

    def _name_again(self, pieces: list[Piece]) -> None:
        """Read "the cuneiform" or "their metatarsal heads" as those just named."""
        words = self._words
        joints: list[Piece] = []  # that stand before a bone: "the MTP 2 and MTP 4 metatarsal heads"
        for piece in pieces:
            if piece.broad:
                joints.append(piece)
            elif joints:
                if len(piece.bones) == 1:
                    members = NAMED_BY.get(piece.bones[0], frozenset())
                    own = [bone for joint in joints for bone in joint.bones if bone in members]
                    piece.bones = tuple(dict.fromkeys(own)) or piece.bones
                joints = []
            if self._is_elsewhere and not _OF_FOOT.issuperset(piece.bones):
                piece.bones = (Bone.OTHER,)
            if piece.value in _COUNTED:
                self.head = piece.value
            bone = piece.bones[0]
            if bone not in NAMED_BY or len(piece.bones) > 1:
                self._remember(piece.bones)
                continue
            before = words[piece.first - 1]
            follows = words[piece.last] if piece.last < len(words) else ""
            single = words[piece.last - 1] in _HEADS and follows not in _PARTS
            if bone in self._last and ((before == "the" and single) or before in _THEIR):
                piece.bones = self._last[bone]


def number_by_row(named: list[Piece], row: list[Piece]) -> None:
    """Read "metatarsal base" on a line that opens with "4th ray:" as that of the fourth."""
    if not row:
        return
    for piece in named:
        members = NAMED_BY.get(piece.bones[0]) if len(piece.bones) == 1 else None
        if members is not None and not piece.broad and piece not in row:
            own = tuple(bone for head in row for bone in head.bones if bone in members)
            piece.bones = own or piece.bones
