"""
Reads a bare "not" or "may" by the words around it, whatever verb the sentence has.

"edema was not encountered", "does not lie in the talus", "not without edema", "may harbor a little
edema": what the verb means is not known, and does not matter but for a few words (below).
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.backward import Backward
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.walks import FINDING

_BARE = frozenset({"not", "never", "t", "cannot", "isnt", "arent", "doesnt", "dont", "to"})
_LACKS = frozenset(
    {"lack", "lacks", "lacking", "without", "free", "devoid", "void", "absent", "fail", "missing"}
)
_EXCLUDES = frozenset({"exclude", "excluded", "dismiss", "discount", "rule", "ruled", "refute"})
_ADVERBS = frozenset({"yet", "been", "be", "so", "quite", "very", "at", "all", "now", "ever", "to"})
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
EXISTS = frozenset(
    """
    present there developing forming starting beginning emerging existing arising evolving brewing
    occurring hiding lurking
    """.split()
)
_EXISTENCE = EXISTS | {
    *("real", "genuine", "true", "spurious", "artifact", "artifactual", "technical", "edema"),
    *("noise", "exists", "so", "here", "visible", "seen", "volume"),
}
_ASKS = frozenset({"whether", "if", "that"})
_ONCE = frozenset(
    "previously formerly prior earlier before originally initially baseline seen".split()
)
_NONE = frozenset({"none", "nil", "no", "not", "absent", "normal", "too", "also"})
_DEFINITE = frozenset({"the", "this", "these", "his", "her"})
_NAMES_BONE = frozenset(
    {kinds.BONE, kinds.PART, kinds.SIDE, kinds.SEVERITY, kinds.CURRENT, kinds.ORDINAL}
)
_AHEAD = 24  # words
_DATES = frozenset(
    "in of since last this the from until by during to scan mri study exam examination".split()
)
_LEAVES_SURE = frozenset(
    """
    see find identify detect note appreciate explain account relate cause contribute mimic follow
    precede persist not benefit help resolve progress increase decrease improve worsen
    """.split()
)
_CAUSES = frozenset(
    {"due", "related", "secondary", "caused", "reactive", "stress", "mechanical", "attributable"}
    | {"degenerative", "traumatic", "posttraumatic", "postoperative", "from", "because"}
)
_LIKELY = frozenset({"likely", "probably", "probable", "presumably", "possibly", "perhaps", "be"})
_NAMES_IT = frozenset(
    """
    called mistaken taken read interpreted confused labeled regarded considered misread construed
    reported counted
    """.split()
)


_REACH = 7  # words
_FINDINGS = frozenset({kinds.EDEMA, kinds.HIGH, kinds.MARROW, kinds.SIGNAL})
_BETWEEN = frozenset(
    {kinds.VERB, kinds.WITH, kinds.NOTHING, kinds.SEVERITY, kinds.JOIN, kinds.PREPOSITION}
    | {kinds.PART, kinds.CURRENT, kinds.ANSWER, kinds.DITTO}
)


class Denials(Backward):
    """A bare negation, and a bare "may"."""

    __slots__ = ()

    def _is_read_by_its_words(self, place: int, piece: Piece) -> bool:  # noqa: C901, PLR0911 -- one case after the other
        """Read a negation by the words behind it; say whether nothing more is to be done."""
        words, opened = self.words, self._open
        said = words[piece.last - 1]
        names_it = said in _NAMES_IT or words[piece.last - 2] in _NAMES_IT
        if names_it and not self._waiting and self._open is None and self._ahead(FINDING, place):
            self.artifact = kinds.NEGATED  # "and should not be called edema"
        if said not in _BARE or (said == "to" and not words[piece.last - 2].startswith("fail")):
            return False
        following = self.pieces[place + 1] if place + 1 < len(self.pieces) else None
        if following is not None and following.first - piece.last <= 1:
            word = words[following.first]
            if following.kind is kinds.NEGATED and word in _LACKS:
                following.kind = kinds.NOTHING  # "not without edema"
                return True
            if word in _EXCLUDES and following.kind in (kinds.HYPOTHETICAL, kinds.NEGATED):
                following.kind = kinds.NOTHING
                self._doubt(piece)
                return True
        behind = self._word_behind(piece)
        if opened is None or opened.said is not sayings.EDEMA or self._waiting:
            if not _NAMES_IT.isdisjoint(words[piece.last : piece.last + _NEAR]) and (
                opened is None and self._ahead(FINDING, place)
            ):
                self.artifact = kinds.NEGATED  # "should not be called edema"
            return words[piece.first] in _CAN and words[piece.last : piece.last + 1] == ["be"]
        if behind in _LEAVES:
            if following is not None and following.kind is kinds.HISTORICAL:
                following.kind = kinds.NOTHING  # "is not resolved"
            return True  # "is not limited to the talus"
        if self._ahead(FINDING, place):
            return False
        is_placed = self._is_place_behind(place)
        if behind in _PARTICIPLES or behind.endswith("ed"):
            self._apply_back(kinds.NEGATED, piece)
            return True
        if is_placed and not opened.bones and self._is_done(piece):
            self._apply_back(kinds.NEGATED, piece)
            return True
        return False

    def _word_behind(self, piece: Piece) -> str:
        """Give the first word behind that is no adverb; "" when there is none near."""
        end = min(self.last, piece.last + _NEAR)
        for word in self.words[piece.last : end]:
            if not (word in _ADVERBS or word.endswith("ly")):
                return word
        return ""

    def _is_place_behind(self, place: int) -> bool:
        following = self.pieces[place + 1 : place + 2]
        if following and following[0].kind is kinds.VERB:
            return self._is_place_next(place + 1)
        return self._is_place_next(place)

    def _is_done(self, piece: Piece) -> bool:
        """Say whether a verb is denied: "does not lie in"."""
        auxiliary = self.words[piece.last - 2] if self.words[piece.last - 1] != "t" else "do"
        return auxiliary in _DO or self.words[piece.first] in _DO

    def _is_former_state(self, place: int) -> bool:
        """Read how much it was: "mild edema (previously moderate)", "8 mm, previously 20 mm"."""
        piece, opened = self.pieces[place], self._open
        if opened is None or opened.said is not sayings.EDEMA:
            return False
        is_amount = self.words[piece.last - 1] in _ONCE
        following = self.pieces[place + 1 : place + 2]
        if is_amount and following and following[0].kind is kinds.SEVERITY:
            return self._is_last_word(following[0])
        behind = self.words[piece.last : piece.last + _NEAR + _NEAR]
        if self.words[piece.first - 1] != "(" or ")" not in behind:
            return is_amount and "".join(behind[:1])[:1].isdigit()
        end = piece.last + behind.index(")")
        inside = [p for p in self.pieces[place + 1 : place + _NEAR] if p.first < end]
        named = any(p.kind in (kinds.EDEMA, kinds.BONE) for p in inside)
        if named or not (is_amount or opened.negated):
            return False
        opened.resolved = opened.negated and _NONE.isdisjoint(behind)
        for within in inside:
            within.kind = kinds.NOTHING
        return True

    def _is_of_known(self, place: int) -> bool:
        """Say whether the cause or course of a known edema is asked: "whether the edema is old"."""
        at = self.pieces[place].last
        at += self.words[at : at + 1] == ["that"]
        if self.words[at - 1] not in _ASKS or _DEFINITE.isdisjoint(self.words[at : at + 1]):
            return False
        for piece in self.pieces[place + 1 : place + _NEAR]:
            if piece.kind is kinds.EDEMA:
                behind = self.words[piece.last : min(self.last, piece.last + _AHEAD)]
                self._asks_course = len(behind) > 1 and _EXISTENCE.isdisjoint(behind)
                return self._asks_course
            if piece.kind not in _NAMES_BONE:
                return False
        return False

    def _doubt(self, piece: Piece) -> None:
        self._forward[kinds.POSSIBLE] = piece.term.rule
        self._possible_at = piece.first
        self._forward.pop(kinds.NEGATED, None)
        self._nouns = 0

    def _is_of_cause(self, piece: Piece) -> bool:
        """Say whether the cause is what is likely: "is likely due to altered loading"."""
        opened = self._open
        following = self.words[piece.last : piece.last + 1]
        is_edema = opened is not None and opened.said is sayings.EDEMA
        if not (is_edema and following) or self.words[piece.last - 1] not in _LIKELY:
            return False
        return following[0] in _CAUSES

    def _may(self, place: int, piece: Piece) -> None:
        """Read "may", "might" or "could" before any verb: "might just contain edema"."""
        words = self.words
        ahead = words[piece.last : min(self.last, piece.last + _NEAR)]
        if not ahead or not ahead[0].isalpha() or ahead[0] in _DATES:
            return
        if words[piece.first - 1] in _DATES or not _LEAVES_SURE.isdisjoint(ahead):
            return
        opened = self._open
        if opened is not None and opened.said is sayings.EDEMA and not self._waiting:
            if self._word_behind(piece) in EXISTS:
                self._apply_back(kinds.POSSIBLE, piece)
            return
        for follower in self.pieces[place + 1 : place + _NEAR]:
            is_some = follower.value == "some" and bool(self._waiting)  # "might hold a trace"
            near = follower.first - piece.last <= _REACH
            if near and (follower.kind in _FINDINGS or is_some):
                self._doubt(piece)
                return
            if follower.kind not in _BETWEEN:
                return
