"""
Which bones a predicate is said of when it names none itself, and which of its bones count.
"""

from marrowd.core.anatomy import Bone
from marrowd.core.reader.pieces import ANY_CUNEIFORM, ANY_METATARSAL, Piece
from marrowd.core.reader.predicates import Predicate, Said

_WITHIN = {
    Bone.CUNEIFORM_UNSPECIFIED: ANY_CUNEIFORM,
    Bone.METATARSAL_UNSPECIFIED: ANY_METATARSAL,
}


def inherit_bones(
    predicates: list[Predicate], place: int, row: list[Piece], earlier: list[Piece]
) -> None:
    """Give a predicate without bones those it can only mean."""
    predicate = predicates[place]
    if row:
        predicate.bones = list(row)
        return
    if predicate.said not in (Said.EDEMA, Said.SPARED):
        return
    if predicate.fallback and not predicate.strong or (predicate.fallback and predicate.negated):
        predicate.bones = list(predicate.fallback)
        return
    for before in reversed(predicates[:place][-3:]):
        if before.bones and before.said in (Said.EDEMA, Said.NORMAL) and not predicate.negated:
            predicate.bones = list(before.bones)
            return
    is_said = predicate.said is Said.EDEMA and not predicate.negated
    if (predicate.points_back or is_said) and not any(p.bones for p in predicates[place:]):
        predicate.bones = list(earlier)


def is_kept(predicate: Predicate, *, contrast: bool, topic: bool) -> bool:
    """Say whether a predicate speaks of marrow at all, or only of a bone."""
    if predicate.said is Said.NORMAL:
        return contrast
    if predicate.said is Said.SPARED:
        return contrast or topic
    return True


def without_broad(bones: list[Piece], opposite: list[Piece]) -> list[Piece]:
    """Drop a region or joint that is followed by the list of bones it stands for."""
    if not any(piece.broad for piece in bones):
        return bones
    named = [b for piece in bones if not piece.broad for b in piece.bones]
    kept: list[Piece] = []
    excepted = {b for piece in opposite for b in piece.bones}
    for piece in bones:
        if piece.broad:
            within = set(piece.bones)
            for bone in piece.bones:
                within |= _WITHIN.get(bone, frozenset())
            if any(bone in within for bone in named):
                continue
            if excepted:
                rest = tuple(bone for bone in piece.bones if bone not in excepted)
                piece.bones = rest
        kept.append(piece)
    return kept
