"""
Looks around a finding: whose it is, where it lies, and what it only names.

Every look is bounded, so that a sentence of any length is read in linear time.
"""

from bisect import bisect_left

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.walks import NOUN_OF_DISEASE, SMALL, Walk

_ENDS_PLACE = frozenset(
    {kinds.BONE, kinds.BREAK, kinds.THERE, kinds.NEGATED, kinds.JOIN, kinds.WITH}
)
_BEFORE_SOFT = frozenset(
    {
        kinds.JOIN,
        kinds.SEVERITY,
        kinds.PART,
        kinds.CURRENT,
        kinds.NOTHING,
        kinds.NEGATED,
        kinds.SIDE,
    }
)
_SOFT_REACH = 5
_WINDOW = 40
_ONWARD = frozenset({"extending", "extends", "extension", "into", "crossing", "crosses"})
_AFTER_NORMAL = frozenset(
    """
    and or in on for but with without throughout apart except of as at while whereas bilaterally
    too this these however also now today again when compared allowing although given if then once
    only , other aside marrow signal bone to by from appearance appearances character
    characteristics features aspect at altogether entirely completely
    """.split()
)
_BE = frozenset({"is", "are", "was", "were"})
_DEFINITE = frozenset({"the", "this", "that", "these", "those", "either", "its"})
_SHUNS = frozenset({"escaped", "escapes", "escape", "escaping", "avoided", "avoid", "spared"})
_APART = frozenset({",", ";", "(", "and"})
_INSIDE = frozenset({"in", "within", "at", "throughout"})
_ONES = frozenset({"one", "ones"})
_NO = frozenset({"no", "nothing", "without"})
_OF_MARROW = frozenset(
    {kinds.SEQUENCE, kinds.MARROW, kinds.SIGNAL, kinds.NORMAL, kinds.ANAPHOR, kinds.BONE}
)


def _first_word(piece: Piece) -> int:
    return piece.first


class Surroundings:
    """What stands around a finding."""

    __slots__ = ("last", "pieces", "words")

    words: list[str]
    last: int
    pieces: list[Piece]

    def _ahead(self, walk: Walk, place: int) -> Piece | None:
        """Find what a walk seeks behind a piece; none when anything else comes first."""
        for piece in self.pieces[place + 1 : place + 1 + walk.pieces]:
            if piece.kind in walk.to:
                return piece
            if piece.kind not in walk.past:
                return None
        return None

    def _is_soft(self, place: int) -> bool:  # noqa: C901 -- one case after the other
        """Say whether an edema is of soft tissue: named beside it, as its place or its subject."""
        pieces = self.pieces
        for piece in pieces[place + 1 : place + 8]:
            if piece.kind is kinds.SOFT:
                return True
            if piece.kind in _ENDS_PLACE:
                break
        at = place - 1
        near = True
        while at >= 0 and place - at <= _SOFT_REACH:
            piece = pieces[at]
            if piece.kind is kinds.SOFT:
                adjective = self.words[pieces[place].first] == "edematous"
                return near or adjective or not self._place_follows(pieces[place].last)
            if piece.kind is kinds.BONE and at and pieces[at - 1].kind is kinds.PREPOSITION:
                near = False  # "the plantar plate of the second joint is thick, with edema"
                at -= 1
            elif piece.kind is kinds.VERB or (piece.kind is kinds.WITH and place - at == 1):
                near = False
            elif piece.kind is kinds.ANAPHOR and pieces[at - 1].kind is kinds.WITH:
                near = False  # "with surrounding edema"
                at -= 1
            elif piece.kind is kinds.DISEASE and at and pieces[at - 1].kind is kinds.SOFT:
                near = False
            elif piece.kind not in _BEFORE_SOFT:
                return False
            elif piece.kind is not kinds.JOIN and piece.kind not in SMALL:
                near = False
            at -= 1
        return False

    def _place_follows(self, last: int) -> bool:
        """Say whether a finding that ends at a word names its own bone behind a preposition."""
        placed = False
        at = bisect_left(self.pieces, last, key=_first_word)
        for follower in self.pieces[at : at + _WINDOW]:
            if follower.kind is kinds.PREPOSITION:
                placed = self.words[follower.first] not in _ONWARD
            elif follower.kind is kinds.BONE:
                return placed
            elif follower.kind not in SMALL:
                return False
        return False

    def _is_of_tissue(self, place: int) -> bool:
        """Say whether a word is said of the soft tissue beside it: ", periosteum lifted"."""
        piece = self.pieces[place]
        before = self.pieces[place - 1] if place else None
        if before is None or before.kind is not kinds.SOFT or before.last != piece.first:
            return False
        return piece.last - piece.first == 1 and self.words[before.first - 1] in _APART

    def _is_marrow_next(self, place: int) -> bool:
        """Say whether the adjective belongs to marrow or signal: "normal T2 signal"."""
        at = self.pieces[place].last
        is_noun = self.words[self.pieces[place].first] in _NO  # "no abnormality of the marrow"
        of_bone = False  # "normal talar marrow"
        for piece in self.pieces[place + 1 : place + 6]:
            if piece.kind is kinds.JOIN and at == piece.first:
                at = piece.last  # "normal T2 and STIR signal"
                continue
            if (piece.first - at > 1 or piece.kind not in _OF_MARROW) and not (
                is_noun and piece.kind is kinds.PREPOSITION
            ):
                return False
            if piece.kind in (kinds.MARROW, kinds.SIGNAL):
                near = at == piece.first and self.words[at - 1] != ","
                return piece.value != "low" and (near or not of_bone)
            of_bone = of_bone or piece.kind is kinds.BONE
            at = piece.last
        return False

    def _is_elliptic_there(self, place: int) -> bool:
        """Say whether "there is" has no noun of its own: "but there is in the cuboid"."""
        piece = self.pieces[place]
        if self._is_governed(place):
            return False
        is_placed = False
        at = piece.last
        for follower in self.pieces[place + 1 : place + 7]:
            if follower.first - at > 1 + is_placed:
                return False
            if follower.kind is kinds.BONE:
                return is_placed
            if follower.kind is kinds.PREPOSITION:
                word = self.words[follower.first]
                is_placed = (
                    is_placed or word in _INSIDE or (word == "of" and follower.first == piece.last)
                )
            elif follower.kind not in SMALL and follower.kind is not kinds.JOIN:
                return False
            at = follower.last
        return self.words[piece.first] == "there" and at >= self.last

    def _is_on_fluid(self, place: int) -> bool:
        """Say whether the sequence is one that shows edema: "looks fine on STIR"."""
        following = self.pieces[place + 1 : place + 4]
        placed = bool(following) and following[0].kind is kinds.PREPOSITION
        near = placed and following[0].first == self.pieces[place].last
        return near and any(p.kind is kinds.SEQUENCE and p.value != "t1" for p in following)

    def _is_on_stir(self, place: int) -> bool:
        """Say whether a sequence that shows edema is named behind: "gone on STIR"."""
        following = self.pieces[place + 1 : place + 4]
        return self._is_on_fluid(place) and any(p.value == "fluid" for p in following)

    def _is_complement(self, piece: Piece) -> bool:
        """Say whether an adjective stands alone ("is normal"), not before a noun of its own."""
        words = self.words
        if piece.last >= self.last or words[piece.first - 1] in _BE or words[piece.first] in _BE:
            return True
        if piece.kind is kinds.SPARED and piece.last - piece.first > 1:
            return True  # "took no part in the process"
        at = piece.last + (self.words[piece.last] == "\n")
        following = self.words[at] if at < self.last else "."
        return not following.isalpha() or following in _AFTER_NORMAL

    def _is_shunned_next(self, place: int) -> bool:
        """Say whether an edema is what a bone escaped: "escaped the bruising"."""
        piece = self.pieces[place]
        following = self.pieces[place + 1 : place + 2]
        shuns = self.words[piece.last - 1] in _SHUNS and bool(following)
        return shuns and following[0].kind is kinds.EDEMA and following[0].first - piece.last <= 1

    def _is_mass_next(self, place: int) -> bool:
        """Say whether brightness is of a mass: "a hyperintense ganglion"."""
        noun = self._ahead(NOUN_OF_DISEASE, place)
        near = noun is not None and noun.first - self.pieces[place].last <= _SOFT_REACH
        return near and noun is not None and noun.value == "mass"

    def _is_t1_only(self, place: int) -> bool:
        around = self.pieces[max(0, place - 2) : place + 4]
        sequences = {p.value for p in around if p.kind is kinds.SEQUENCE}
        return sequences == {"t1"}

    def _is_of_ones_next(self, piece: Piece) -> bool:
        """Say whether bones stand for findings behind: "edema around the talar ones"."""
        at = bisect_left(self.pieces, piece.last, key=_first_word)
        for follower in self.pieces[at : at + _SOFT_REACH]:
            if follower.kind is kinds.BONE:
                return follower.last < self.last and self.words[follower.last] in _ONES
            if follower.kind not in (kinds.OVER, kinds.PREPOSITION, kinds.PART):
                return False
        return False

    def _names_finding(self, place: int) -> bool:
        """Say whether bones only place a finding: "around the calcaneal or tibial infarcts"."""
        at = self.pieces[place].last
        if at < self.last and self.words[at] in _ONES:
            return True  # "around the talar ones"
        for piece in self.pieces[place + 1 : place + 6]:
            if piece.first - at > 1:
                return False
            if piece.kind is kinds.DISEASE:
                return True
            if piece.kind not in (kinds.BONE, kinds.JOIN, kinds.PART):
                return False
            at = piece.last
        return False

    def _is_landmark(self, place: int) -> bool:
        """Say whether a finding only tells where another lies: "deep to the lesion"."""
        if not place or self.words[self.pieces[place].first - 1] not in _DEFINITE:
            return False
        before = self.pieces[place - 1]
        near = self.pieces[place].first - before.last <= 2  # noqa: PLR2004
        return near and before.kind in (kinds.OVER, kinds.PREPOSITION)

    def _is_marrow_of_bone_next(self, place: int) -> bool:
        """Say whether "marrow" ends the place of a finding: "edema of the cuboid marrow"."""
        placed = False
        for piece in self.pieces[place + 1 : place + 8]:
            if piece.kind is kinds.MARROW:
                return placed
            if piece.kind is kinds.BONE:
                placed = True
            elif piece.kind not in SMALL and piece.kind not in (
                kinds.PREPOSITION,
                kinds.ANAPHOR,
            ):
                return False
        return False

    def _is_of_disease(self, place: int) -> bool:
        """Say whether a word for marrow only places another finding: "intraosseous abscess"."""
        following = self.pieces[place + 1 : place + 2]
        near = bool(following) and following[0].first - self.pieces[place].last <= 1
        return near and following[0].kind is kinds.DISEASE

    def _is_governed(self, place: int) -> bool:
        """Say whether a cue stands directly before: "not convinced that there is"."""
        if not place:
            return False
        before = self.pieces[place - 1]
        near = self.pieces[place].first - before.last <= 1
        return near and before.kind in (kinds.NEGATED, kinds.POSSIBLE)
