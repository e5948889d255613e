"""What the name of a bone does: it joins the finding that is open, waits for one, or is out."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.landmarks import is_border
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sequences import Sequences
from marrowd.core.reader.steps import Steps

_WINDOW = 40
# a bone's name before one of these names a tissue or a complaint: "navicular tendon"
TISSUES = frozenset(
    """
    ligament ligaments tendon tendons bursa bursae bursitis retinaculum nerve muscle muscles sheath
    pain pains tenderness symptoms discomfort ache
    """.split()
)
_NEAR_OTHER = 3  # words: "the other visualized bones of"
_LISTED = frozenset({kinds.BONE, kinds.JOIN, kinds.PART, kinds.SIDE})
_TOLD = frozenset({kinds.VERB, kinds.HISTORICAL})
_ARTICLE = 2  # words: ": the"


class Naming(Sequences):
    """The step for a bone."""

    __slots__ = ()

    def _bone(self, place: int, piece: Piece) -> None:
        """Give a bone to the finding that is open, or let it wait for one."""
        if self._is_of_other_noun(place, piece):
            return
        self._mention(piece)
        opened = self._open
        if self.words[piece.first] == "neither" and self._denies_both(piece):
            return
        if opened is not None and self._is_possessed(place, opened):
            return
        if self._over and self._is_far_landmark(piece):
            self._over = False
        if self._turn is not None:
            if self._turns_away(place, piece):
                return
            self._turn = None
        if opened is not None and self._goes_to(place, piece, opened):
            return
        if self._over:
            self._over = False
            if not self._names_finding(place):
                self._beside = piece
                return
        self._wait(place, piece)

    def _denies_both(self, piece: Piece) -> bool:
        """Deny it of both of a pair: "edema in neither malleolus", "neither malleolus is"."""
        opened = self._open
        if opened is not None and not opened.bones:
            opened.denied.append(piece)
            return True
        self._deny(piece)
        return False

    def _is_of_other_noun(self, place: int, piece: Piece) -> bool:
        """Say whether a name is of another noun: "navicular tendon", "ankle joint effusion"."""
        if piece.broad:
            self.joint = piece
            if self._is_modifier(place):
                return True
        return piece.last < self.last and self.words[piece.last] in TISSUES

    def _goes_to(self, place: int, piece: Piece, opened: Predicate) -> bool:
        """Add a bone to the finding that is open, unless it names a border or opens a new one."""
        if is_border(self.words, self.pieces, place, opened.bones or self.row):
            return True
        if self._opens_anew(place, opened):
            return False
        self._take(place, piece, opened)
        return True

    def _wait(self, place: int, piece: Piece) -> None:
        """Let a bone wait for what will be said of it: "the cuboid", before "is normal"."""
        opened = self._open
        if opened is not None:
            if not (opened.negated and self._is_or_list(place)):
                self._close_cues_before(opened.first)
            self._open = None
        elif self._waiting and self._waiting[-1].first < min(self._verb_at, self._noun_at):
            self._waiting = []  # they had their own verb and their own finding
        self._waiting.append(piece)

    def _mention(self, piece: Piece) -> None:
        """Keep a bone as spoken of, but not "the other bones of the talus": they have no label."""
        if self._turn is kinds.OTHER:
            if self.skips_others or piece.first - self._other_at <= _NEAR_OTHER:
                return
            self._turn = None  # "the other hospital's report tells of calcaneal edema"
        self.mentioned.append(piece)

    def _is_possessed(self, place: int, opened: Predicate) -> bool:
        """Say whether it is a bone's own, not one more: "edema of the talus and its joint"."""
        if self.words[self.pieces[place].first - 1] != "its" or not opened.bones:
            return False
        before = [piece.kind for piece in self.pieces[max(0, place - 3) : place]]
        if before[:-1] == [kinds.JOIN, kinds.PREPOSITION]:
            return False  # "on its talar side and on its sustentacular side"
        return not opened.bones[-1].broad

    def _turns_away(self, place: int, piece: Piece) -> bool:
        """Give a bone to "the other", "not in" or "except"; say whether it is theirs."""
        opened = self._open
        if self._turn is kinds.OTHER:
            if self.skips_others and self._is_one_more(place):
                return False
            self.skips_others = True
        elif self._turn is kinds.NOT_IN:
            if not (piece.broad and piece.term.kind is kinds.JOINT):  # "does not reach the joint"
                (self._loose if opened is None else opened.denied).append(piece)
        elif not self._is_excepted(place):
            return False
        else:
            (self._excepted if opened is None else opened.opposite).append(piece)
        return True

    def _opens_anew(self, place: int, opened: Predicate) -> bool:
        """Say whether a bone opens a new statement: "edema of the talus, the cuboid is normal"."""
        if opened.said is sayings.NOTHING:
            return False
        if not (opened.bones or opened.denied or self._opens_behind_colon(place)):
            return False
        if not self._is_subject(place):
            return False
        return not (opened.historical and not opened.resolved and self._is_listed(place))

    def _take(self, place: int, piece: Piece, opened: Predicate) -> None:
        """Add a bone to what is said, unless it only tells where: "edema beneath the talus"."""
        if self._over and opened.said is sayings.EDEMA and not self._names_finding(place):
            if opened.bones or self.row:
                return
            if not opened.strong:
                opened.dropped = "beside a bone, not in it"
                return
        opened.bones.append(piece)

    def _is_excepted(self, place: int) -> bool:
        """Say whether a bone is left out: "except the cuboid", "every bone but the cuboid"."""
        if self._turn is not kinds.EXCEPT:
            return False
        before = self.pieces[place - 1]
        known = self._open or self._waiting or before.value == "all"
        is_next = before.kind is kinds.EXCEPT and known
        return bool(self._excepted or is_next) or not self._is_subject(place)

    def _opens_behind_colon(self, place: int) -> bool:
        """Say whether a bone opens what a colon sets apart: "Migrating: the cuboid, once"."""
        first = self.pieces[place].first
        if ":" not in self.words[max(0, first - _ARTICLE) : first]:
            return False
        at, end = place, min(len(self.pieces), place + _WINDOW)
        while at < end and self.pieces[at].kind in _LISTED:
            at += 1
        told = at < end and self.pieces[at].kind in _TOLD
        return told and self.words[self.pieces[at - 1].first] == ","

    @classmethod
    def naming_steps(cls) -> Steps:
        """Give the step of a bone."""
        return {kinds.BONE: cls._bone}
