"""
Reads a bare "not" by the words around it, whatever verb the sentence has.

"edema was not encountered", "does not lie in the talus", "not without edema":
what the verb means is not known, and does not matter but for a few words (below).
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.doubts import Doubts
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Row, any_of, ending
from marrowd.core.reader.walks import FINDING

_BARE = frozenset({"not", "never", "t", "cannot", "isnt", "arent", "doesnt", "dont", "to"})
_LACKS = frozenset(
    {"lack", "lacks", "lacking", "without", "free", "devoid", "void", "absent", "fail", "missing"}
)
_EXCLUDES = frozenset({"exclude", "excluded", "dismiss", "discount", "rule", "ruled", "refute"})
# what can be denied of an edema that is there: how it is, what it does, where it comes from
_LEAVES = frozenset(
    """
    abate abated accompanied addressed altered assessed associated attributable attributed
    biopsied cause caused centered change changed circumscribed clear cleared commented compared
    complicated confined confluent connected continued correlated decrease decreased defined
    described diagnostic diminished disappear disappeared discussed displaced dissipated
    distributed due enlarged enough evaluated excluded expected explain explained extend
    extended extensive fade faded followed go going gone graded heal healed healing ignored
    imaged improve improved improving included increase increased indicated infected just
    lessened limited localized marked matter measured mentioned merely migrated misinterpreted
    missed moved necessarily needed new normalize normalized only overlooked persisted preclude
    progress progressed pronounced recede receded recovered reduced regress regressed related
    remit remitted reported required resolve resolved resolving respond responded restricted
    settle settled severe sharply shrunk significant simply solely specific stopped subside
    subsided treated typical uncommon underestimated unexpected unusual vanished worsen worsened
    """.split()
)
_CAN = frozenset({"cannot", "can", "could", "couldn", "won", "wouldn"})
_PARTICIPLES = frozenset(
    {"seen", "shown", "found", "made", "borne", "known", "drawn", "brought", "met", "there"}
)
_DO = frozenset({"do", "does", "did", "t", "doesnt", "dont"})
_NEAR = 4  # words
_NAMES_IT = frozenset(
    """
    called mistaken taken read interpreted confused labeled regarded considered misread construed
    reported counted
    """.split()
)


class Denials(Doubts):
    """The cases of a bare negation."""

    __slots__ = ()

    def _no_named(self, place: int, piece: Piece) -> bool:
        """Note what is only called so: "and should not be called edema"."""
        words = self.words
        names_it = words[piece.last - 1] in _NAMES_IT or words[piece.last - 2] in _NAMES_IT
        if names_it and not self._waiting and self._open is None and self._ahead(FINDING, place):
            self.artifact = kinds.NEGATED
        return False

    def _no_bare(self, place: int, piece: Piece) -> bool:
        """Read a bare "not" by the words behind it: "edema was not encountered"."""
        said, before = self.words[piece.last - 1], self.words[piece.last - 2]
        if said == "to" and not before.startswith("fail"):
            return False
        if self._denies_denial(place, piece):
            return True
        opened = self._open
        if opened is None or opened.said is not sayings.EDEMA or self._waiting:
            return self._is_nothing_denied(place, piece)
        return self._denies_edema(place, piece, is_placed=bool(opened.bones))

    def _denies_edema(self, place: int, piece: Piece, *, is_placed: bool) -> bool:
        """Deny the edema before it, or what is told of it only: "is not limited to the talus"."""
        behind = self._word_behind(piece)
        if behind in _LEAVES:
            following = self.pieces[place + 1 : place + 2]
            if following and following[0].kind is kinds.HISTORICAL:
                following[0].kind = kinds.NOTHING  # "is not resolved"
            return True
        if self._ahead(FINDING, place):
            return False
        is_participle = behind in _PARTICIPLES or behind.endswith("ed")
        if not is_participle and (
            is_placed or not self._is_place_behind(place) or not self._is_done(piece)
        ):
            return False
        self._apply_back(kinds.NEGATED, piece)
        return True

    def _denies_denial(self, place: int, piece: Piece) -> bool:
        """Read two denials as none, or as a doubt: "not without edema", "does not exclude"."""
        following = self.pieces[place + 1] if place + 1 < len(self.pieces) else None
        if following is None or following.first - piece.last > 1:
            return False
        word = self.words[following.first]
        if following.kind is kinds.NEGATED and word in _LACKS:
            following.kind = kinds.NOTHING
            return True
        if word in _EXCLUDES and following.kind in (kinds.HYPOTHETICAL, kinds.NEGATED):
            following.kind = kinds.NOTHING
            self._doubt(piece)
            return True
        return False

    def _is_nothing_denied(self, place: int, piece: Piece) -> bool:
        """Say whether no edema is open to be denied, but it cannot be something: "cannot be"."""
        words = self.words
        named = words[piece.last : piece.last + _NEAR]
        if not _NAMES_IT.isdisjoint(named) and self._open is None and self._ahead(FINDING, place):
            self.artifact = kinds.NEGATED  # "should not be called edema"
        return words[piece.first] in _CAN and named[:1] == ["be"]

    def _is_place_behind(self, place: int) -> bool:
        following = self.pieces[place + 1 : place + 2]
        if following and following[0].kind is kinds.VERB:
            return self._is_place_next(place + 1)
        return self._is_place_next(place)

    def _is_done(self, piece: Piece) -> bool:
        """Say whether a verb is denied: "does not lie in"."""
        auxiliary = self.words[piece.last - 2] if self.words[piece.last - 1] != "t" else "do"
        return auxiliary in _DO or self.words[piece.first] in _DO

    @classmethod
    def bare_rows(cls) -> tuple[Row, ...]:
        """Give the cases of a negation with nothing behind it."""
        return (any_of(cls._no_named), ending(_BARE, cls._no_bare))
