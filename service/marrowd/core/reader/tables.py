"""
States what a row says by its place: in columns of sides, or by another row.

"Marrow edema, right / left", then "Talus: yes / no"; "Calcaneus: as talus", "Talus: as right".
"""

from marrowd.core.reader import kinds
from marrowd.core.reader.columns import Order, in_columns, order_of
from marrowd.core.reader.errata import SWAPS, reread
from marrowd.core.reader.mirrored import LIKE, all_there, as_that, as_there, likened, mirrored
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.questions import Questions
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.sides import OPPOSITE
from marrowd.core.reading import Section


class Tables(Questions):
    """The rows of one text."""

    __slots__ = ("_is_told", "_is_two_sided", "_likens", "_order", "_row")

    _row: list[Piece]
    _is_two_sided: bool  # the text has a word for either side
    _order: Order  # of the sides that columns are of
    _likens: bool  # the text has a word that compares
    _is_told: bool  # the head of the columns, or a sentence before it, tells of edema

    def _find_order(self, sentence: Sentence, *, speaks: bool) -> None:
        """Note the sides that a head names in order."""
        order, _ = order_of(self.words, sentence)
        if order:
            self._order = order
            self._is_told = speaks or self._topic

    def _may_be_told(self, named: int) -> bool:
        """Say whether so many bones and sides may be told by another, or by columns."""
        return bool(self._order) or (self._likens and named > 1)

    def _is_told_by_place(
        self, sentence: Sentence, pieces: list[Piece], named: list[Piece]
    ) -> bool:
        """Read a sentence that says no more than in whose place it stands."""
        if self._order and self._is_in_columns(sentence, pieces):
            return True
        here = self.words.words[sentence.first : sentence.last]
        if sentence.section is Section.ADDENDUM and not SWAPS.isdisjoint(here):
            corrected = reread(self.words.words, pieces, sentence.first)
            if corrected is not None:
                self.statements[:] = map(corrected, self.statements)
                return True
        return not LIKE.isdisjoint(here) and self._is_likened(sentence, pieces, named)

    def _is_in_columns(self, sentence: Sentence, pieces: list[Piece]) -> bool:
        """State what a row says of each side, under a head that names them in order."""
        _, start = order_of(self.words, sentence)
        if not (self._is_told or kinds.EDEMA in [piece.kind for piece in pieces]):
            return False  # "Talus: normal / torn" under a head that tells of no edema
        found = in_columns(self.words, pieces, sentence, self._order, start)
        for said in found:
            self._state_one(sentence, said, self.side.at(sentence), contrast=False)
        return bool(found)

    def _is_likened(self, sentence: Sentence, pieces: list[Piece], named: list[Piece]) -> bool:
        """State of bones what was stated of other ones: "Talus: as right", "Cuboid: as talus"."""
        words = self.words.words
        outside = self.side.at(sentence)
        if side := mirrored(words, pieces, sentence.last, outside):
            bones = named or self._row
            found = as_there(sentence, bones, side, self.statements)
            if not bones and outside is OPPOSITE.get(side):
                found = all_there(sentence, pieces[0], side, self.statements)
        elif model := likened(words, pieces, sentence.first, sentence.last):
            found = as_that(sentence, named[:-1], model, self.statements)
        else:
            return False
        for said in found:
            self._state_one(sentence, said, outside, contrast=False)
        return True
