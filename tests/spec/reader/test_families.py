"""
How a radiologist's words are read, family by family: text in, findings out.

Each case is a sentence or two of ours; `A` affirmed, `P` possible, `H` historical, `N` negated.
Source of every row: tests/data/LABELS.md.
"""

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
LETTERS = {"affirmed": "A", "possible": "P", "historical": "H", "negated": "N"}

FAMILIES = {
    "edema without the word": [
        ("STIR hyperintense marrow of the navicular body.", "navicular A"),
        ("Increased T2 signal in the marrow of the cuboid.", "cuboid A"),
        ("Osseous stress reaction of the second metatarsal.", "metatarsal_2 A"),
        ("Bone marrow lesion of the talar dome, 12 mm.", "talus A"),
        ("The calcaneal marrow is bright on STIR.", "calcaneus A"),
        ("The cyst in the calcaneus is T2 bright.", ""),
    ],
    "negation": [
        ("The talus is non-edematous.", "talus N"),
        ("Edema in the talus could not be demonstrated.", "talus N"),
        ("No marrow edema other than a focus in the cuboid.", "cuboid A"),
        ("Marrow edema: negative for talus, positive for calcaneus.", "talus N, calcaneus A"),
        ("It is unlikely that there is marrow edema in the cuboid.", "cuboid N"),
        ("Neither the talus nor the cuboid shows marrow edema.", "talus N, cuboid N"),
    ],
    "coordination and contrast": [
        ("Edema of the talus and calcaneus but not the cuboid.", "talus A, calcaneus A, cuboid N"),
        ("The talus is edematous, whereas the cuboid is spared.", "talus A, cuboid N"),
        ("Marrow edema of the talus, sparing the navicular.", "talus A, navicular N"),
        ("Edema in the calcaneus rather than the talus.", "calcaneus A, talus N"),
        ("The navicular, unlike the cuboid, is edematous.", "navicular A, cuboid N"),
    ],
    "lists, ranges and joints": [
        ("BME of MT2-4.", "metatarsal_2 A, metatarsal_3 A, metatarsal_4 A"),
        ("Marrow edema of the 2nd and 3rd metatarsals.", "metatarsal_2 A, metatarsal_3 A"),
        (
            "Marrow edema in all three cuneiforms.",
            "cuneiform_medial A, cuneiform_intermediate A, cuneiform_lateral A",
        ),
        ("Subchondral marrow edema at the third TMT joint.", "cuneiform_lateral A, metatarsal_3 A"),
        ("Marrow edema in the midfoot, namely the cuboid.", "cuboid A"),
        ("Marrow edema throughout the hindfoot.", "talus A, calcaneus A"),
    ],
    "possible and hedged cause": [
        ("Probable marrow edema in the talus.", "talus P"),
        ("A bone bruise of the cuboid cannot be excluded.", "cuboid P"),
        ("Marrow edema in the talus, likely reactive.", "talus A"),
        ("Marrow edema of the talus, which may represent early AVN.", "talus A"),
        ("Faint talar signal may represent marrow edema.", "talus P"),
    ],
    "resolved and prior": [
        ("The edema in the cuboid has resolved.", "cuboid H"),
        ("Interval resolution of the talar marrow edema.", "talus H"),
        ("Previously seen talar edema has decreased.", "talus A"),
        ("In 2019 the talus was edematous.", "talus H"),
        (
            "COMPARISON: MRI of 2021 with navicular marrow edema.\nFINDINGS: Normal tendons.",
            "navicular H",
        ),
    ],
    "hypothetical": [
        ("Indication: rule out talar bone marrow edema.\nFindings: Normal tendons.", ""),
        ("If marrow edema develops in the talus, repeat the study.", ""),
        ("Recommendation: MRI to exclude marrow edema of the cuboid.", ""),
        ("Mother with marrow edema of the talus. Tendons intact.", ""),
    ],
    "addendum": [
        (
            "Marrow edema in the talus.\nADDENDUM: There is no marrow edema in the talus.",
            "talus N",
        ),
        (
            "Possible cuboid edema.\nADDENDUM: Marrow edema in the cuboid is confirmed.",
            "cuboid A",
        ),
    ],
    "anaphora": [
        ("Fracture of the talus. There is surrounding marrow edema.", "talus A"),
        ("The navicular is fragmented. It shows marrow edema.", "navicular A"),
        ("Marrow edema of the talus. None is seen in the cuboid.", "talus A, cuboid N"),
    ],
    "soft tissue": [
        ("Subcutaneous edema over the lateral malleolus.", ""),
        ("Edema of the posterior tibial tendon at its navicular insertion.", ""),
        ("Kager's fat is edematous. The talus shows no edema.", "talus N"),
    ],
    "red marrow and artifact": [
        ("The signal in the talus is due to artifact and not edema.", "talus N"),
        ("Edema of the cuboid versus artifact.", "cuboid P"),
    ],
    "rows, forms and tables": [
        ("Talus: mild BME. Calcaneus: none.", "talus A, calcaneus N"),
        ("Marrow edema: [x] talus [ ] cuboid", "talus A"),
        ("BME: talus (+), cuboid (-).", "talus A, cuboid N"),
        ("| Bone | Marrow |\n| Talus | edema |\n| Cuboid | normal |", "talus A, cuboid N"),
    ],
    "whatever the verb": [
        ("Marrow edema permeates the talus.", "talus A"),
        ("Marrow edema straddles the calcaneocuboid joint.", "calcaneus A, cuboid A"),
        ("The navicular glows on STIR.", "navicular A"),
        ("I cannot see any edema in the calcaneus.", "calcaneus N"),
        ("Nothing in the talus to suggest marrow edema.", "talus N"),
        ("No appreciable, measurable or convincing edema in the talus.", "talus N"),
        ("No talar contusion or calcaneal stress injury.", "talus N, calcaneus N"),
    ],
    "emphasis is no negation": [
        ("There is no doubt that the cuboid is edematous.", "cuboid A"),
        ("No interval change in the marrow edema of the cuboid.", "cuboid A"),
        ("Without a fracture, the talar marrow edema is a contusion.", "talus A"),
        ("No discrete fracture line within the edematous talus.", "talus A"),
        ("Edema of the cuboid, of doubtful significance.", "cuboid A"),
    ],
    "one more bone": [
        ("Edema in the talus and possibly the navicular.", "talus A, navicular P"),
        ("Edema is not seen in the talus but is present in the cuboid.", "talus N, cuboid A"),
        (
            "Third metatarsal through fifth metatarsals: edema.",
            "metatarsal_3 A, metatarsal_4 A, metatarsal_5 A",
        ),
        ("4th 5th MT no edema.", "metatarsal_4 N, metatarsal_5 N"),
        (
            "Edema in the cuneiforms (medial and lateral).",
            "cuneiform_medial A, cuneiform_lateral A",
        ),
    ],
    "gone, by date or by word": [
        ("The talus no longer shows marrow edema.", "talus H"),
        ("Treated stress reaction of the calcaneus in 2018.", "calcaneus H"),
        ("Resolved since the last study: talus. Edema of the cuboid.", "talus H, cuboid A"),
        ("Jan: calcaneal edema. Today: no calcaneal edema.", "calcaneus H"),
        ("Edema of the calcaneus has gone back to normal.", "calcaneus H"),
    ],
    "the former and the latter": [
        ("Edema? Talus and cuboid were reviewed. The latter has it.", "cuboid A"),
        (
            "Second and third metatarsals reviewed. The former is edematous; the latter is not.",
            "metatarsal_2 A, metatarsal_3 N",
        ),
        ("Bruises of talus and cuboid in May. Today the talar one persists.", "talus A, cuboid H"),
    ],
    "out of sight": [
        ("Edema of the cuboid. Navicular not seen.", "cuboid A"),
        ("Edema of the cuboid. Edema of the navicular not seen.", "cuboid A, navicular N"),
    ],
    "sections without a heading of their own": [
        (
            "Indication: heel pain. Marrow edema of the calcaneus. The talus has none.",
            "calcaneus A, talus N",
        ),
        ("Hx: cuboid edema in May. Today there is none. Talus edematous.", "cuboid H, talus A"),
        ("Indication: heel pain. Evaluate marrow edema of the calcaneus. FINDINGS: Normal.", ""),
    ],
    "an addendum taken back": [
        (
            "No talar edema.\nADDENDUM 1: Talar edema.\nADDENDUM 2: Addendum 1 issued in error.",
            "talus N",
        ),
        (
            "Edema of the talus.\nADDENDUM: The report was dictated for another patient.",
            "",
        ),
    ],
    "asked and answered": [
        ("Is there edema of the talus? Yes.", "talus A"),
        ("Is there edema of the talus? No.", "talus N"),
        ("Bone bruise of the talus?", "talus P"),
        ("Edema? Talus N / Calcaneus N / Navicular Y.", "talus N, calcaneus N, navicular A"),
    ],
    "boxes and lists": [
        ("BONE MARROW EDEMA: Talus [x] Calcaneus [ ]", "talus A"),
        ("BONE MARROW EDEMA:\n[x] talus\n[ ] calcaneus", "talus A"),
        ("Bone marrow edema:\nTalus - mild\nCuboid - none", "talus A, cuboid N"),
        ("Marrow edema (0-3): talus 2, calcaneus 0.", "talus A, calcaneus N"),
    ],
    "typing errors": [
        ("Marrow odema of the calcanus.", "calcaneus A"),
        ("MARROW OEDEMA OF THE NAVICULER", "navicular A"),
        ("no fx no dislocation marrow edema lateral talus", "talus A"),
    ],
}
CASES = [
    pytest.param(text, expected, id=f"{family}: {text[:60]}")
    for family, rows in FAMILIES.items()
    for text, expected in rows
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_family(text, expected):
    found = fold(READER.read(text).statements)

    said = {f"{f.bone} {LETTERS[f.certainty]}" for f in found}

    assert said == {part for part in expected.split(", ") if part}


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("MRI LEFT ANKLE. Marrow edema of the talus.", {"left"}),
        ("RIGHT ANKLE: normal tendons.\nLEFT ANKLE: Marrow edema of the talus.", {"left"}),
        ("MRI LEFT ANKLE. Marrow edema of the right talus.", {"right"}),
        ("Marrow edema of both tali.", {"bilateral"}),
        ("Marrow edema of the talus.", {"unknown"}),
        ("Marrow edema of the talus. LEFT FOOT.", {"left"}),
        ("MRI LEFT ANKLE. Talar edema.\nADDENDUM: the RIGHT ankle was examined.", {"right"}),
    ],
)
def test_laterality(text, sides):
    assert {f.laterality for f in fold(READER.read(text).statements)} == sides
