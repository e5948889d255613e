"""Which bones a predicate is said of when it names none itself, and which of its bones count."""

from marrowd.core.anatomy import Bone
from marrowd.core.reader import sayings
from marrowd.core.reader.clause_state import ClauseState
from marrowd.core.reader.pieces import ANY_CUNEIFORM, ANY_METATARSAL, Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.shapes import is_across

_JUST_CALLED = frozenset({sayings.NORMAL, sayings.SPARED})
_ASSOCIATED = frozenset({"associated", "accompanying", "reactive", "underlying", "adjacent"})
_CAN_INHERIT = frozenset({sayings.EDEMA, sayings.SPARED})
_WITHIN = {
    Bone.CUNEIFORM_UNSPECIFIED: ANY_CUNEIFORM,
    Bone.METATARSAL_UNSPECIFIED: ANY_METATARSAL,
}


def joint_meant(clauses: ClauseState, known: Piece | None, spoken: list[str]) -> Piece | None:
    """Give the joint whose two sides a sentence speaks of without saying so again."""
    if clauses.joint is not None and (
        "subchondral" in spoken
        or (
            not (_ASSOCIATED.isdisjoint(spoken) or clauses.mentioned)
            and any(p.strong for p in clauses.predicates)
        )
    ):
        return clauses.joint
    return known if known is not None and is_across(spoken) else None


def inherit_bones(
    predicates: list[Predicate],
    place: int,
    row: list[Piece],
    earlier: list[Piece],
    *,
    near: bool,
    names_later: bool,
    joint: Piece | None,
) -> None:
    """
    Give a predicate without bones those it can only mean.

    In this order: the bone just called intact in the same sentence, the bone left open before
    "but", the bone the line opens with, an edema just named, and the sentence before when the
    wording points back to it or the edema is one of marrow for certain.
    """
    predicate = predicates[place]
    if joint is not None and predicate.said is sayings.EDEMA and not predicate.bones:
        predicate.bones = [joint]
        return
    if predicate.needs_bones or predicate.said not in _CAN_INHERIT:
        is_it = predicate.said is sayings.NORMAL_MARROW and predicate.points_back and near
        is_it = is_it and len(predicates) == 1
        predicate.bones = list(row) or (list(earlier) if is_it and not names_later else [])
        return
    before = next((p for p in reversed(predicates[max(0, place - 3) : place]) if p.bones), None)
    gone = predicate.resolved or predicate.historical
    if before is not None and before.bones and (before.said in _JUST_CALLED or gone):
        predicate.bones = list(before.bones)
    elif predicate.fallback and (
        predicate.negated or predicate.points_back or not predicate.strong
    ):
        predicate.bones = list(predicate.fallback)
        if before is not None and before.possible and not predicate.strong:
            predicate.possible = True  # "possibly bruised, though the signal change ..."
    elif row and not (row[0].broad and before is not None and not before.bones[0].broad):
        predicate.bones = list(row)
    elif before is not None and before.said is sayings.EDEMA and before.bones:
        if not predicate.negated or predicate.points_back:
            predicate.bones = list(before.bones)
    elif _points_back(predicate, near=near) and not names_later:
        predicate.bones = list(earlier)


def _points_back(predicate: Predicate, *, near: bool) -> bool:
    gone = predicate.resolved or (predicate.historical and predicate.denied_after)
    if gone and (predicate.strong or (near and predicate.resolved)):
        return True
    if (predicate.historical and not predicate.points_back) or (
        predicate.is_signal and not (predicate.strong or predicate.negated)
    ):
        return False
    if predicate.points_back:
        return True
    return predicate.strong and near and not predicate.negated


def is_kept(predicate: Predicate, *, contrast: bool, topic: bool) -> bool:
    """Say whether a predicate speaks of marrow at all, or only of a bone."""
    if predicate.said is sayings.NORMAL:
        return contrast
    if predicate.said is sayings.SPARED:
        return contrast or topic or predicate.strong
    return True


def without_broad(bones: list[Piece], opposite: list[Piece]) -> list[Piece]:
    """Drop a region or joint that is followed by the list of bones it stands for."""
    if len(bones) < 2 and not opposite and not (bones and bones[0].broad):  # noqa: PLR2004
        return bones
    for bone, members in _WITHIN.items():
        if any(b in members for piece in bones if not piece.broad for b in piece.bones):
            bones = [piece for piece in bones if piece.bones != (bone,)]
    if not (opposite or any(piece.broad for piece in bones)):
        return bones
    bones = _within_joint(bones)
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
        if excepted and len(piece.bones) > 1:
            piece.bones = tuple(bone for bone in piece.bones if bone not in excepted)
        kept.append(piece)
    return kept


def _within_joint(bones: list[Piece]) -> list[Piece]:
    """Read "the third TMT joint, on the cuneiform side" as that joint's own cuneiform."""
    broad = {bone for piece in bones if piece.broad for bone in piece.bones}
    narrowed: list[Piece] = []
    for piece in bones:
        for bone, members in _WITHIN.items():
            own = tuple(sorted(broad & members))
            if not piece.broad and piece.bones == (bone,) and own:
                piece = piece.only(own)  # noqa: PLW2901
        narrowed.append(piece)
    return narrowed
