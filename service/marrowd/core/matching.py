"""
When two mentions speak of the same bone and side, and what an exam shows.

An unknown side may be either, bilateral is both, and "a metatarsal" may be any of the five: a later
report that is less exact still speaks of the same foot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from marrowd.core.anatomy import Bone, Laterality, Region, is_target
from marrowd.core.verdict import ImagingReport

CUNEIFORMS = frozenset(
    {
        Bone.CUNEIFORM_MEDIAL,
        Bone.CUNEIFORM_INTERMEDIATE,
        Bone.CUNEIFORM_LATERAL,
        Bone.CUNEIFORM_UNSPECIFIED,
    }
)
METATARSALS = frozenset(
    {
        Bone.METATARSAL_1,
        Bone.METATARSAL_2,
        Bone.METATARSAL_3,
        Bone.METATARSAL_4,
        Bone.METATARSAL_5,
        Bone.METATARSAL_UNSPECIFIED,
    }
)
HINDFOOT = frozenset({Bone.TALUS, Bone.CALCANEUS, Bone.NAVICULAR, Bone.CUBOID})

# What an exam shows unless its text says otherwise: this project's own decision (the domain rules).
SHOWN: dict[Region, frozenset[Bone]] = {
    Region.ANKLE: HINDFOOT,
    Region.HINDFOOT: HINDFOOT,
    Region.MIDFOOT: frozenset({Bone.NAVICULAR, Bone.CUBOID}) | CUNEIFORMS,
    Region.FOREFOOT: METATARSALS,
    Region.TOE: METATARSALS,
    Region.FOOT: frozenset(bone for bone in Bone if is_target(bone)),
    Region.HEEL: frozenset(),
}


def _same(bone: Bone) -> frozenset[Bone]:
    for kind, unspecified in (
        (CUNEIFORMS, Bone.CUNEIFORM_UNSPECIFIED),
        (METATARSALS, Bone.METATARSAL_UNSPECIFIED),
    ):
        if bone is unspecified:
            return kind
        if bone in kind:
            return frozenset({bone, unspecified})
    return frozenset({bone})


# For each bone those that a mention of it may mean.
SAME_BONE: dict[Bone, frozenset[Bone]] = {bone: _same(bone) for bone in Bone}

BOTH_SIDES = frozenset({Laterality.LEFT, Laterality.RIGHT})
# Each side as the feet that it is or may be.
FEET: dict[Laterality, frozenset[Laterality]] = {
    Laterality.LEFT: frozenset({Laterality.LEFT}),
    Laterality.RIGHT: frozenset({Laterality.RIGHT}),
    Laterality.BILATERAL: BOTH_SIDES,
    Laterality.UNKNOWN: BOTH_SIDES,
}


@dataclass(slots=True)
class Mentions:
    """The bones and feet that a report, or several, speak of."""

    feet_of: dict[Bone, set[Laterality]] = field(default_factory=dict)

    def add(self, bone: Bone, side: Laterality) -> None:
        """Note a mention of *bone* on *side*."""
        for same in SAME_BONE[bone]:
            self.feet_of.setdefault(same, set()).update(FEET[side])

    def add_normal_marrow(self, report: ImagingReport) -> None:
        """Note every bone that *report* shows on a foot whose marrow it calls normal."""
        if not report.marrow_normal:
            return
        normal = {foot for side in report.marrow_normal for foot in FEET[side]}
        for bone, foot in product(shown_bones(report), normal):
            if shows(report, bone, foot):
                self.feet_of.setdefault(bone, set()).add(foot)

    def joined_with(self, other: "Mentions") -> "Mentions":
        """Give all that these and *other* speak of."""
        if not other.feet_of:
            return self
        feet_of = {bone: set(feet) for bone, feet in self.feet_of.items()}
        for bone, feet in other.feet_of.items():
            feet_of.setdefault(bone, set()).update(feet)
        return Mentions(feet_of)

    def settle(self, bone: Bone, side: Laterality) -> bool:
        """Say whether they speak of *bone* on all of *side*: of both feet, if it is bilateral."""
        feet = self.feet_of.get(bone, set())
        return bool(feet) if side is Laterality.UNKNOWN else FEET[side] <= feet

    def touch(self, bone: Bone, side: Laterality) -> bool:
        """Say whether they speak of *bone* on any foot of *side*."""
        return not FEET[side].isdisjoint(self.feet_of.get(bone, set()))


def mentions_of(findings: Iterable[tuple[Bone, Laterality]]) -> Mentions:
    """Gather *findings* given as bone and side."""
    mentions = Mentions()
    for bone, side in findings:
        mentions.add(bone, side)
    return mentions


def shown_bones(report: ImagingReport) -> frozenset[Bone]:
    """Give the bones that the exam of *report* shows, by the region it was aimed at."""
    return frozenset[Bone]().union(*(SHOWN[region] for region in report.regions))


def shows(report: ImagingReport, bone: Bone, foot: Laterality) -> bool:
    """Say whether the exam shows *bone* of the left or right *foot*, its text not denying it."""
    if bone not in shown_bones(report) or foot not in FEET[report.laterality]:
        return False
    return not any(
        bone in SAME_BONE[excluded] and foot in FEET[side] for excluded, side in report.excluded
    )
