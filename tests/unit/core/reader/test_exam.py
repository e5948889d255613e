"""What a text says of the exam, of marrow as a whole, and of what was not imaged."""

import pytest

from marrowd.core.anatomy import Bone, Laterality, Region
from marrowd.core.reader import Reader
from marrowd.core.reading import Cue, Modality, NotRead, Section, Severity
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
BODY = "\nFindings: The tendons are intact."


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("MRI LEFT ANKLE", Modality.MR),
        ("EXAM: MR FOOT RIGHT", Modality.MR),
        ("Mr. Smith, left ankle", None),
        ("XR RIGHT ANKLE", Modality.NOT_MR),
        ("DUAL-ENERGY CT RIGHT ANKLE", Modality.NOT_MR),
        ("X-ray left foot", Modality.NOT_MR),
        ("Left ankle\nTechnique: 3T MRI without contrast.", Modality.MR),
        ("Left ankle\nComparison: MRI of 2019.", None),
        ("Left ankle\nRecommendation: MRI.", None),
        ("MR. SMITH, LEFT ANKLE", None),
        ("Left ankle\nTechnique: Mr. Smith was imaged standing.", None),
    ],
)
@pytest.mark.parametrize("title", ["", "Radiology report"])
def test_modality(text, modality, title):
    assert READER.read(text + BODY, title=title).exam.modality is modality


def test_regions_and_side_come_from_title_and_exam_line():
    exam = READER.read("EXAM: MRI LEFT HEEL" + BODY, title="MR foot").exam

    assert exam.regions == (Region.FOOT, Region.HEEL)
    assert exam.laterality is Laterality.LEFT


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("MRI LEFT ANKLE. Bone marrow signal is normal.", (Laterality.LEFT,)),
        ("No marrow edema.", (Laterality.UNKNOWN,)),
        ("MRI LEFT ANKLE. No marrow edema in the talus.", ()),
        ("MRI LEFT ANKLE. The remaining marrow is normal.", ()),
    ],
)
def test_marrow_called_normal_as_a_whole(text, sides):
    assert READER.read(text).marrow_normal == sides


def test_bones_out_of_view_are_excluded():
    reading = READER.read("MRI LEFT ANKLE. No marrow edema. The calcaneus was not imaged.")

    assert reading.excluded == ((Bone.CALCANEUS, Laterality.LEFT),)


def test_sections_are_those_with_readable_text():
    reading = READER.read(
        "INDICATION: Pain.\nFINDINGS: Marrow edema in the talus.\nIMPRESSION: Edema of the talus."
    )

    assert reading.sections == (Section.INDICATION, Section.FINDINGS, Section.IMPRESSION)


def test_headless_text_stands_in_the_section_it_came_from():
    [statement] = READER.read("Marrow edema in the talus.", section=Section.IMPRESSION).statements

    assert statement.section is Section.IMPRESSION


def test_cues_are_what_is_affirmed_not_what_is_excluded():
    text = "Inversion injury. Marrow edema of the talus. No osteomyelitis. Rule out Charcot."

    assert READER.read(text).cues == (Cue.TRAUMA,)


@pytest.mark.parametrize(
    ("words", "severity"),
    [("Mild", Severity.MILD), ("Moderate", Severity.MODERATE), ("Extensive", Severity.SEVERE)],
)
def test_severity(words, severity):
    [statement] = READER.read(f"{words} marrow edema of the talus.").statements

    assert statement.severity is severity


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("See attached report.", NotRead.NOT_A_REPORT),
        ("", NotRead.NOT_A_REPORT),
        ("FINDINGS: Talus: ____ Calcaneus: ____", NotRead.TEMPLATE),
        ("Knochenmarködem im Talus ohne Fraktur. Kein Nachweis einer Läsion.", NotRead.LANGUAGE),
        ("右踝关节MRI:距骨可见骨髓水肿。", NotRead.LANGUAGE),
    ],
)
def test_what_cannot_be_read(text, reason):
    reading = READER.read(text)

    assert reading.reason is reason
    assert not reading.is_supported


@pytest.mark.parametrize(
    "exam_line",
    [
        "MRI of the left hindfoot",
        "EXAM: MRI LEFT MIDFOOT WITHOUT CONTRAST",
        "MRI left calcaneus and talus, bones and soft tissues",
        "MRI hindfoot, evaluate for stress fracture",
    ],
)
def test_an_exam_line_alone_states_nothing(exam_line):
    assert READER.read(f"{exam_line}\nSee attached report.").reason is NotRead.NOT_A_REPORT
    assert READER.read(f"{exam_line}\nThe tendons are intact.").is_supported


@pytest.mark.parametrize(
    "text",
    [
        "MRI of the left talus is normal.",
        "MRI LEFT ANKLE: bone marrow edema of the talus.",
        "Normal MRI of the hindfoot.",
        "EXAM: MRI left foot. No fracture.",
    ],
)
def test_a_statement_in_the_exam_line_is_one(text):
    assert READER.read(text).is_supported


@pytest.mark.parametrize(
    "text",
    [
        "MRI of the left ankle\nSee attached report.",
        "MRI left ankle\nTalus: ____ Calcaneus: ____",
        "MRI left ankle\nKnochenmarködem im Talus ohne Fraktur. Kein Nachweis einer Läsion.",
    ],
)
def test_a_text_that_cannot_be_read_still_names_its_exam(text):
    reading = READER.read(text)

    assert not reading.is_supported
    assert reading.exam.modality is Modality.MR
    assert reading.exam.regions == (Region.ANKLE,)
    assert reading.exam.laterality is Laterality.LEFT


@pytest.mark.parametrize(
    "text",
    [
        "History: vitamin D 14 (reference range 30-100), discharged home. Findings: No tear.",
        "Clinical: limited range of motion.\nNo fracture. Ligaments are intact.",
        "Dear colleague. Findings: The ATFL is torn. Cartilage intact. Kind regards.",
        "MRI LEFT ANKLE. ATFL tear. Arthroscopy of the ankle is advised.",
    ],
)
def test_a_report_may_speak_of_other_documents(text):
    assert READER.read(text).reason is None


@pytest.mark.parametrize(
    ("text", "title", "modality"),
    [
        ("MR SMITH, LEFT ANKLE. Fracture.", "Left ankle", None),
        ("Fracture of the talus.", "Mr Smith ankle", None),
        ("Fracture of the talus.", "MR ankle", Modality.MR),
        ("Fracture of the talus.", "MR arthrogram, left ankle", Modality.MR),
        ("MR, LEFT ANKLE. Fracture.", "", Modality.MR),
    ],
)
def test_a_name_behind_mr_is_no_modality(text, title, modality):
    reading = READER.read(text, title=title)

    assert reading.exam.modality == modality
