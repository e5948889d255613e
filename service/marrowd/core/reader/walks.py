"""
The look ahead, as data: what is sought, past what, and how far.

Most questions a step asks of the words behind a piece are one walk: is the next thing that matters
one of these kinds? A wording that such a question is blind to is a kind in the right set below.
Brackets in the examples hold what is passed over.
"""

from dataclasses import dataclass
from typing import final

from marrowd.core.reader import kinds
from marrowd.core.reader.vocabulary import Kind


@final
@dataclass(frozen=True, slots=True)
class Walk:
    """The first piece of a kind in `to`, within so many `pieces`, past none but those of `past`."""

    to: frozenset[Kind]
    past: frozenset[Kind]
    pieces: int


# how much, which part, which side, still: they stand between any two words that belong together
SMALL = frozenset(
    {kinds.PART, kinds.SIDE, kinds.SEVERITY, kinds.ORDINAL, kinds.NOTHING, kinds.CURRENT}
)
FINDINGS = frozenset({kinds.EDEMA, kinds.HIGH, kinds.MARROW, kinds.SIGNAL, kinds.NORMAL_MARROW})
NOUNS = FINDINGS | {kinds.DISEASE, kinds.SOFT, kinds.DITTO, kinds.ARTIFACT, kinds.NORMAL}
SAID_AFTER_VERB = frozenset(
    {
        kinds.NORMAL,
        kinds.NORMAL_MARROW,
        kinds.SPARED,
        kinds.EDEMA,
        kinds.HIGH,
        kinds.NEGATED,
        kinds.DITTO,
    }
)
MORE = frozenset(
    {kinds.NORMAL_MARROW, kinds.DISEASE, kinds.SPARED}
    | {kinds.NORMAL, kinds.NEGATED, kinds.HISTORICAL}
)

FINDING = Walk(FINDINGS | {kinds.DITTO}, SMALL | {kinds.SEQUENCE, kinds.ANAPHOR}, 5)
""""no [appreciable T2] edema"."""
FINDING_OF_BONES = Walk(
    frozenset({kinds.EDEMA, kinds.MARROW, kinds.SIGNAL}),
    SMALL | {kinds.BONE, kinds.JOIN, kinds.ANAPHOR},
    7,
)
""""healed [talar and navicular] edema"."""
FINDING_SHOWN = Walk(frozenset({kinds.EDEMA, kinds.HIGH}), SMALL | {kinds.VERB}, 4)
""""no longer [shows much] edema"."""
SAID_IN_FULL = Walk(FINDINGS | MORE, SMALL | {kinds.VERB}, 3)
""""likewise [shows] no fracture": the rest is said in full."""
DISEASE = Walk(frozenset({kinds.DISEASE}), SMALL | {kinds.RANGE}, 3)
""""unlikely to be infective"."""
NOUN_OF_DISEASE = Walk(frozenset({kinds.DISEASE}), SMALL, 3)
""""a bright [dorsal] ganglion"."""
NOUN_OF_JOINT = Walk(frozenset({kinds.DISEASE, kinds.SOFT}), SMALL, 3)
""""ankle [joint] effusion"."""
BONE_OF_LIST = Walk(frozenset({kinds.BONE}), SMALL | {kinds.JOIN, kinds.PREPOSITION}, 4)
""""[and in] the cuboid"."""
BONE_OF_PLACE = Walk(frozenset({kinds.BONE}), SMALL | {kinds.PREPOSITION}, 4)
""""is in [the head of] the navicular"."""
