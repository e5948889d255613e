"""Statements about one bone and side become one finding (tests/data/LABELS.md, section 2)."""

from collections.abc import Iterable

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reading import Certainty, Statement

RANK = {
    Certainty.NEGATED: 0,
    Certainty.HISTORICAL: 1,
    Certainty.POSSIBLE: 2,
    Certainty.AFFIRMED: 3,
}


def fold(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Keep one statement for each bone and side; an addendum replaces what stands before it."""
    kept: dict[tuple[Bone, Laterality], Statement] = {}
    for said in statements:
        key = (said.bone, said.laterality)
        before = kept.get(key)
        if (
            before is None
            or (said.replaces and not before.replaces)
            or (said.replaces == before.replaces and RANK[said.certainty] > RANK[before.certainty])
        ):
            kept[key] = said
    return tuple(sorted(kept.values(), key=lambda s: (s.start, s.bone.value, s.laterality.value)))
