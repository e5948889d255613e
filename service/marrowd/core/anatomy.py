"""
Bones, sides and regions of the foot and ankle, and which of them count as a target.

Pure values; the words that name them in a report are vocabulary (`rules/`), not code. Source of the
bone list and of the regions: tests/data/LABELS.md sections 4 and 5.
"""

from enum import StrEnum


class Bone(StrEnum):
    """A bone as the labels name it; `_unspecified` when a report does not say which."""

    TALUS = "talus"
    CALCANEUS = "calcaneus"
    NAVICULAR = "navicular"
    CUBOID = "cuboid"
    CUNEIFORM_MEDIAL = "cuneiform_medial"
    CUNEIFORM_INTERMEDIATE = "cuneiform_intermediate"
    CUNEIFORM_LATERAL = "cuneiform_lateral"
    CUNEIFORM_UNSPECIFIED = "cuneiform_unspecified"
    METATARSAL_1 = "metatarsal_1"
    METATARSAL_2 = "metatarsal_2"
    METATARSAL_3 = "metatarsal_3"
    METATARSAL_4 = "metatarsal_4"
    METATARSAL_5 = "metatarsal_5"
    METATARSAL_UNSPECIFIED = "metatarsal_unspecified"
    DISTAL_TIBIA = "distal_tibia"
    DISTAL_FIBULA = "distal_fibula"
    SESAMOID = "sesamoid"
    PHALANX = "phalanx"
    OTHER = "other"


class Laterality(StrEnum):
    """The side of a finding, relative to the patient."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"
    UNKNOWN = "unknown"


class Region(StrEnum):
    """The part of the body an exam was aimed at, as far as the service cares."""

    ANKLE = "ankle"
    HINDFOOT = "hindfoot"
    MIDFOOT = "midfoot"
    FOREFOOT = "forefoot"
    TOE = "toe"
    FOOT = "foot"
    HEEL = "heel"


# Reported but never counted (the domain rules, "Target bones").
NOT_TARGET = frozenset(
    {Bone.DISTAL_TIBIA, Bone.DISTAL_FIBULA, Bone.SESAMOID, Bone.PHALANX, Bone.OTHER}
)


def is_target(bone: Bone) -> bool:
    """Say whether marrow edema of *bone* counts for the verdict."""
    return bone not in NOT_TARGET
