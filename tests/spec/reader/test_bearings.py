"""
What a cue of doubt or of course bears on: the edema or its cause, all of it or a part.

Each case is a sentence or two of ours; `A` affirmed, `P` possible, `H` historical, `N` negated,
behind the bone. Source of every row: tests/data/LABELS.md.
"""

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
LETTERS = {"affirmed": "A", "possible": "P", "historical": "H", "negated": "N"}

FAMILIES = {
    "a doubt of the cause": [
        ("Edema of the cuboid is probably mechanical in origin.", "cuboid A"),
        ("Edema of the cuboid is likely stress-related.", "cuboid A"),
        ("Marrow edema of the cuboid, the origin of which is not certain.", "cuboid A"),
        ("The reason for the marrow edema of the cuboid is uncertain.", "cuboid A"),
        ("Edema of the cuboid, favored postoperative over infective.", "cuboid A"),
        ("Whether due to overload or impact, there is edema of the cuboid.", "cuboid A"),
        ("Whether from footwear or training, the cuboid shows marrow edema.", "cuboid A"),
        ("Whether the cuboid is edematous is uncertain.", "cuboid P"),
        ("Edema of the cuboid is likely on STIR.", "cuboid P"),
    ],
    "going, but not gone": [
        ("Partial regression of edema in the cuboid.", "cuboid A"),
        ("Interval decrease, but not complete resolution, of edema in the cuboid.", "cuboid A"),
        ("Subtotal clearing of the cuboid edema.", "cuboid A"),
        ("Most of the edema in the cuboid has resolved.", "cuboid A"),
        ("No resolution of the edema in the cuboid.", "cuboid A"),
        ("Interval resolution of edema in the cuboid.", "cuboid H"),
    ],
    "gone": [
        ("Edema in the cuboid is seen no more.", "cuboid H"),
        ("The cuboid has normalized since the earlier study, when it was edematous.", "cuboid H"),
        (
            "A bruise of the cuboid was seen in March. It is not seen on the present study.",
            "cuboid H",
        ),
        ("Migratory edema of the talus, with clearing of the cuboid.", "cuboid H, talus A"),
        ("Edema previously in the talus has moved to the cuboid.", "cuboid A, talus H"),
        ("The talus and the cuboid have lost their edema.", "cuboid H, talus H"),
        ("Edema of the talus on the first scan, not on this one.", "talus H"),
        ("No more edema in the cuboid.", "cuboid H"),
    ],
    "gone on one sequence": [
        ("High T2 signal in the talus. This is gone on STIR and follows the coil.", "talus N"),
        ("High T2 signal in the talus, gone on STIR: artifact.", "talus N"),
        ("Bright signal in the plafond. This is absent on the STIR acquisition.", "distal_tibia N"),
        ("Edema of the talus has gone on all sequences.", "talus H"),
    ],
    "called normal by an adjective": [
        ("Unaltered marrow signal of the cuboid.", "cuboid N"),
        ("Inconspicuous marrow of the cuboid.", "cuboid N"),
        ("Physiological marrow signal in the cuboid.", "cuboid N"),
        ("Healthy-appearing marrow in the cuboid.", "cuboid N"),
        ("The cuboid shows fat signal only.", "cuboid N"),
        ("The cuboid has signal within the norm.", "cuboid N"),
        ("The marrow of the cuboid is unaltered.", "cuboid N"),
        ("The edema of the cuboid is unaltered.", "cuboid A"),
        ("The cuboid is clear on all sequences.", "cuboid N"),
    ],
    "a place": [
        ("Edema can be seen in the cuboid.", "cuboid A"),
        ("Edema can be seen in runners.", ""),
        ("The talus and the cuboid have lit up.", "cuboid A, talus A"),
        ("The talus was only partly covered; the parts on view contain no edema.", "talus N"),
        ("A bruise of the second metatarsal which I would call definite.", "metatarsal_2 A"),
    ],
    "what another says": [
        ("The letter quotes edema of the talus; this MRI does not show it.", "talus N"),
    ],
    "where a negation ends": [
        ("The talus is not displaced or edematous.", "talus N"),
        ("No fracture and positive for marrow edema of the cuboid.", "cuboid A"),
        ("There is no displacement and the edema of the cuboid is mild.", "cuboid A"),
        ("The cause of the cuboid edema is not known.", "cuboid A"),
        ("I cannot explain the edema of the cuboid.", "cuboid A"),
        ("There is edema of the cuboid with negative radiographs.", "cuboid A"),
        ("Edema of the cuboid is not disputed.", "cuboid A"),
        ("I looked for edema in the talus and the cuboid and found none.", "cuboid N, talus N"),
        ("Edema was sought in the talus without success.", "talus N"),
    ],
    "the other way round": [
        ("The talus is free of edema, the cuboid is not.", "cuboid A, talus N"),
        ("The talus has no edema, the cuboid does not.", "cuboid N, talus N"),
        (
            "No edema of the talus, as opposed to the cuboid, where it is marked.",
            "cuboid A, talus N",
        ),
        ("Edema of the talus, unlike the cuboid.", "cuboid N, talus A"),
        (
            "In contrast to the talus, which is normal in signal, the cuboid is edematous.",
            "cuboid A, talus N",
        ),
    ],
    "normal, or taken for edema": [
        ("Normal T2 and STIR signal in the talus.", "talus N"),
        ("The talus has a normal STIR appearance.", "talus N"),
        ("What might be taken for edema in the talus is red marrow.", "talus N"),
        ("STIR hyperintensity of the talus is a consequence of poor shimming.", "talus N"),
        ("Interval normalization of marrow signal in the talus.", "talus H"),
    ],
    "lists of a form": [
        (
            "MRI RIGHT FOOT\nMETATARSALS: 1-3 negative for marrow edema.",
            "metatarsal_1 N, metatarsal_2 N, metatarsal_3 N",
        ),
        (
            "Nothing bright on STIR in the talus or either malleolus.",
            "distal_fibula N, distal_tibia N, talus N",
        ),
        (
            "The fourth and fifth stumps have no abnormal marrow signal.",
            "metatarsal_4 N, metatarsal_5 N",
        ),
        ("Thin bands of T2 signal in the cuboid, T1 maintained, felt to be edema.", "cuboid A"),
    ],
}
CASES = [
    pytest.param(text, expected, id=f"{family}: {text[:60]}")
    for family, rows in FAMILIES.items()
    for text, expected in rows
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_bearing(text, expected):
    found = fold(READER.read(text).statements)

    said = {f"{f.bone} {LETTERS[f.certainty]}" for f in found}

    assert said == {part for part in expected.split(", ") if part}
