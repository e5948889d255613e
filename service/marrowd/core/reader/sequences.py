"""
Reads one sequence against another: "bright on the coronal images; STIR shows nothing there".

What a fluid-sensitive sequence does not show is no edema, wherever else the signal was seen.
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.contrasts import Contrasts
from marrowd.core.reader.pieces import Piece

_NAMES = frozenset({"stir", "t2", "tirm", "pdfs"})


class Sequences(Contrasts):
    """The look at the sequence that shows nothing."""

    __slots__ = ()

    def _is_dark_on_fluid(self, place: int, piece: Piece) -> bool:
        """Take for no edema what was told of, if a fluid-sensitive sequence does not show it."""
        if self._waiting or self.row or not self._is_of_fluid(place, piece):
            return False
        known = self._open or (self.predicates[-1] if self.predicates else None)
        if known is not None:
            if known.said is not sayings.EDEMA or known.strong or not known.bones:
                return False
            known.negated = known.is_artifact = True
            return True
        before = self.previous
        if before is None or before.said is not sayings.EDEMA or before.strong or before.negated:
            return False
        self.artifact = kinds.NEGATED
        return True

    def _is_of_fluid(self, place: int, piece: Piece) -> bool:
        """Say whether it is such a sequence that shows nothing: "none on STIR", "STIR is dark"."""
        following = self.pieces[place + 1 : place + 3]
        if [p.kind for p in following] == [kinds.PREPOSITION, kinds.SEQUENCE]:
            return following[1].value == "fluid" and self._ends_at(following[1].last)
        if not self._ends_at(piece.last):
            return False
        at = place - 1
        if at > 0 and self.pieces[at].kind is kinds.VERB:
            at -= 1
        if at >= 0 and self.pieces[at].kind is kinds.SEQUENCE:
            return self.pieces[at].value == "fluid"
        return self.words[piece.first] in _NAMES

    def _ends_at(self, last: int) -> bool:
        """Say whether a clause ends at a word, or behind "there"."""
        last += self.words[last : last + 1] == ["there"]
        return last >= self.last or not self.words[last].isalnum()
