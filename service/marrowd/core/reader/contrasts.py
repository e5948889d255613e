"""
Reads what one sentence says the other way round: "absent in the talus and present in the cuboid".

Behind "and" or "but" stands how it is, then where; the finding is not named again.
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.clause_state import ClauseState
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.walks import BONE_OF_PLACE

_LEADS = 4  # pieces between "and" and how it is: "and it is also"
_AHEAD = 8
_THERE = frozenset(
    {"present", "seen", "noted", "visible", "evident", "identified", "demonstrated", "observed"}
    | {"found", "confined", "limited", "restricted", "localized"}
)
_FILLS = frozenset({"occupies", "fills", "involves", "affects", "involving", "affecting"})
_LEADING = frozenset({kinds.VERB, kinds.CURRENT, kinds.ANAPHOR, kinds.WITH, kinds.THERE})
_LIES = frozenset({"lies", "lie", "sits", "sit", "is", "are", "resides", "only"})
_WITHIN = frozenset({"in", "within", "at", "to"})
_GIVEN_AS = frozenset(
    """
    attributed ascribed assigned credited described reported recorded dictated called labeled placed
    localized mentioned stated noted
    """.split()
)
_ONCE = frozenset({"formerly", "previously", "once", "originally", "initially"})
_ADDS = frozenset({"also", "too"})
_SMALL = frozenset({kinds.PART, kinds.SIDE, kinds.SEVERITY, kinds.ORDINAL, kinds.NOTHING})
_SAID = frozenset({sayings.EDEMA, sayings.NORMAL_MARROW})
_NEGATED = frozenset({kinds.NORMAL, kinds.NORMAL_MARROW, kinds.SPARED})


class Contrasts(ClauseState):
    """The look behind "and" and "but" for the same finding, said otherwise of other bones."""

    __slots__ = ()

    def _is_said_otherwise(self, place: int, before: Predicate | None) -> bool:
        """Open what is said behind a joining word, if it is no more than how and where."""
        if before is None or before.said not in _SAID:
            return False
        if not (before.bones or before.denied or before.opposite or place < 0):
            return False
        at = place + 1
        end = min(len(self.pieces), at + _LEADS)
        while at < end and (
            self.pieces[at].kind in _LEADING or self.words[self.pieces[at].first] in _ADDS
        ):
            at += 1
        if at >= end:
            return False
        state = self.pieces[at]
        negated = self._polarity(state, before)
        if negated is None or not self._is_placed(at, state):
            return False
        for lead in self.pieces[place + 1 : at]:
            if lead.kind is kinds.THERE:
                lead.kind = kinds.NOTHING
        self._open, self._waiting = None, []
        self._close_cues()
        said = self._say(sayings.EDEMA, state, elliptic=True)
        was = state.kind is kinds.HISTORICAL
        said.negated, said.historical, said.possible = negated, was, False
        said.current = not (negated or was)
        if state.kind is not kinds.PREPOSITION:
            state.kind = kinds.NOTHING
        return True

    def _goes_on(self) -> None:
        """Read a sentence behind a semicolon that is no more than how and where."""
        opening = self.pieces[0]
        here = self.words[max(0, opening.first - 2) : opening.first]
        if ";" in here and self.previous is not None:
            self._is_said_otherwise(-1, self.previous)

    def _polarity(self, state: Piece, before: Predicate) -> bool | None:  # noqa: PLR0911 -- one case after the other
        """Say whether a word denies what was spoken of; None when it says nothing of it."""
        kind, word = state.kind, self.words[state.first]
        was_denied = before.negated or before.said is sayings.NORMAL_MARROW or not before.bones
        if kind is kinds.PREPOSITION:
            lies = word in _THERE or word in _FILLS or self.words[state.first - 1] in _LIES
            return False if lies and was_denied else None
        if kind is kinds.NEGATED:
            return None if was_denied else True
        if kind is kinds.ANSWER and state.term.direction == "forward":
            return state.value == "no"
        if kind is kinds.HIGH:
            return state.value == "low"
        if kind is kinds.HISTORICAL:
            return False if word in _ONCE else None
        if kind is kinds.SEVERITY:
            return False if was_denied else None
        if kind in _NEGATED:
            return None if was_denied else True
        return None

    def _is_placed(self, at: int, state: Piece) -> bool:
        """Say whether a place follows at once: "increased on STIR in the talus"."""
        placed = state.kind in (kinds.PREPOSITION, kinds.ANSWER)
        last = state.last
        for piece in self.pieces[at + 1 : at + _AHEAD]:
            if piece.first - last > 1:
                return False
            if piece.kind is kinds.BONE:
                return placed
            if piece.kind is kinds.PREPOSITION:
                placed = True
            elif piece.kind is not kinds.SEQUENCE and piece.kind not in _SMALL:
                return False
            last = piece.last
        return False

    def _lies_elsewhere(self, place: int, opened: Predicate) -> bool:
        """Read "the edema described in the talus is in the calcaneus": it is not in the talus."""
        before, here = self.pieces[place - 1], self.pieces[place]
        if self.words[here.last - 1] not in _WITHIN:
            return False
        if not opened.bones or opened.negated or here.first - before.last > 1:
            return False
        if _GIVEN_AS.isdisjoint(self.words[opened.first : opened.bones[0].first]):
            return False
        bone = self._ahead(BONE_OF_PLACE, place)
        return bone is not None and set(bone.bones).isdisjoint(opened.bones[-1].bones)

    def _turns_to_bones(self, place: int, before: Predicate | None) -> bool:
        """Read "not in the talus but in the cuboid", "not the talus but the cuboid"."""
        if before is None:
            return False
        if not (before.negated and before.bones) and (before.bones or not before.denied):
            return False
        is_named = False
        for piece in self.pieces[place + 1 : place + _AHEAD]:
            if piece.kind is kinds.BONE:
                is_named = True
            elif piece.kind is kinds.BREAK and is_named:
                break
            elif piece.kind not in _SMALL and piece.kind not in (kinds.PREPOSITION, kinds.JOIN):
                return False
        if not is_named:
            return False
        self._say(sayings.EDEMA, self.pieces[place], elliptic=True).current = True
        return True
