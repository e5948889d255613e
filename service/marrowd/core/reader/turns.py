"""What turns a finding to other bones: "except", "but not in", "not on the left", "elsewhere"."""

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.denials import Denials
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Steps
from marrowd.core.reader.walks import FINDING

_FREE = frozenset({sayings.NORMAL_MARROW, sayings.NORMAL, sayings.SPARED})
_OF_BONES = frozenset(
    {kinds.BONE, kinds.JOIN, kinds.PART, kinds.SIDE, kinds.PREPOSITION, kinds.SEVERITY}
)
_CONTRASTS = frozenset({"unlike", "in", "contrary", "as"})  # "in contrast to", "as opposed to"


class Turns(Denials):
    """The steps for bones that are left out, and for those that get no label."""

    __slots__ = ()

    def _except(self, place: int, piece: Piece) -> None:
        if piece.value == "reversed":
            self._reverse(piece)
            return
        if piece.term.direction == "backward":
            self._leave_out(place)
            return
        if piece.kind is kinds.NOT_IN and self._ahead(FINDING, place):
            opened = self._open
            if self.words[piece.first] == "rather" and opened is not None and opened.is_artifact:
                opened.possible, opened.negated = False, True
            self._deny(piece)
            return
        if piece.kind is kinds.NOT_IN and self._denies_side(place):
            return
        opened = self._open
        is_denied = opened is not None and opened.negated and bool(opened.bones)
        is_contrast = is_denied and self.words[piece.first] in _CONTRASTS
        self._turn = kinds.EXCEPT if is_contrast else piece.kind
        self._forward.pop(kinds.NEGATED, None)

    def _leave_out(self, place: int) -> None:
        """Turn the bones that an exception stands behind: "the cuboid excepted"."""
        at = place
        while at and self.pieces[at - 1].kind in _OF_BONES:
            at -= 1
            if self.words[self.pieces[at].first] == ",":
                break
        left = [piece for piece in self.pieces[at:place] if piece.kind is kinds.BONE]
        opened = self._open
        if opened is None:
            self._waiting = [bone for bone in self._waiting if bone not in left]
            self._excepted += left
        else:
            opened.bones = [bone for bone in opened.bones if bone not in left]
            opened.opposite += left

    def _reverse(self, piece: Piece) -> None:
        """Read "is free of edema; this is not the case for": the other way round."""
        before = self.predicates[-1] if self.predicates else self.previous
        if before is None:
            return
        self._open, self._waiting = None, []
        self._close_cues()
        said = self._say(sayings.EDEMA, piece, elliptic=True)
        said.negated = not (before.negated or before.said in _FREE)
        said.current, said.needs_bones = not said.negated, True

    def _other(self, place: int, piece: Piece) -> None:
        self._turn = kinds.OTHER
        self._other_at = piece.last
        if piece.kind is kinds.GLOBAL:
            before = self.pieces[place - 1].kind if place else None
            if before is kinds.JOIN and self._is_list_of_bones(place):
                self._turn = None  # "at the insertion or elsewhere in the calcaneus"
                return
            following = self.pieces[place + 1 : place + 3]
            named = bool(following) and following[0].kind is kinds.BONE
            self._turn = kinds.OTHER if named else None
            self.is_global = True

    def _denies_side(self, place: int) -> bool:
        """Read "in the talus on the right, not on the left"."""
        opened = self._open
        following = self.pieces[place + 1 : place + 3]
        if opened is None or not opened.bones or not following:
            return False
        side = following[0]
        if side.kind is not kinds.SIDE or side.value not in ("left", "right"):
            return False
        if side.first - self.pieces[place].last > 1 or following[-1].kind is kinds.BONE:
            return False
        for bone in opened.bones:
            other = bone.only(bone.bones)
            other.side = Laterality(side.value)
            opened.denied.append(other)
        return True

    @classmethod
    def turn_steps(cls) -> Steps:
        """Give the steps of what turns to other bones."""
        return {
            kinds.EXCEPT: cls._except,
            kinds.NOT_IN: cls._except,
            kinds.OTHER: cls._other,
            kinds.GLOBAL: cls._other,
        }
