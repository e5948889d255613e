"""
Settles the statements of one text against each other, before precedence.

A later addendum takes the place of an earlier one, and "metatarsal stress reaction" in a summary
speaks of the metatarsals already named.
"""

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader.pieces import ANY_CUNEIFORM, ANY_METATARSAL
from marrowd.core.reading import Certainty, Statement

NAMED_BY = {
    Bone.CUNEIFORM_UNSPECIFIED: ANY_CUNEIFORM,
    Bone.METATARSAL_UNSPECIFIED: ANY_METATARSAL,
}


def settled(statements: list[Statement], blocks: list[int]) -> tuple[Statement, ...]:
    """
    Drop what a later statement of the same text makes void.

    Args:
        statements: in order of appearance.
        blocks: for each statement the number of its paragraph.

    """
    is_last_word = True not in [s.replaces for s in statements]
    if is_last_word and NAMED_BY.keys().isdisjoint([s.bone for s in statements]):
        return tuple(statements)
    last_block: dict[tuple[Bone, Laterality], int] = {}
    for statement, block in zip(statements, blocks, strict=True):
        if statement.replaces:
            last_block[statement.bone, statement.laterality] = block
    named: set[tuple[Bone, Certainty]] = set()
    kept: list[Statement] = []
    for statement, block in zip(statements, blocks, strict=True):
        key = (statement.bone, statement.laterality)
        if statement.replaces and last_block[key] != block:
            continue
        members = NAMED_BY.get(statement.bone)
        said = statement.certainty
        if (
            members is not None
            and said is not Certainty.NEGATED
            and any((bone, said) in named for bone in members)
        ):
            continue
        named.add((statement.bone, said))
        kept.append(statement)
    return tuple(kept)
