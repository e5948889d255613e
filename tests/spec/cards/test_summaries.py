"""Card summaries: the finding in one sentence that fits (rules.md section 4, "summary")."""

import pytest
from tests.support.verdicts import INSUFFICIENT, finding, level, report, result, verdict

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.card_summary import MAX_SUMMARY, summary
from marrowd.core.facts import Unit
from marrowd.core.reading import Certainty, Cue
from marrowd.core.verdict import VerdictKind

L, R, BOTH, UNKNOWN = Laterality.LEFT, Laterality.RIGHT, Laterality.BILATERAL, Laterality.UNKNOWN
MT = [Bone(f"metatarsal_{number}") for number in range(1, 6)]
CUNEIFORMS = [Bone.CUNEIFORM_MEDIAL, Bone.CUNEIFORM_INTERMEDIATE, Bone.CUNEIFORM_LATERAL]
EVERY_TARGET = list(Bone)[:14]
FIVE_CUES = (Cue.STRESS_FRACTURE, Cue.FRACTURE, Cue.OSTEONECROSIS, Cue.NEOPLASM, Cue.INFECTION)
FIVE_NAMED = (
    "; report also names infection and neoplasm and osteonecrosis and fracture and stress fracture"
)


def places(*found: tuple[Bone, Laterality], certainty=Certainty.AFFIRMED, cues=()):
    return report(*(finding(bone, side, certainty) for bone, side in found), cues=cues)


BONES = [
    pytest.param([(Bone.TALUS, L), (Bone.CUBOID, L)], "left talus, cuboid", id="one side"),
    pytest.param([(Bone.CUBOID, L), (Bone.TALUS, L)], "left talus, cuboid", id="any order"),
    pytest.param([(Bone.TALUS, R), (Bone.TALUS, L)], "bilateral talus", id="both sides of a bone"),
    pytest.param([(Bone.TALUS, BOTH)], "bilateral talus", id="bilateral as such"),
    pytest.param(
        [(Bone.TALUS, BOTH), (Bone.TALUS, L)], "bilateral talus", id="bilateral covers the left"
    ),
    pytest.param(
        [(Bone.TALUS, L), (Bone.CUBOID, R)], "left talus and right cuboid", id="a bone each side"
    ),
    pytest.param(
        [(Bone.TALUS, L), (Bone.CUBOID, BOTH)],
        "left talus and bilateral cuboid",
        id="one side beside both",
    ),
    pytest.param([(Bone.TALUS, UNKNOWN)], "talus (side not stated)", id="unknown side"),
    pytest.param(
        [(bone, L) for bone in CUNEIFORMS], "left cuneiforms (all)", id="three cuneiforms"
    ),
    pytest.param([(CUNEIFORMS[2], L)], "left lateral cuneiform", id="one cuneiform"),
    pytest.param(
        [(CUNEIFORMS[0], L), (CUNEIFORMS[2], L)],
        "left medial and lateral cuneiforms",
        id="two cuneiforms",
    ),
    pytest.param([(Bone.CUNEIFORM_UNSPECIFIED, L)], "left cuneiform", id="some cuneiform"),
    pytest.param([(MT[2], L)], "left metatarsal 3", id="one metatarsal"),
    pytest.param([(MT[1], L), (MT[2], L)], "left metatarsals 2 and 3", id="two metatarsals"),
    pytest.param(
        [(MT[0], L), (MT[1], L), (MT[2], L), (MT[4], L)],
        "left metatarsals 1-3 and 5",
        id="a range of metatarsals",
    ),
    pytest.param([(Bone.METATARSAL_UNSPECIFIED, L)], "left metatarsal", id="some metatarsal"),
    pytest.param(
        [(bone, BOTH) for bone in EVERY_TARGET],
        "bilateral talus, calcaneus, navicular, cuboid, cuneiforms (all), metatarsals 1-5",
        id="every target bone",
    ),
]


@pytest.mark.parametrize(("found", "words"), BONES)
def test_bones_are_grouped_by_side_and_kind(found, words):
    """Bones of one side stand together, cuneiforms and metatarsals as groups."""
    card = summary(verdict(report=places(*found)))

    assert card == f"Low 25(OH)D 14 ng/mL and MRI marrow edema in {words}"


LEVELS = [
    pytest.param(level("14"), "14 ng/mL", id="whole number"),
    pytest.param(level("14.0"), "14.0 ng/mL", id="digits as reported"),
    pytest.param(level("4", comparator="<"), "<4 ng/mL", id="below what the assay sees"),
    pytest.param(level("35", Unit.NMOL_L), "35 nmol/L", id="nmol/L"),
    pytest.param(level("1.4E+1"), "14 ng/mL", id="exponent"),
    pytest.param(level("19.99999999"), "19.99 ng/mL", id="never rounded up to the cut-off"),
]


@pytest.mark.parametrize(("governing", "words"), LEVELS)
def test_the_level_stands_as_reported(governing, words):
    """The result keeps its comparator and unit; long decimals are shortened, never upward."""
    card = summary(verdict(governing=governing))

    assert card == f"Low 25(OH)D {words} and MRI marrow edema in left talus"


KINDS = [
    pytest.param(
        verdict(governing=level("24", vitamin_d_class=INSUFFICIENT), severity=INSUFFICIENT),
        "Low 25(OH)D 24 ng/mL and MRI marrow edema in left talus",
        id="association, insufficient",
    ),
    pytest.param(
        verdict(VerdictKind.POSSIBLE_ASSOCIATION),
        "Low 25(OH)D 14 ng/mL and possible MRI marrow edema in left talus",
        id="possible association",
    ),
    pytest.param(
        verdict(VerdictKind.VITAMIN_D_MISSING),
        "MRI marrow edema in left talus; no recent 25(OH)D result",
        id="missing",
    ),
    pytest.param(
        verdict(VerdictKind.VITAMIN_D_MISSING, older=level("18", day="2024-03-02")),
        "MRI marrow edema in left talus; no recent 25(OH)D result (last 18 ng/mL, 2024-03-02)",
        id="missing, an older result named",
    ),
    pytest.param(
        verdict(VerdictKind.VITAMIN_D_INDETERMINATE),
        "MRI marrow edema in left talus; 25(OH)D result cannot be classified",
        id="indeterminate",
    ),
    pytest.param(
        verdict(VerdictKind.REPORT_UNREADABLE),
        "Low 25(OH)D 14 ng/mL; foot or ankle MRI report of 2026-02-01 could not be read",
        id="unreadable",
    ),
    pytest.param(
        verdict(VerdictKind.REPORT_UNREADABLE, report=report(unreadable="date", day=None)),
        "Low 25(OH)D 14 ng/mL; foot or ankle MRI report could not be read",
        id="unreadable date",
    ),
    pytest.param(
        verdict(VerdictKind.CONSIDER_MRI),
        "Low 25(OH)D 14 ng/mL and foot or ankle pain of 12 weeks or more: "
        "consider MRI if not already explained",
        id="consider MRI",
    ),
]


@pytest.mark.parametrize(("given", "words"), KINDS)
def test_each_verdict_says_what_was_found(given, words):
    """The finding and not the software; the doubt is part of the sentence."""
    assert summary(given) == words


CUES = [
    pytest.param((Cue.INFECTION,), "infection", id="infection"),
    pytest.param((Cue.NEOPLASM, Cue.INFECTION), "infection and neoplasm", id="fixed order"),
    pytest.param((Cue.OSTEONECROSIS,), "osteonecrosis", id="osteonecrosis"),
    pytest.param((Cue.FRACTURE,), "fracture", id="fracture"),
    pytest.param((Cue.STRESS_FRACTURE,), "stress fracture", id="blank for underscore"),
    pytest.param(
        (Cue.STRESS_FRACTURE, Cue.FRACTURE), "fracture and stress fracture", id="stress is last"
    ),
]


@pytest.mark.parametrize(("cues", "named"), CUES)
def test_other_explanations_end_the_summary(cues, named):
    """With a cue for another explanation the summary ends by naming it."""
    card = summary(verdict(report=report(finding(), cues=cues)))

    assert card == (
        "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus; report also names " + named
    )


@pytest.mark.parametrize("cue", [Cue.TRAUMA, Cue.DEGENERATIVE, Cue.CRPS, Cue.COALITION])
def test_other_cues_leave_the_summary_alone(cue):
    card = summary(verdict(report=report(finding(), cues=(cue,))))

    assert card == "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus"


@pytest.mark.parametrize(
    ("cues", "words"),
    [
        pytest.param(
            (Cue.INFECTION,),
            "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus, calcaneus, navicular, "
            "cuboid, cuneiforms, metatarsals; report also names infection",
            id="kinds instead of bones",
        ),
        pytest.param(
            (Cue.INFECTION, Cue.NEOPLASM, Cue.OSTEONECROSIS),
            "Low 25(OH)D 14 ng/mL and MRI marrow edema in 12 left foot bones"
            "; report also names infection and neoplasm and osteonecrosis",
            id="a count instead of kinds",
        ),
        pytest.param(
            FIVE_CUES, f"Low 25(OH)D 14 ng/mL, MRI marrow edema in foot{FIVE_NAMED}", id="the foot"
        ),
    ],
)
def test_many_bones_give_way_to_other_explanations(cues, words):
    """Built to fit, never cut: bones are grouped, then counted, before anything is left out."""
    card = summary(verdict(report=places(*((bone, L) for bone in EVERY_TARGET), cues=cues)))

    assert card == words
    assert len(card) <= MAX_SUMMARY


@pytest.mark.parametrize(
    "found", [[(bone, BOTH) for bone in EVERY_TARGET], [(Bone.TALUS, UNKNOWN)]]
)
@pytest.mark.parametrize(
    "kind",
    [
        VerdictKind.ASSOCIATION,
        VerdictKind.POSSIBLE_ASSOCIATION,
        VerdictKind.VITAMIN_D_MISSING,
        VerdictKind.VITAMIN_D_INDETERMINATE,
        VerdictKind.REPORT_UNREADABLE,
    ],
)
def test_the_longest_summary_of_each_verdict_fits(kind, found):
    """The longest value there can be and all five explanations still fit, and are all there."""
    certainty = (
        Certainty.POSSIBLE if kind is VerdictKind.POSSIBLE_ASSOCIATION else Certainty.AFFIRMED
    )
    longest = level("999.999", Unit.NMOL_L, comparator="<=")
    given = verdict(
        kind,
        governing=longest,
        older=longest,
        unclassifiable=(result(),),
        report=places(*found, certainty=certainty, cues=FIVE_CUES),
    )

    card = summary(given)

    assert len(card) <= MAX_SUMMARY
    assert card.endswith(FIVE_NAMED)


def test_superseded_and_other_bones_are_not_in_the_summary():
    """Only what counts now is the finding."""
    card = summary(
        verdict(
            report=report(
                finding(),
                finding(Bone.CUBOID, is_superseded=True),
                finding(Bone.DISTAL_TIBIA),
                finding(Bone.NAVICULAR, certainty=Certainty.POSSIBLE),
            )
        )
    )

    assert card == "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus"
