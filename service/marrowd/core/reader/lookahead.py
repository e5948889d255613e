"""
Looks a few pieces ahead or back from a place in a sentence.

Every look is bounded, so that a sentence of any length is read in linear time.
"""

from bisect import bisect_left

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.surroundings import Surroundings
from marrowd.core.reader.walks import (
    FINDING,
    NOUN_OF_JOINT,
    NOUNS,
    SAID_AFTER_VERB,
    SMALL,
)

_NOT = frozenset({"not", "never"})
_AUXILIARY = frozenset({"is", "are", "was", "were", "has", "have", "had", "been", "be", ","})
_MEASURE = frozenset({kinds.RANGE, kinds.SEVERITY, kinds.ORDINAL})
_ASIDE = 6  # words
_NEAR = 4  # words
_ADVERBS = frozenset({"yet", "been", "be", "so", "quite", "very", "at", "all", "now", "ever", "to"})
_OPENS_ASIDE = frozenset({"without", "absence", "absent", "despite", "lacking"})
_MAIN_CLAUSE = frozenset({"the", "there", "this", "these", "it"})
_ENDS_CELL = frozenset({",", ";", ".", "/", "|", "\n"})
_IN_ASIDE = SMALL | {kinds.POSSIBLE, kinds.PREPOSITION}
_TO_PLACE = SMALL | {kinds.PREPOSITION, kinds.ANAPHOR}  # "in the adjacent cuboid"
_IN_LIST = frozenset(
    {kinds.BONE, kinds.JOIN, kinds.PART, kinds.SIDE, kinds.OTHER, kinds.PREPOSITION}
)
_WINDOW = 40
_HEADS = frozenset({":", "-", "\u2013", "\u2014"})
_BARE_JOINTS = frozenset(
    """
    subtalar talocalcaneal talonavicular calcaneocuboid naviculocuneiform tibiotalar talocrural

    """.split()
)
_AT_THE = (["at", "the"], ["about", "the"], ["across", "the"])
_STOPS = frozenset({":", ",", ")", "]", ";", ".", "(", "[", "*"})


def _first_word(piece: Piece) -> int:
    return piece.first


class Lookahead(Surroundings):
    """What stands around a piece."""

    __slots__ = ()

    def _is_modifier(self, place: int) -> bool:
        """Say whether a joint or region only names a disease: "ankle joint effusion"."""
        here = self.pieces[place]
        if self.words[here.last - 1] in _BARE_JOINTS:
            last = here
            for piece in self.pieces[place + 1 : place + 8]:
                if piece.broad:
                    last = piece
                elif piece.kind is not kinds.JOIN:
                    break
            if self.words[max(0, here.first - 2) : here.first] in _AT_THE:
                return not self._is_last_word(last)  # "edema at the talonavicular, none"
            return self.words[last.last - 1] in _BARE_JOINTS
        noun = self._ahead(NOUN_OF_JOINT, place)
        return noun is not None and (noun.first - here.last <= 1 or not noun.term.cue)

    def _is_shown_next(self, place: int) -> bool:
        """Say whether a finding follows, perhaps behind its verb: "none of which shows edema"."""
        following = self.pieces[place + 1 : place + 2]
        has_verb = bool(following) and following[0].kind is kinds.VERB
        return self._ahead(FINDING, place + has_verb) is not None

    def _ends_after(self, place: int) -> bool:
        """Say whether nothing that a cue could reach stands behind it in its clause."""
        for piece in self.pieces[place + 1 : place + _WINDOW]:
            if piece.kind in NOUNS or piece.kind is kinds.BONE:
                return False
            if piece.kind in (kinds.BREAK, kinds.JOIN, kinds.THERE):
                return True
        return True

    def _is_list_of_bones(self, place: int) -> bool:
        following = self.pieces[place + 1 : place + 2]
        return bool(following) and following[0].kind is kinds.BONE

    def _is_edema_near(self, piece: Piece) -> bool:
        """Say whether an edema is named behind a word: "normalized since it showed edema"."""
        at = bisect_left(self.pieces, piece.last, key=_first_word)
        return self._is_edema_ahead(at - 1)

    def _is_edema_ahead(self, place: int) -> bool:
        return any(piece.kind is kinds.EDEMA for piece in self.pieces[place + 1 : place + _WINDOW])

    def _is_said_to_lie(self, place: int) -> bool:
        """Say whether a verb places what stands before it here: "is confined to the fascia"."""
        before = self.pieces[max(0, place - 2) : place]
        placed = len(before) == 2 and before[1].kind is kinds.PREPOSITION  # noqa: PLR2004
        return placed and before[0].kind is kinds.VERB and before[1].first == before[0].last

    def _opens_list(self, place: int) -> bool:
        """Say whether a colon stands behind a turn: "Not in: calcaneus"."""
        before = self.pieces[place - 1].kind if place else None
        return before in (kinds.NOT_IN, kinds.EXCEPT)

    def _is_row_sign(self, place: int) -> bool:
        """Say whether a dash stands for a verb: "cuboid - no edema"."""
        if not place or self.pieces[place - 1].kind is not kinds.BONE:
            return False
        if self.pieces[place - 1].last != self.pieces[place].first:
            return False
        for piece in self.pieces[place + 1 : place + 4]:
            if piece.kind in SAID_AFTER_VERB or piece.kind is kinds.POSSIBLE:
                return True
            if piece.kind is not kinds.SEVERITY:
                return False
        return False

    def _negation_is_spent(self, place: int) -> bool:
        """Say whether "not" bore on a word we do not know: "which was not fixed, shows"."""
        if not place or self.pieces[place - 1].kind is not kinds.NEGATED:
            return False
        cue = self.pieces[place - 1]
        said = self.words[cue.last - 1]
        auxiliary = self.words[cue.first - (self.words[cue.first] == said)]
        behind = self.words[cue.last : self.pieces[place].first]
        return said in _NOT and auxiliary in _AUXILIARY and len(behind) > 0 and behind[0].isalpha()

    def _is_last_word(self, piece: Piece) -> bool:
        return piece.last >= self.last or self.words[piece.last] in _STOPS

    def _is_told_behind_comma(self, place: int) -> bool:
        """Say whether how the marrow is follows a comma: "present, not edematous"."""
        following = self.pieces[place + 1 : place + 3]
        if len(following) < 2 or self.words[following[0].first] != ",":  # noqa: PLR2004
            return False
        told = following[1]
        if told.kind is kinds.NEGATED:
            return self._ahead(FINDING, place + 2) is not None
        return told.kind in (kinds.NORMAL_MARROW, kinds.EDEMA, kinds.SPARED)

    def _is_place_next(self, place: int) -> bool:
        following = self.pieces[place + 1 : place + 7]
        while following and following[0].kind in _MEASURE:
            del following[0]
        if not following or following[0].kind is not kinds.PREPOSITION:
            return False
        for piece in following:
            if piece.kind is kinds.BONE:
                return True
            if piece.kind not in _TO_PLACE:
                return False
        return False

    def _heads_list(self, place: int) -> bool:
        """Say whether a colon and bones follow: "Resolved since last study: right talus"."""
        is_headed = False
        for piece in self.pieces[place + 1 : place + 5]:
            if self.words[piece.first] in _HEADS:
                is_headed = True
            elif piece.kind is kinds.BONE:
                return is_headed
            elif piece.kind not in SMALL and piece.kind is not kinds.HISTORICAL:
                return False
        return False

    def _is_aside_next(self, place: int) -> bool:
        """Say whether an aside parts a cue from its noun: "I suspect, though not certain, a"."""
        following = self.pieces[place + 1 : place + 3]
        return (
            [piece.kind for piece in following] == [kinds.JOIN, kinds.BREAK]
            and following[1].first == self.pieces[place].last + 1
            and self._is_aside(place + 2)
        )

    def _is_aside(self, place: int) -> bool:
        """Say whether a break stands in an aside that says nothing: ", although included,"."""
        piece = self.pieces[place]
        if self.words[piece.first - 1] != ",":
            return False
        ahead = self.words[piece.last : min(self.last, piece.last + _ASIDE)]
        if "," not in ahead:
            return False
        end = piece.last + ahead.index(",")
        at = place + 1
        while at < len(self.pieces) and self.pieces[at].first < end:
            if self.pieces[at].kind not in _IN_ASIDE:
                return False
            at += 1
        return at < len(self.pieces)

    def _is_of_adjectives(self, piece: Piece) -> bool:
        """Say whether adjectives go on behind a comma: "no appreciable, measurable increase"."""
        words = self.words
        is_no = words[piece.first] == "no" and piece.last - piece.first > 1
        return is_no and words[piece.last : piece.last + 1] == [","]

    def _is_adjective(self, place: int) -> bool:
        """Say whether "resolved" stands before its noun, with no verb of its own."""
        piece = self.pieces[place]
        if piece.value != "resolved" or piece.last - piece.first > 1:
            return False
        before = self.pieces[place - 1].kind if place else None
        return before not in (kinds.VERB, kinds.BONE, kinds.EDEMA, kinds.PART)

    def _is_dated(self, place: int) -> bool:
        """Say whether a date stands at a finding: "bruise of the talus in March"."""
        if not place or self.words[self.pieces[place].first] in ("since", "then"):
            return False
        before = self.pieces[place - 1]
        near = self.pieces[place].first - before.last <= 1
        return near and before.kind in (kinds.EDEMA, kinds.BONE, kinds.PART)

    def _governs_next(self, place: int) -> bool:
        """Say whether "there is" follows at once: "not certain there is"."""
        following = self.pieces[place + 1 : place + 2]
        is_there = bool(following) and following[0].kind is kinds.THERE
        return is_there and self._is_governed(place + 1)

    def _opens_main_clause(self, piece: Piece) -> bool:
        """Say whether a comma ends what a sentence opens with: "Without a fracture, the ..."."""
        words = self.words
        opens = words[self.pieces[0].first] in _OPENS_ASIDE
        if not (opens and words[piece.first] == "," and piece.last < self.last):
            return False
        return words[piece.last] in _MAIN_CLAUSE

    def _is_cell_answer(self, place: int) -> bool:
        """Say whether a sign stands between a bone and the end of its cell: "talus N / ..."."""
        piece = self.pieces[place]
        at = place - 1
        if at > 0 and self.words[self.pieces[at].first] in ":=":
            at -= 1
        if at < 0 or self.pieces[at].kind is not kinds.BONE:
            return False
        follows = self.words[piece.last] if piece.last < self.last else "."
        return self.pieces[place - 1].last == piece.first and follows in _ENDS_CELL

    def _word_behind(self, piece: Piece) -> str:
        """Give the first word behind that is no adverb; "" when there is none near."""
        end = min(self.last, piece.last + _NEAR)
        for word in self.words[piece.last : end]:
            if not (word in _ADVERBS or word.endswith("ly")):
                return word
        return ""
