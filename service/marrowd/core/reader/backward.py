"""What a cue does to the finding before it: "could not be found", "cannot be excluded"."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.answers import Answers
from marrowd.core.reader.bearings import is_explained, is_of_share
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.vocabulary import Kind

_EXCLUDED = frozenset({"excluded", "exclude", "ruled", "dismissed", "discounted", "eliminated"})
_OF_MARROW = frozenset({"marrow", "signal", "edema", "edematous"})
_UNSURE = frozenset({"confirmed", "reproduced"})  # on another plane
_SEEN = frozenset({"seen", "visualized", "visualised", "imaged", "depicted", "included"})
_BE = frozenset({"is", "are", "was", "were"})


class Backward(Answers):
    """The reach of a cue back to what was said."""

    __slots__ = ()

    def _apply_back(self, kind: Kind, piece: Piece) -> None:
        """Let a cue act on the finding before it: deny it, doubt it, or say that it has gone."""
        target = self._before(kind, piece)
        if target is None or self._is_of_later_noun(kind, piece, target.last):
            return
        if kind is kinds.NEGATED and is_explained(self.words, target.first):
            return
        if kind is kinds.HISTORICAL and target.negated and self.words[piece.first] == ",":
            return  # "no edema then, none now"
        target.rules.append(piece.term.rule)
        target.last = max(target.last, piece.last)
        if kind is kinds.NEGATED:
            self._deny_said(target, piece)
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

    def _before(self, kind: Kind, piece: Piece) -> Predicate | None:
        """Find what a cue acts on: what is open, what was said before, or what bones wait for."""
        is_course = kind is kinds.POSSIBLE and self._asks_course
        is_of_others = kind is kinds.NEGATED and self._turn is kinds.OTHER and not self._waiting
        if is_course or is_of_others:
            return None  # "the others are not"
        if self._open is not None:
            return self._open
        if kind is kinds.POSSIBLE and self.predicates and not self._waiting:
            return self._doubted(piece)
        if kind is kinds.NEGATED and self._is_out_of_sight(piece):
            self.excluded += self._waiting
            self._waiting = []
            return None
        last = self.predicates[-1] if self.predicates else None
        if (
            kind is kinds.HISTORICAL
            and last is not None
            and last.said is sayings.EDEMA
            and not (last.negated or self._waiting or self._nouns)
        ):
            return last
        return self._said_anew(kind, piece)

    def _doubted(self, piece: Piece) -> Predicate | None:
        """Doubt what was said before, or a denial: "no edema, but it cannot be excluded"."""
        if self.words[piece.first - 1] == "one":
            return None  # "edema, no fracture line, although one cannot be excluded"
        last = self.predicates[-1]
        excluded = not _EXCLUDED.isdisjoint(self.words[piece.first : piece.last])
        if last.negated and excluded and not self._nouns:
            doubted = self._say(sayings.EDEMA, piece, elliptic=True)
            doubted.possible, doubted.bones = True, list(last.bones)
            return None
        return None if last.negated or last.said is not sayings.EDEMA else last

    def _said_anew(self, kind: Kind, piece: Piece) -> Predicate | None:
        """Say again what was spoken of, for a cue to act on: "the cuboid is not", "it has gone"."""
        if not (self._waiting or self.points_back or self.row):
            return None
        here = self.words[piece.first : piece.last]
        is_gone = kind is kinds.HISTORICAL and self._is_edema_near(piece)
        if not (self.topic or self.predicates or is_gone) and _OF_MARROW.isdisjoint(here):
            return None
        if kind is kinds.POSSIBLE and not self._is_last_word(piece):
            return None
        if not (self._waiting or self.points_back) and self._nouns and not self._names(here):
            return None
        before = self.predicates[-1] if self.predicates else self.previous
        said = self._say(sayings.EDEMA, piece, elliptic=True)
        if self._is_bare_not(piece.first) and before is not None and self._was_freed(before):
            said.current = True
            return None  # "the talus is free of edema, the cuboid is not"
        return said

    def _deny_said(self, target: Predicate, piece: Piece) -> None:
        """Deny a finding, unless it stays in doubt: "possible edema, not confirmed on T1"."""
        target.hypothetical = False
        if target.said is sayings.NOTHING and (target.bones or self.row):
            target.said, target.strong = sayings.EDEMA, True
        unsure = self.words[piece.last - 1] in _UNSURE and not self._is_last_word(piece)
        unsure = unsure or self._possible_at > target.first
        is_other = self.words[piece.first] == "rather"  # "likely red marrow rather than edema"
        if target.possible and not is_other and (unsure or self.words[piece.first] not in _BE):
            return
        target.negated = target.denied_after = True
        target.historical = target.historical or kinds.HISTORICAL in self._forward

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
