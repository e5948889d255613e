"""
Finds the bones that a sentence points at without naming them.

"either bone", "the two bones forming it", "its counterpart on the left", and "the cyst" whose bone
was named when it was first spoken of. Every look back is bounded.
"""

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.sides import OPPOSITE

_REACH = 24
_FEW = 3
_POINTERS = frozenset({"bones", "joint", "counterpart", "latter", "former"})
_OF_TWO = {"latter": slice(-1, None), "former": slice(0, 1)}
_MAY_POINT = frozenset({kinds.SIDE, kinds.ANAPHOR, kinds.NEGATED})
_ONE_SIDED = frozenset({"left", "right"})
_NAMED_BY_SIDE = frozenset(
    {kinds.BONE, kinds.PART, kinds.ORDINAL, kinds.REGION, kinds.SOFT, kinds.DISEASE}
)
_BE = frozenset({"is", "are", "was", "were"})
_BESIDE = 5
_DEFINITE = frozenset({"the", "this", "that", "these", "those", "said", "either", "both", "its"})
_PLACE = frozenset(
    {kinds.PREPOSITION, kinds.PART, kinds.SIDE, kinds.ORDINAL, kinds.SEVERITY, kinds.JOIN}
)


def with_antecedents(
    words: list[str], pieces: list[Piece], earlier: list[Piece], joint: Piece | None
) -> list[Piece]:
    """Write the bones that *pieces* point at into them, each on the side it has."""
    for piece in pieces:
        if piece.kind in _MAY_POINT and (piece.kind is kinds.SIDE or _points(words, piece)):
            break
    else:
        return pieces
    written: list[Piece] = []
    for place, piece in enumerate(pieces):
        written.append(piece)
        if piece.kind is kinds.SIDE and _stands_for_bones(words, pieces, place):
            before = [p for p in pieces[max(0, place - _REACH) : place] if p.kind is kinds.BONE]
            is_again = pieces[place - 1].kind is not kinds.NORMAL_MARROW if place else True
            for bone in (before or (earlier if is_again else []))[-_FEW:]:
                written.append(_at(piece, bone))
                written[-1].side = Laterality(piece.value)
            continue
        if not _points(words, piece) or _names_its_own(pieces, place):
            continue
        before = [p for p in pieces[max(0, place - _REACH) : place] if p.kind is kinds.BONE]
        if piece.value == "counterpart":
            meant = _on_the_other_side(pieces, place, before or earlier)
        elif piece.value in _OF_TWO:
            single = [p.only((bone,)) for p in before or earlier for bone in p.bones]
            meant = single[_OF_TWO[piece.value]]
        elif piece.value == "joint":
            broad = [p for p in before if p.broad]
            meant = broad[-1:] or ([joint] if joint is not None else [])
        else:
            narrow = [p for p in before if not p.broad] or before
            meant = narrow or earlier or ([joint] if joint is not None else [])
        written += [_at(piece, bone) for bone in meant]
    return written


def _stands_for_bones(words: list[str], pieces: list[Piece], place: int) -> bool:
    """Say whether a side stands for a bone: "the left is edematous", "none on the left"."""
    piece = pieces[place]
    if piece.value not in _ONE_SIDED:
        return False
    following = pieces[place + 1 : place + 2]
    ends = not following or following[0].kind not in _NAMED_BY_SIDE
    if place and pieces[place - 1].last == piece.first and piece.last - piece.first > 1:
        before = pieces[place - 1]
        return ends and (
            before.kind is kinds.NORMAL_MARROW
            or (before.kind is kinds.ANSWER and before.value == "no")
        )
    is_subject = bool(following) and (
        following[0].kind is kinds.VERB or words[following[0].first] in _BE
    )
    near = is_subject and following[0].first == piece.last and words[piece.last] != ":"
    return near and words[piece.first - 1] == "the"


def _points(words: list[str], piece: Piece) -> bool:
    if piece.kind is kinds.ANAPHOR:
        return piece.value in _POINTERS
    is_neither = piece.kind is kinds.NEGATED and words[piece.last - 1] == "neither"
    return is_neither and words[piece.last : piece.last + 1] == ["bone"]


def _names_its_own(pieces: list[Piece], place: int) -> bool:
    """Say whether bones follow, "both bones of the first MTP joint", or none are needed."""
    piece = pieces[place]
    if piece.value == "counterpart":
        return False
    is_one = piece.value in _OF_TWO
    behind = pieces[place + 1 : place + 4]
    if not is_one and any(follower.kind is kinds.HISTORICAL for follower in behind):
        return True  # "both of these have resolved" bears on what was said of them
    at = piece.last
    for follower in pieces[place + 1 : place + 4]:
        if follower.kind is kinds.BONE:
            return follower.first - at <= 1
        if follower.kind not in _PLACE or follower.kind is kinds.JOIN:
            return False
        at = follower.last
    return False


def _at(piece: Piece, bone: Piece) -> Piece:
    copy = Piece(bone.term, piece.last - 1, piece.last).as_bones(bone.bones)
    copy.side = bone.side
    return copy


def _on_the_other_side(pieces: list[Piece], place: int, bones: list[Piece]) -> list[Piece]:
    following = pieces[place + 1 : place + 4]
    if any(p.kind is kinds.BONE for p in following[:3]):
        return []
    named = next((Laterality(p.value) for p in following if p.kind is kinds.SIDE), None)
    turned: list[Piece] = []
    for bone in bones[-1:]:
        copy = bone.only(bone.bones)
        copy.side = named or (OPPOSITE.get(bone.side) if bone.side is not None else None)
        turned.append(copy)
    return turned


class Homes:
    """The bones in which findings were said to lie: "a cyst in the cuboid", then "the cyst"."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._of: dict[str, list[Piece]] = {}

    def forget(self) -> None:
        """Forget them: a new section opens."""
        self._of = {}

    def remember(self, pieces: list[Piece], row: list[Piece]) -> None:
        """Note the bone of every finding of a sentence that has one."""
        named = [piece for piece in pieces if piece.kind is kinds.BONE and not piece.broad]
        for place, piece in enumerate(pieces):
            if piece.kind is kinds.DISEASE:
                home = _place_of(pieces, place) or (named if len(named) == 1 else []) or row
                if home:
                    self._of[self._words[piece.last - 1]] = home

    def of(self, pieces: list[Piece]) -> list[Piece]:
        """Give the bone of the finding that a sentence names again, and of no other."""
        if not self._of:
            return []
        for piece in pieces:
            if piece.kind is kinds.BONE and not piece.broad:
                return []
            if piece.kind is kinds.DISEASE and self._words[piece.first - 1] in _DEFINITE:
                return self._of.get(self._words[piece.last - 1], [])
        return []


def _place_of(pieces: list[Piece], place: int) -> list[Piece]:
    finding = pieces[place]
    if place and pieces[place - 1].kind is kinds.BONE and pieces[place - 1].last == finding.first:
        return pieces[place - 1 : place]
    for follower in pieces[place + 1 : place + _BESIDE]:
        if follower.kind is kinds.BONE:
            return [] if follower.broad else [follower]
        if follower.kind not in _PLACE:
            break
    return []
