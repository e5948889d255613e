"""
Gives every bone of a sentence its side: the word beside it, else what the sentence says at large.

Sides from outside the sentence (heading, exam line, the rest of the report) come from
`report_side`.
Source: LABELS.md section 6.
"""

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Kind

OPPOSITE = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}
_SIDES = {side.value: side for side in Laterality}
_WEAK = frozenset(
    {kinds.PART, kinds.ORDINAL, kinds.SEVERITY, kinds.EDEMA, kinds.MARROW, kinds.DISEASE}
)
_ONE_A_FOOT = frozenset({"talus", "calcaneus", "navicular", "cuboid"})
_PLURALS = frozenset(
    """
    tali taluses calcanei naviculars naviculae cuboids tibias tibiae fibulas fibulae
    """.split()
)
_BONES = ["bones"]
_NAMES_PART = frozenset({"sustentaculum", "sustentaculm", "trochlea"})  # "sustentaculum tali"
_OF_ONE_FOOT = frozenset({"on", "either", "each"})
_EVEN = frozenset({"symmetric", "symmetrical"})
_FINDING = frozenset({kinds.EDEMA, kinds.HIGH, kinds.MARROW})
_BEFORE_PLACE = frozenset({kinds.JOIN, kinds.PART, kinds.SEVERITY, kinds.ORDINAL})
_NEAR = 6  # pieces
_ENDS = frozenset({kinds.BREAK, kinds.VERB, kinds.THERE})


def is_one_a_foot(words: list[str], piece: Piece) -> bool:
    """Say whether a bone is one that each foot has one of, so that "both" is of both feet."""
    return piece.value in _ONE_A_FOOT or words[piece.last - 1] in _PLURALS


def take_sides(words: list[str], named: list[Piece]) -> None:
    """Take "both" for two places of the one foot shown, unless a foot has only one: "both tali"."""
    for piece in named:
        if words[piece.last - 1] not in _PLURALS and words[piece.last : piece.last + 1] != _BONES:
            piece.side = None


def give_plurals(words: list[str], named: list[Piece]) -> None:
    """Give both sides to bones in the plural that have none: "the calcanei are normal"."""
    for piece in named:
        if piece.side is None and words[piece.last - 1] in _PLURALS:
            is_part = words[piece.last - 2] in _NAMES_PART
            piece.side = None if is_part else Laterality.BILATERAL


def give_sides(  # noqa: C901, PLR0912 -- one case after the other
    words: list[str], pieces: list[Piece], outside: Laterality, *, is_one_sided: bool
) -> None:
    """Set `side` of every bone piece that the sentence itself gives one."""
    carried: Laterality | None = None
    at_large: Laterality | None = None
    waiting: list[Piece] = []
    last = outside
    for place, piece in enumerate(pieces):
        if piece.kind is kinds.SIDE:
            side = _side_of(piece, last)
            if side is None:
                continue
            is_both = side is Laterality.BILATERAL and is_one_sided
            if is_both and words[piece.first] in _OF_ONE_FOOT:
                continue  # both sides of something else: the exam is of one foot
            follower = _follower(pieces, place)
            if words[piece.first] in _EVEN and not (
                place + 1 < len(pieces)
                and pieces[place + 1].kind in _FINDING
                and pieces[place + 1].first == piece.last
            ):
                continue
            if follower is kinds.BONE:
                carried = side
            elif follower is kinds.REGION:
                for bone in waiting:
                    bone.side = at_large or side
                waiting = []
                at_large = side
            else:
                for bone in waiting:
                    bone.side = side
                if carried is not None and not waiting and _has_place(pieces, place):
                    carried = side  # "in the right talus and, on the left, in the cuboid"
                waiting = []
                at_large = side if carried is None else at_large
            last = side
        elif piece.kind is kinds.BONE:
            if piece.side is not None:
                continue
            if carried is not None:
                piece.side = carried
            else:
                waiting.append(piece)
        elif piece.kind in _ENDS:
            if piece.kind is kinds.BREAK:
                if at_large is not None:
                    for bone in waiting:
                        bone.side = at_large
                waiting = []
                at_large = None
            carried = None
    if at_large is not None:
        for bone in waiting:
            bone.side = at_large


def _has_place(pieces: list[Piece], place: int) -> bool:
    """Say whether a place of its own stands behind a side: "on the left at the fourth"."""
    placed = False
    for piece in pieces[place + 1 : place + _NEAR]:
        if piece.kind is kinds.BONE:
            return placed
        if piece.kind is kinds.PREPOSITION:
            placed = True
        elif piece.kind not in _BEFORE_PLACE:
            return False
    return False


def _side_of(piece: Piece, last: Laterality) -> Laterality | None:
    if piece.value == "opposite":
        return OPPOSITE.get(last)
    return _SIDES[piece.value]


def _follower(pieces: list[Piece], place: int) -> Kind | None:
    """Find what a side belongs to: the bone or region that follows it directly."""
    side = pieces[place]
    if side.last - side.first > 1 and side.value != "bilateral":
        return None
    at = place + 1
    last = side.last
    while at < len(pieces) and pieces[at].first - last <= 1 and at - place <= 4:  # noqa: PLR2004
        kind = pieces[at].kind
        if kind in (kinds.BONE, kinds.REGION):
            return kind
        if kind not in _WEAK:
            return None
        last = pieces[at].last
        at += 1
    return None
