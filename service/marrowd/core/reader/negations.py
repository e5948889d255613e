"""What a negation does: it denies the finding behind it, the one before it, or only some bones."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import is_of_other_noun
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Steps, any_of, ending, first_of, opening
from marrowd.core.reader.turns import Turns
from marrowd.core.reader.walks import DISEASE, FINDING

_EQUALS = frozenset({"=", ":", "|"})
_OPENING = frozenset({"that", "wrong"})
_NAMINGS = frozenset(
    {"interpret", "regard", "read", "classify", "view", "construe", "label", "count"}
)
_THEM = frozenset({"them", "this", "these", "it", "that", "those"})
_REFUSALS = frozenset(
    """
    see find identify detect demonstrate appreciate discern perceive recognize confirm reproduce
    agree accept believe concur endorse support corroborate disagree
    """.split()
)
_FEW = 3  # words: "no discrete lesion on"
_PLACES = frozenset({kinds.BONE, kinds.SIDE, kinds.PREPOSITION})


class Negations(Turns):
    """The step for a negation."""

    __slots__ = ()

    def _no_score(self, place: int, piece: Piece) -> bool:
        """Pass over a zero that counts nothing: "slices 0 to 30", but not "0 ml" or "talus: 0"."""
        words = self.words
        if piece.last - piece.first > 1:
            return False
        if words[piece.first - 1] in _EQUALS or words[piece.last : piece.last + 1] == ["ml"]:
            return False
        return not self._is_cell_answer(place)

    def _no_on_stir(self, place: int, _piece: Piece) -> bool:
        """Read a signal that one sequence does not show as artifact: "this is absent on STIR"."""
        if self._open is not None or self.predicates:
            return False
        if not (self.points_back and self._is_on_stir(place)):
            return False
        self.artifact = kinds.NEGATED
        return True

    def _no_other_noun(self, _place: int, piece: Piece) -> bool:
        """Pass over what denies no finding: "negative radiographs", "CT did not show"."""
        return is_of_other_noun(self.words, piece)

    def _no_under_doubt(self, _place: int, _piece: Piece) -> bool:
        """Leave a doubt of all that follows: "not certain that the talus is free of edema"."""
        return kinds.POSSIBLE in self._forward and self._is_whole

    def _no_such_name(self, _place: int, piece: Piece) -> bool:
        """Note that what was told is no edema: "I do not interpret these as edema"."""
        if not _THEM.isdisjoint(self.words[piece.last : piece.last + 1]):
            self.artifact = kinds.NEGATED
        return False

    def _no_refused(self, place: int, piece: Piece) -> bool:
        """Read a refusal with nothing behind it: "which I do not see", "I do not agree"."""
        if not self._ends_after(place):
            return False
        if self._open is not None:
            self._apply_back(kinds.NEGATED, piece)
        elif not (self.predicates or self._waiting):
            self.artifact = kinds.NEGATED
        return True

    def _no_seeming(self, place: int, _piece: Piece) -> bool:
        """Deny what only looks so as well: "bright foci in the talus are unlikely to be edema"."""
        opened = self._open
        if opened is None or self._waiting:
            return False
        is_bright = opened.said is sayings.EDEMA and not opened.strong
        is_bright = is_bright or (opened.elliptic and opened.possible)
        if is_bright and opened.bones and self._ahead(FINDING, place):
            opened.negated = True
        return False

    def _no_disease(self, place: int, _piece: Piece) -> bool:
        """Leave the edema as it is where its cause is denied: "unlikely to be infective"."""
        return self._ahead(DISEASE, place) is not None

    def _no_by_score(self, _place: int, piece: Piece) -> bool:
        """Free one bone of a list that is graded: "talus 2, calcaneus 0"."""
        opened = self._open
        if opened is None or not opened.bones:
            return False
        self._waiting = [opened.bones.pop()]
        self._say(sayings.EDEMA, piece, elliptic=True).negated = True
        self._open = opened
        return True

    def _is_nothing_on_fluid(self, place: int, piece: Piece) -> bool:
        """Say whether bones show nothing where an edema would: "no lesion on STIR"."""
        at = place + 1
        if self.pieces[at : at + 1] and self.pieces[at].kind is kinds.DISEASE:
            at += 1  # a lesion, a focus, an abnormality
        following = self.pieces[at : at + 2]
        if [follower.kind for follower in following] != [kinds.PREPOSITION, kinds.SEQUENCE]:
            return False
        return following[1].value != "t1" and following[0].first - piece.last <= _FEW

    def _no_in_comparison(self, _place: int, piece: Piece) -> bool:
        """Pass over what is denied of nothing here: "with or without", "than one without"."""
        return self._is_last_word(piece)

    def _no_behind(self, place: int, piece: Piece) -> bool:
        """Deny the finding before it: "edema is not seen", "edema: none"."""
        is_cue_behind = piece.term.direction == "backward" and not (
            self._open is None and not self._nouns and self._ahead(FINDING, place)
        )
        if is_cue_behind or (self._is_last_word(piece) and not self._is_of_adjectives(piece)):
            self._apply_back(kinds.NEGATED, piece)
            return True
        return False

    def _nor(self, _place: int, _piece: Piece) -> bool:
        """Go on with a denial: "neither the talus nor the cuboid"."""
        return self._turn is kinds.NOT_IN or bool(kinds.NEGATED in self._forward and self._waiting)

    def _neither(self, place: int, piece: Piece) -> bool:
        """Deny it of both: "edema in neither the talus nor", "neither the talus nor ... shows"."""
        opened = self._open
        is_placeless = opened is not None and opened.said is sayings.EDEMA and not opened.bones
        if is_placeless and not self._ahead(FINDING, place):
            self._turn = kinds.NOT_IN
            return True
        if place + 1 < len(self.pieces) and self.pieces[place + 1].kind is kinds.VERB:
            self.points_back = True
        self._deny(piece)
        return True

    def _not_on_side(self, place: int, _piece: Piece) -> bool:
        """Deny the other side of a bone: "in the talus on the right, not on the left"."""
        return self._denies_side(place)

    def _not_in(self, place: int, piece: Piece) -> bool:
        """Deny it of the bones that follow: "edema in the talus, not the cuboid"."""
        if self._waiting and self._open is None and self._is_nothing_on_fluid(place, piece):
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
            return True
        if place + 1 >= len(self.pieces) or self.pieces[place + 1].kind not in _PLACES:
            return False
        if not (self._waiting or self._open is not None) or self._bone_then_finding(place + 1):
            return False
        self._turn = kinds.NOT_IN
        return True

    def _no_ahead(self, _place: int, piece: Piece) -> bool:
        """Deny the finding that follows: "no edema", "it would be wrong to say that"."""
        self._deny(piece)
        self._is_whole = self.words[piece.last - 1] in _OPENING
        self._forward.pop(kinds.POSSIBLE, None)
        return True

    @classmethod
    def negation_steps(cls) -> Steps:
        """Give the step of a negation."""
        return {
            kinds.NEGATED: first_of(
                opening({"0"}, cls._no_score),
                ending({"absent"}, cls._no_on_stir),
                any_of(cls._no_other_noun),
                any_of(cls._no_under_doubt),
                *cls.bare_rows(),
                ending(_NAMINGS, cls._no_such_name),
                ending(_REFUSALS, cls._no_refused),
                ending({"be", "represent", "reflect"}, cls._no_seeming),
                ending({"unlikely", "be", "represent", "reflect"}, cls._no_disease),
                opening({"0"}, cls._no_by_score),
                ending({"without"}, cls._no_in_comparison),
                any_of(cls._no_behind),
                opening({"nor"}, cls._nor),
                opening({"neither"}, cls._neither),
                any_of(cls._not_on_side),
                any_of(cls._not_in),
                any_of(cls._no_ahead),
            )
        }
