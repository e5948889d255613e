"""What a cue does to the finding before it: "could not be found", "cannot be excluded"."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import is_explained, is_of_share
from marrowd.core.reader.clause_state import ClauseState
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Kind

_EXCLUDED = frozenset({"excluded", "exclude", "ruled", "dismissed", "discounted", "eliminated"})
_OF_MARROW = frozenset({"marrow", "signal", "edema", "edematous"})
_UNSURE = frozenset({"confirmed", "reproduced"})  # on another plane
_SEEN = frozenset({"seen", "visualized", "visualised", "imaged", "depicted", "included"})
_BE = frozenset({"is", "are", "was", "were"})


class Backward(ClauseState):
    """The reach of a cue back to what was said."""

    __slots__ = ()

    def _apply_back(self, kind: Kind, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
        target = self._open
        if kind is kinds.POSSIBLE and self._asks_course:
            return
        if self._turn is kinds.OTHER and kind is kinds.NEGATED and not self._waiting:
            return  # "the others are not"
        if target is None and kind is kinds.POSSIBLE and self.predicates and not self._waiting:
            if self.words[piece.first - 1] == "one":
                return  # "edema, no fracture line, although one cannot be excluded"
            target = self.predicates[-1]
            if target.negated and not (
                self._nouns or _EXCLUDED.isdisjoint(self.words[piece.first : piece.last])
            ):
                doubted = self._say(sayings.EDEMA, piece, elliptic=True)
                doubted.possible, doubted.bones = True, list(target.bones)
                return  # "no edema, although subtle change cannot be excluded"
            if target.said is not sayings.EDEMA or target.negated:
                return
        if target is None and kind is kinds.HISTORICAL and not (self._waiting or self._nouns):
            target = self.predicates[-1] if self.predicates else None
            if target is not None and (target.said is not sayings.EDEMA or target.negated):
                target = None
        if target is None and kind is kinds.NEGATED and self._is_out_of_sight(piece):
            self.excluded += self._waiting
            self._waiting = []
            return
        if target is None and (self._waiting or self.points_back or self.row):
            here = self.words[piece.first : piece.last]
            is_gone = kind is kinds.HISTORICAL and self._is_edema_near(piece)
            if not (self.topic or self.predicates or is_gone) and _OF_MARROW.isdisjoint(here):
                return
            if kind is kinds.POSSIBLE and not self._is_last_word(piece):
                return
            if not (self._waiting or self.points_back) and self._nouns and not self._names(here):
                return
            before = self.predicates[-1] if self.predicates else self.previous
            target = self._say(sayings.EDEMA, piece, elliptic=True)
            if self._is_bare_not(piece.first) and before is not None and self._was_freed(before):
                target.current = True
                return  # "the talus is free of edema, the cuboid is not"
        if target is None or self._is_of_later_noun(kind, piece, target.last):
            return
        if kind is kinds.NEGATED and is_explained(self.words, target.first):
            return
        target.rules.append(piece.term.rule)
        target.last = max(target.last, piece.last)
        if kind is kinds.NEGATED:
            target.hypothetical = False
            if target.said is sayings.NOTHING and (target.bones or self.row):
                target.said, target.strong = sayings.EDEMA, True
            unsure = self.words[piece.last - 1] in _UNSURE and not self._is_last_word(piece)
            unsure = unsure or self._possible_at > target.first
            if target.possible and (unsure or self.words[piece.first] not in _BE):
                return
            target.negated = target.denied_after = True
            target.historical = target.historical or kinds.HISTORICAL in self._forward
        elif kind is kinds.POSSIBLE:
            target.possible, target.negated = True, False
            if self._forward.get(kinds.HYPOTHETICAL) == "whether":
                target.hypothetical = False
        elif is_of_share(self.words, target.first) or (
            target.current and self.words[piece.first - 1] == "had"
        ):
            target.current = True  # "recurrent edema, which had resolved"
        else:
            target.resolved = True
            if target.said is sayings.NOTHING:
                target.said = sayings.EDEMA

    def _is_out_of_sight(self, piece: Piece) -> bool:
        """Say whether it is the bone that was not seen: "Navicular not seen", "not visualized"."""
        if not self._waiting or self.points_back or self.row or self.is_cell:
            return False
        if _SEEN.isdisjoint(self.words[piece.first : piece.last]):
            return False
        opening = self.pieces[0]
        return opening.kind in (kinds.BONE, kinds.SIDE) and not self.predicates

    def _is_of_later_noun(self, kind: Kind, piece: Piece, last: int) -> bool:
        """Say whether another finding lies nearer: "edema, a fracture cannot be excluded"."""
        if kind is kinds.HISTORICAL or self._names(self.words[piece.first : piece.last]):
            return False
        return last <= self._join_at < self._noun_at

    @staticmethod
    def _names(here: list[str]) -> bool:
        """Say whether a denial names what it denies: "not true edema"."""
        return here[-1] == "edema"
