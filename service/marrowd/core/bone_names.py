"""
Bones and sides in words, and in ever shorter words where a line has little room.

A card's summary is built to fit and never cut (rules.md section 4), so `spellings` gives the same
bones in several lengths: named one by one, as groups, counted, and as the foot alone.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from marrowd.core.anatomy import Bone, Laterality

Place = tuple[Bone, Laterality]

_ORDER: Final = {bone: index for index, bone in enumerate(Bone)}
_SIDES: Final = {side: index for index, side in enumerate(Laterality)}
_NAMES: Final = {
    Bone.TALUS: "talus",
    Bone.CALCANEUS: "calcaneus",
    Bone.NAVICULAR: "navicular",
    Bone.CUBOID: "cuboid",
    Bone.CUNEIFORM_MEDIAL: "medial cuneiform",
    Bone.CUNEIFORM_INTERMEDIATE: "intermediate cuneiform",
    Bone.CUNEIFORM_LATERAL: "lateral cuneiform",
    Bone.CUNEIFORM_UNSPECIFIED: "cuneiform (which one not stated)",
    Bone.METATARSAL_1: "metatarsal 1",
    Bone.METATARSAL_2: "metatarsal 2",
    Bone.METATARSAL_3: "metatarsal 3",
    Bone.METATARSAL_4: "metatarsal 4",
    Bone.METATARSAL_5: "metatarsal 5",
    Bone.METATARSAL_UNSPECIFIED: "metatarsal (which one not stated)",
    Bone.DISTAL_TIBIA: "distal tibia",
    Bone.DISTAL_FIBULA: "distal fibula",
    Bone.SESAMOID: "sesamoid",
    Bone.PHALANX: "phalanx",
    Bone.OTHER: "other bone",
}
_CUNEIFORMS: Final = {
    Bone.CUNEIFORM_MEDIAL: "medial",
    Bone.CUNEIFORM_INTERMEDIATE: "intermediate",
    Bone.CUNEIFORM_LATERAL: "lateral",
}
_METATARSALS: Final = {
    Bone.METATARSAL_1: 1,
    Bone.METATARSAL_2: 2,
    Bone.METATARSAL_3: 3,
    Bone.METATARSAL_4: 4,
    Bone.METATARSAL_5: 5,
}


def place_name(bone: Bone, side: Laterality) -> str:
    """Name one bone with its side in full, as the detail of a card does."""
    name = _NAMES[bone]
    return f"{name} (side not stated)" if side is Laterality.UNKNOWN else f"{side} {name}"


def in_order(places: Iterable[Place]) -> list[Place]:
    """Sort *places* from hindfoot to toe, left before right, each once."""
    return sorted(set(places), key=lambda place: (_ORDER[place[0]], _SIDES[place[1]]))


def spellings(places: Iterable[Place]) -> Iterator[str]:
    """
    Give the same bones in words, each spelling about as long as the one before or shorter.

    Lazy: the first one fits nearly always. The last is "foot" or "both feet"; never empty.
    """
    by_side = _by_side(places)
    if by_side:
        yield _joined(by_side, _grouped)
        yield _joined(by_side, _kinds)
        yield _counted(by_side)
    yield "both feet" if _is_both(by_side) else "foot"


def _by_side(places: Iterable[Place]) -> dict[Laterality, list[Bone]]:
    """Group by side; a bone affected on the left and on the right is a bilateral one."""
    sides: dict[Bone, set[Laterality]] = {}
    for bone, side in places:
        sides.setdefault(bone, set()).add(side)
    grouped: dict[Laterality, list[Bone]] = {}
    for bone in sorted(sides, key=_ORDER.__getitem__):
        found = sides[bone]
        if Laterality.BILATERAL in found or {Laterality.LEFT, Laterality.RIGHT} <= found:
            found = {Laterality.BILATERAL}
        for side in found:
            grouped.setdefault(side, []).append(bone)
    return {side: grouped[side] for side in _SIDES if side in grouped}


def _sided(side: Laterality, names: str) -> str:
    return f"{names} (side not stated)" if side is Laterality.UNKNOWN else f"{side} {names}"


def _joined(
    by_side: dict[Laterality, list[Bone]], names: Callable[[list[Bone]], Iterator[str]]
) -> str:
    return " and ".join(_sided(side, ", ".join(names(bones))) for side, bones in by_side.items())


def _counted(by_side: dict[Laterality, list[Bone]]) -> str:
    count = sum(len(_distinct(bones)) for bones in by_side.values())
    noun = "foot bone" if count == 1 else "foot bones"
    sides = [side for side in by_side if side is not Laterality.UNKNOWN]
    return f"{count} {sides[0]} {noun}" if len(by_side) == len(sides) == 1 else f"{count} {noun}"


def _distinct(bones: list[Bone]) -> list[Bone]:
    """Leave out "some cuneiform" beside one that is named: it may be the same bone."""
    kinds = {bone.partition("_")[0] for bone in bones if not bone.endswith("_unspecified")}
    return [
        bone
        for bone in bones
        if not (bone.endswith("_unspecified") and bone.partition("_")[0] in kinds)
    ]


def _is_both(by_side: dict[Laterality, list[Bone]]) -> bool:
    return Laterality.BILATERAL in by_side or {Laterality.LEFT, Laterality.RIGHT} <= set(by_side)


def _grouped(bones: list[Bone]) -> Iterator[str]:
    """Name bones one by one, cuneiforms and metatarsals each as one group."""
    for bone in bones:
        if not bone.startswith(("cuneiform", "metatarsal")):
            yield _NAMES[bone]
    adjectives = [_CUNEIFORMS[bone] for bone in bones if bone in _CUNEIFORMS]
    if len(adjectives) == len(_CUNEIFORMS):
        yield "cuneiforms (all)"
    elif adjectives:
        yield f"{' and '.join(adjectives)} {'cuneiform' if len(adjectives) == 1 else 'cuneiforms'}"
    elif Bone.CUNEIFORM_UNSPECIFIED in bones:
        yield "cuneiform"
    numbers = [_METATARSALS[bone] for bone in bones if bone in _METATARSALS]
    if numbers:
        yield f"{'metatarsal' if len(numbers) == 1 else 'metatarsals'} {_ranges(numbers)}"
    elif Bone.METATARSAL_UNSPECIFIED in bones:
        yield "metatarsal"


def _ranges(numbers: list[int]) -> str:
    """Join sorted *numbers*, three or more in a row as a range: `1-3 and 5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(number) for number in run]  # noqa: PLR2004 - two in a row are no range
    return " and ".join(words)


def _kinds(bones: list[Bone]) -> Iterator[str]:
    """Name bones with all cuneiforms, and all metatarsals, as one word each."""
    for bone in bones:
        if not bone.startswith(("cuneiform", "metatarsal")):
            yield _NAMES[bone]
    for kind in ("cuneiform", "metatarsal"):
        count = sum(bone.startswith(kind) for bone in bones)
        if count:
            yield kind if count == 1 else f"{kind}s"
