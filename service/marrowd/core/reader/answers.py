"""What an answer does: "none", "present in", "some", and "the same" of other bones."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.said_of_marrow import SaidOfMarrow
from marrowd.core.reader.steps import Steps, any_of, first_of, opening, valued
from marrowd.core.reader.walks import BONE_OF_LIST, SAID_IN_FULL

_TRAILING = frozenset({"too", "well"})
_BE = frozenset({"is", "are", "was", "were"})
_MANNER = frozenset({"likewise", "similarly"})
_NEAR = 3  # words: "signal in the marrow"
_RELATIVE = frozenset({"which", "whom"})
# "nothing that would suggest edema"
_RELATES = frozenset({"that", "which", "to", "like", "suggesting", "suggestive", "resembling"})
_SEARCHED = frozenset({"found", "saw", "identified", "finding", "finds", "seeing"})
_ROW_SIGNS = frozenset({":", "-", "\u2013", "="})


class Answers(SaidOfMarrow):
    """The steps for answers, and for what is said again."""

    __slots__ = ()

    def _answer_amount(self, place: int, _piece: Piece) -> bool:
        """Pass over an amount of something else: "some fluid", but "the fifth shows some"."""
        return not self._is_object(place)

    def _answer_placed(self, place: int, piece: Piece) -> bool:
        """Go on with what was named, or deny it there: "is seen in", "is absent from"."""
        self._turn = None
        if not self._is_plain_preposition(piece):
            return False
        opened, no = self._open, piece.value == "no"
        if no and opened is not None and self._is_of_new_bone(place):
            self._open = None
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
        elif no and opened is not None and opened.said is sayings.EDEMA:
            opened.negated = opened.denied_after = True
        elif self._nouns:
            self._close_cues()
        return True

    def _answer_of_other(self, place: int, _piece: Piece) -> bool:
        """Leave what is said of another finding: "effusion: none"."""
        return place > 0 and self.pieces[place - 1].kind in (kinds.DISEASE, kinds.SOFT)

    def _answer_present(self, place: int, piece: Piece) -> bool:
        """Pass over the bone's own presence: "does not present", "os: present, not edematous"."""
        before = self.words[piece.first - 1]
        if before == "not" or self._is_told_behind_comma(place):
            return True
        return bool(self._waiting) and not self.predicates and before not in _ROW_SIGNS

    def _answer_letter(self, place: int, _piece: Piece) -> bool:
        """Pass over a letter that does not fill a cell: "talus N / cuboid Y" are answers."""
        return not self._is_cell_answer(place)

    def _answer_of_unknown(self, place: int, piece: Piece) -> bool:
        """Pass over "nothing" before a word we do not know: "nothing active"."""
        return piece.last - piece.first == 1 and self._is_word_next(place)

    def _answer_no_ahead(self, place: int, piece: Piece) -> bool:
        """Deny the finding that follows: "none of the bones shows edema", "nothing like edema"."""
        opening = self.words[piece.first]
        is_nothing = opening == "nothing" and piece.last - piece.first == 1
        is_nothing = is_nothing or opening == "not"  # "not at all edematous"
        if piece.value != "no" or not (piece.term.direction == "forward" or is_nothing):
            return False
        if self._is_of_those(piece):
            return False
        if not (self._is_shown_next(place) or self._bone_then_finding(place + 1)):
            return False
        self._deny(piece)
        return True

    def _answer_ahead(self, place: int, piece: Piece) -> bool:
        """Answer for the bones that follow: "the same is present in", "none of it in"."""
        if piece.term.direction != "forward":
            return False
        opened, no = self._open, piece.value == "no"
        if piece.value == "moved" and opened is not None and opened.said is sayings.EDEMA:
            opened.historical = True
            self._forward[kinds.CURRENT] = ""
        if not no and place and self.pieces[place - 1].kind is not kinds.NEGATED:
            self._forward.pop(kinds.NEGATED, None)  # "no fracture and positive for edema"
        self._open = None
        new = self._say(sayings.EDEMA, piece, elliptic=True)
        new.negated = no
        new.points_back = self._is_of_those(piece) or self._ends_after(place)
        new.needs_bones = not new.points_back
        return True

    def _answer_before_bone(self, place: int, piece: Piece) -> bool:
        """Deny it of the bone right behind: "edema talus, none calcaneus"."""
        following = self.pieces[place + 1 : place + 2]
        if piece.value != "no" or self._open is None or self._waiting or not following:
            return False
        if following[0].kind is not kinds.BONE or following[0].first != piece.last:
            return False
        self._open = None
        denied = self._say(sayings.EDEMA, piece, elliptic=True)
        denied.negated = denied.needs_bones = True
        return True

    def _answer_there(self, _place: int, _piece: Piece) -> bool:
        """Pass over "present" that no bone waits for: "edema is present"."""
        return not self._waiting and not self.row

    def _answer_known(self, place: int, piece: Piece) -> bool:
        """Answer what was spoken of for the bones that wait: "the cuboid: none"."""
        if not self._waiting and self._open is not None:
            return False
        if self.topic or self.predicates:
            answered = self._say(sayings.EDEMA, piece, elliptic=True)
            answered.negated = piece.value == "no"
            answered.points_back = place > 0 and self.pieces[place - 1].kind is kinds.THERE
        return True

    def _answer_behind(self, _place: int, piece: Piece) -> bool:
        """Deny what is open, or only its last bone: "edema of the talus, cuboid none"."""
        opened = self._open
        if piece.value != "no" or opened is None or opened.said is not sayings.EDEMA:
            return True
        is_whole = self.words[piece.first - 1] in _SEARCHED
        if opened.bones and self._verb_at < opened.last and not is_whole:
            self._waiting.append(opened.bones.pop())
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
            return True
        opened.negated, opened.hypothetical = True, False
        opened.last = max(opened.last, piece.last)
        return True

    def _is_of_those(self, piece: Piece) -> bool:
        """Say whether an answer is of what was named: "none of these", not "none of which"."""
        if piece.last - piece.first < _NEAR or self.words[piece.first + 1] != "of":
            return False
        return self.words[piece.last - 1] not in _RELATIVE

    def _is_of_new_bone(self, place: int) -> bool:
        """Say whether another bone follows: "the edema of the talus is absent from the cuboid"."""
        named = self._open.bones if self._open is not None else []
        if not (named and self._ahead(BONE_OF_LIST, place)):
            return False
        ahead = self.pieces[place + 1 : place + 5]
        bone = next(piece for piece in ahead if piece.kind is kinds.BONE)
        return set(named[-1].bones).isdisjoint(bone.bones)

    def _is_word_next(self, place: int) -> bool:
        """Say whether a word we do not know follows: "nothing active"."""
        last = self.pieces[place].last
        following = self.pieces[place + 1 : place + 2]
        unknown = not following or following[0].first > last
        unknown = unknown and last < self.last and self.words[last].isalpha()
        return unknown and self.words[last] not in _RELATES

    def _is_object(self, place: int) -> bool:
        """Say whether an amount is all that a verb has: "the fifth shows some at its base"."""
        before = self.pieces[place - 1] if place else None
        if before is None or not self._is_complement(self.pieces[place]):
            return False
        named = self._waiting and (
            self.words[before.first] == ","  # "as to the cuboid, some"
            or (before.kind is kinds.BONE and before.last == self.pieces[place].first)
        )
        if before.kind is kinds.POSSIBLE:
            return kinds.POSSIBLE in self._forward  # "might hold a trace"
        return before.kind in (kinds.VERB, kinds.CURRENT) or bool(named)

    def _is_plain_preposition(self, piece: Piece) -> bool:
        """Say whether "is seen in" goes on with what was named, and answers nothing."""
        if self.words[piece.first] not in _BE or piece.term.direction != "forward":
            return False
        return self._open is not None or bool(self._nouns) or not self.predicates

    def _ditto(self, place: int, piece: Piece) -> None:  # noqa: C901 -- one case after the other
        opened = self._open
        if self.words[piece.last : piece.last + 1] == ["of"] or self._is_soft(place):
            return  # "a trace of fluid", "similar thickening of the tendon"
        if opened is not None and opened.elliptic and not self._waiting:
            return
        if self.words[piece.last - 1] in _TRAILING and not (
            self._waiting and self._is_last_word(piece)
        ):
            return
        if self.words[piece.first] in _MANNER and not self._ends_after(place):
            return
        if self._ahead(SAID_IN_FULL, place):
            return
        last = self.predicates[-1] if self.predicates else self.previous
        if self.latest is not None and not self.predicates:
            last = self.latest
        if last is not None and last.said is sayings.NOTHING and not last.bones:
            last = self.previous  # "signal of the same type"
        said = last.said if last is not None else sayings.EDEMA
        if last is None and not self.topic:
            return
        if kinds.NEGATED in self._forward:
            said = sayings.EDEMA
        waiting = self._waiting
        new = self._say(said, piece, elliptic=True)
        new.needs_bones = True
        if piece.value == "yes":
            new.said = sayings.EDEMA  # "the talus has a trivial amount"
        elif last is not None and kinds.NEGATED not in self._forward:
            new.negated = last.negated and not new.possible
            new.possible = last.possible or new.possible
            new.historical = new.historical or last.historical
            new.resolved = last.resolved
        if not waiting and last is not None:
            new.strong = True

    @classmethod
    def answer_steps(cls) -> Steps:
        """Give the step of an answer."""
        return {
            kinds.ANSWER: first_of(
                valued("some", cls._answer_amount),
                any_of(cls._answer_placed),
                any_of(cls._answer_of_other),
                valued("no", cls._is_dark_on_fluid),
                opening({"present"}, cls._answer_present),
                opening({"y", "n"}, cls._answer_letter),
                opening({"nothing"}, cls._answer_of_unknown),
                any_of(cls._answer_no_ahead),
                any_of(cls._answer_ahead),
                opening({"present"}, cls._answer_there),
                any_of(cls._answer_before_bone),
                any_of(cls._answer_known),
                any_of(cls._answer_behind),
            ),
            kinds.DITTO: cls._ditto,
        }
