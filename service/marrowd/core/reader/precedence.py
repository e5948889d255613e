"""
Folds statements into findings: one word per bone and side, whichever weighs most.

Precedence is LABELS.md section 2: affirmed, possible, historical, negated; an addendum or
over-read (`replaces`) wins over what stands before it. Pure, and the same for one text as for
several texts of one report joined in order.
"""

from dataclasses import replace
from operator import attrgetter

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reading import Certainty, Statement

_WEIGHT = {
    Certainty.AFFIRMED: 4,
    Certainty.POSSIBLE: 3,
    Certainty.HISTORICAL: 2,
    Certainty.NEGATED: 1,
}
_BOTH = (Laterality.LEFT, Laterality.RIGHT)
_ONE_SIDED = frozenset(_BOTH)
_IN_ORDER = attrgetter("start", "bone", "laterality")


def fold(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """
    Keep the weightiest statement for each bone and side.

    Args:
        statements: of one text in order of appearance, or of several texts joined in order; a
            `replaces` statement wins over those before it for the same bone and a side that may be
            the same.

    Returns:
        Sorted by start, bone, laterality.

    """
    by_bone: dict[Bone, list[Statement]] = {}
    for statement in statements:
        by_bone.setdefault(statement.bone, []).append(statement)
    findings: list[Statement] = []
    for group in by_bone.values():
        findings += _fold_bone(group)
    findings.sort(key=_IN_ORDER)
    return tuple(findings)


def _fold_bone(group: list[Statement]) -> list[Statement]:
    if len(group) == 1:
        return group
    by_side: dict[Laterality, list[Statement]] = {}
    for statement in _split_sides(_without_replaced(group)):
        by_side.setdefault(statement.laterality, []).append(statement)
    return [_weightiest(side) for side in by_side.values()]


def _without_replaced(group: list[Statement]) -> list[Statement]:
    first_new: dict[Laterality, int] = {}
    for place, statement in enumerate(group):
        if statement.replaces:
            first_new.setdefault(statement.laterality, place)
    if not first_new:
        return group
    return [
        statement
        for place, statement in enumerate(group)
        if statement.replaces
        or not any(
            place < new and _may_be_same(statement.laterality, side)
            for side, new in first_new.items()
        )
    ]


def _may_be_same(one: Laterality, other: Laterality) -> bool:
    return one == other or not (one in _ONE_SIDED and other in _ONE_SIDED)


def _split_sides(group: list[Statement]) -> list[Statement]:
    # "both tali" next to "the left talus" speaks of each side; on its own it stays one entry
    sides = {statement.laterality for statement in group}
    if Laterality.BILATERAL not in sides or sides.isdisjoint(_BOTH):
        return group
    split: list[Statement] = []
    for statement in group:
        if statement.laterality is Laterality.BILATERAL:
            split.extend(replace(statement, laterality=side) for side in _BOTH)
        else:
            split.append(statement)
    return split


def _weightiest(side: list[Statement]) -> Statement:
    if len(side) == 1:
        return side[0]
    weight = max([_WEIGHT[statement.certainty] for statement in side])
    winners = [statement for statement in side if _WEIGHT[statement.certainty] == weight]
    first = winners[0]
    if first.severity is None:
        said = next((w.severity for w in winners if w.severity is not None), None)
        if said is not None:
            return replace(first, severity=said)
    return first
