"""What a doubt does: a hedge before or behind a finding, "may", and what is only considered."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import is_of_cause
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Steps, any_of, ending, first_of, opening
from marrowd.core.reader.times import Times
from marrowd.core.reader.walks import BONE_OF_LIST, FINDING

_APART = frozenset({",", ":", "-", "\u2013", "("})
_WHOLE = frozenset({"that", "whether", "if"})
_POINTING = frozenset({"this", "these", "it"})
_AMOUNTS = frozenset({kinds.SEVERITY, kinds.PART, kinds.NOTHING, kinds.ORDINAL, kinds.PREPOSITION})
_FEW = 4  # pieces
_NEAR = 4  # words
_EXISTS = frozenset(
    """
    present there developing forming starting beginning emerging existing arising evolving brewing
    occurring hiding lurking
    """.split()
)
_EXISTENCE = _EXISTS | {
    *("real", "genuine", "true", "spurious", "artifact", "artifactual", "technical", "edema"),
    *("noise", "exists", "so", "here", "visible", "seen", "volume"),
}
_ASKS = frozenset({"whether", "if", "that"})
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
_REACH = 7  # words
_FINDINGS = frozenset({kinds.EDEMA, kinds.HIGH, kinds.MARROW, kinds.SIGNAL})
_BETWEEN = frozenset(
    {kinds.VERB, kinds.WITH, kinds.NOTHING, kinds.SEVERITY, kinds.JOIN, kinds.PREPOSITION}
    | {kinds.PART, kinds.CURRENT, kinds.ANSWER, kinds.DITTO}
)


class Doubts(Times):
    """The steps for doubts and conditions."""

    __slots__ = ()

    def _maybe_not_edema(self, place: int, piece: Piece) -> bool:
        """Leave the edema sure where its course or cause is doubted: "is likely due to load"."""
        return self._is_of_course(place) or self._is_of_cause(piece) or self._is_of_known(place)

    def _maybe_verb(self, place: int, piece: Piece) -> bool:
        """Read "may" by the words around it: "might just contain edema", "edema may be present"."""
        exists = (
            self.words[piece.last - 1] == "be"
            and not self._waiting
            and self._open is not None
            and self._word_behind(piece) in _EXISTS
        )
        if piece.value == "may" or exists:
            self._may(place, piece)
            return True
        return False

    def _maybe_likewise(self, _place: int, piece: Piece) -> bool:
        """Doubt what was spoken of: "and the navicular may be"."""
        if not self._waiting or piece.last < self.last:
            return False
        if self.topic or self.predicates:
            self._say(sayings.EDEMA, piece, elliptic=True).possible = True
        return True

    def _maybe_placed(self, place: int, piece: Piece) -> bool:
        """Doubt an edema between its name and its place: "edema is possible in the talus"."""
        opened = self._open
        if piece.term.direction != "both" or opened is None or opened.said is not sayings.EDEMA:
            return False
        if opened.bones or self._waiting or not self._is_place_next(place):
            return False
        self._apply_back(kinds.POSSIBLE, piece)
        return True

    def _maybe_this(self, _place: int, piece: Piece) -> bool:
        """Note that what was told is in doubt: "whether this is"."""
        if self.words[piece.last - 2] in _POINTING and piece.last - piece.first > 1:
            self.points_back = True
        return False

    def _maybe_one_more(self, place: int, piece: Piece) -> bool:
        """Doubt one more bone of a list: "edema of the talus and possibly the navicular"."""
        opened = self._open
        if opened is None or opened.said is not sayings.EDEMA or not opened.bones:
            return False
        if piece.term.direction == "backward" or not self._is_only_bone_next(place):
            return False
        self._say(sayings.EDEMA, piece, elliptic=True).possible = True
        return True

    def _maybe_marked(self, place: int, _piece: Piece) -> bool:
        """Doubt an edema by a mark before its bones: "BME ?talus"."""
        opened = self._open
        if opened is None or opened.said is not sayings.EDEMA:
            return False
        if opened.bones or not self._is_list_of_bones(place):
            return False
        opened.possible = True
        return True

    def _maybe_set_in(self, place: int, piece: Piece) -> bool:
        """Doubt a finding by what is set in before its name: "minimal, if any, edema"."""
        if self._open is not None:
            return False
        comma = self.pieces[place + 1 : place + 2]
        if not comma or self.words[comma[0].first] != "," or comma[0].first != piece.last:
            return False
        if self.words[piece.first] != "," and self.words[piece.first - 1] != ",":
            return False
        noun = self._ahead(FINDING, place + 1)
        if noun is None or noun.first - comma[0].last > 1:
            return False
        self._doubt(piece)
        comma[0].kind = kinds.NOTHING
        return True

    def _maybe_in_row(self, place: int, piece: Piece) -> bool:
        """Read a doubt, and at most an amount, behind the bone of a row: "Talus: ?trace"."""
        if not (self.row and self.topic) or self.predicates or self._waiting or self._nouns:
            return False
        if not all(p.kind in _AMOUNTS for p in self.pieces[place + 1 : place + _FEW]):
            return False
        self._say(sayings.EDEMA, piece, elliptic=True).possible = True
        return True

    def _maybe_behind(self, place: int, piece: Piece) -> bool:
        """Doubt the finding before it, but not for its cause: "edema cannot be excluded"."""
        direction = piece.term.direction
        if direction != "backward" and not (direction == "both" and self._ends_after(place)):
            return False
        finding = self._open.first if self._open is not None else 0
        if not is_of_cause(self.words, self.pieces, place, self.last, finding):
            self._apply_back(kinds.POSSIBLE, piece)
        return True

    def _maybe_next_bone(self, place: int, _piece: Piece) -> bool:
        """End a finding before a doubted one: "calcaneal edema, uncertain navicular signal"."""
        opened = self._open
        if (
            opened is not None
            and opened.bones
            and self.pieces[place - 1].kind is kinds.JOIN
            and self._ahead(BONE_OF_LIST, place)
            and self._bone_then_finding(place + 1)
        ):
            self._open = None
        return False

    def _maybe_alone(self, place: int, piece: Piece) -> bool:
        """Read a doubt with nothing behind it, if set apart: "edema of the talus: doubtful"."""
        if not self._ends_after(place):
            return False
        opens = place == 0 and self.words[piece.last : piece.last + 1] == [","]
        if opens or self._is_some_next(place) or self._governs_next(place):
            return False
        if self._is_aside_next(place):
            return False
        if self._is_last_word(piece) and self.words[piece.first - 1] in _APART:
            self._apply_back(kinds.POSSIBLE, piece)
        return True

    def _maybe_denied(self, _place: int, _piece: Piece) -> bool:
        """Leave a negation that reaches over a hedge: "no suspicious edema"."""
        return kinds.NEGATED in self._forward and self._join_at < self._negated_at

    def _maybe_ahead(self, _place: int, piece: Piece) -> bool:
        """Doubt the finding that follows: "possible edema", "improbable that"."""
        self._doubt(piece)
        self._is_whole = self.words[piece.last - 1] in _WHOLE
        return True

    def _is_some_next(self, place: int) -> bool:
        """Say whether an amount is all that is in doubt: "the cuboid could harbor some"."""
        following = self.pieces[place + 1 : place + 2]
        return bool(self._waiting and following) and following[0].value == "some"

    def _is_of_course(self, place: int) -> bool:
        """Say whether a hedge in brackets bears on the course: "residual (or possibly new)"."""
        following = self.pieces[place + 1 : place + 2]
        if not following or following[0].kind is not kinds.CURRENT:
            return False
        return self.words[following[0].last : following[0].last + 1] == [")"]

    def _hypothetical(self, place: int, piece: Piece) -> None:
        if piece.term.direction == "both" and self._open is not None:
            is_placed = self.words[piece.last - 1] == "in" and self._is_list_of_bones(place)
            self._open.hypothetical = self._open.hypothetical or not is_placed
            return  # "edema can be seen in", and no bone behind it
        if piece.value == "whether" and self._is_of_known(place):
            return
        if self.words[piece.first] == "may" and self._waiting and self._is_edema_ahead(place):
            self._doubt(piece)
            return  # "the talus may show a trace of edema"
        self._forward[kinds.HYPOTHETICAL] = piece.value or piece.term.rule

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
            if self._word_behind(piece) in _EXISTS:
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

    @classmethod
    def doubt_steps(cls) -> Steps:
        """Give the steps of a doubt and of a question left open."""
        return {
            kinds.POSSIBLE: first_of(
                any_of(cls._maybe_not_edema),
                any_of(cls._maybe_verb),
                ending({"be"}, cls._maybe_likewise),
                any_of(cls._maybe_placed),
                any_of(cls._maybe_this),
                any_of(cls._maybe_one_more),
                opening({"?"}, cls._maybe_marked),
                any_of(cls._maybe_set_in),
                any_of(cls._maybe_in_row),
                any_of(cls._maybe_behind),
                any_of(cls._maybe_next_bone),
                any_of(cls._maybe_alone),
                any_of(cls._maybe_denied),
                any_of(cls._maybe_ahead),
            ),
            kinds.HYPOTHETICAL: cls._hypothetical,
        }
