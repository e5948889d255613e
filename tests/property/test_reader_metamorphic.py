"""What must not change a reading, and what must change it in exactly one way."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
DEV = Path(__file__).parents[1] / "data" / "reports-dev.jsonl"
REPORTS = [json.loads(line) for line in DEV.read_text(encoding="utf-8").splitlines()]

SENTENCES = (
    "There is marrow edema in the {bone}.",
    "No marrow edema in the {bone}.",
    "The {bone} shows normal marrow signal.",
    "Possible marrow edema of the {bone}.",
    "The marrow edema previously seen in the {bone} has resolved.",
    "Bone bruise of the {bone} without fracture.",
    "The {bone} is edematous, sparing the cuboid.",
    "STIR hyperintense marrow throughout the {bone}; no fracture.",
    "If marrow edema develops in the {bone}, repeat imaging.",
    "{bone}: none. Marrow edema of the cuboid.",
)
BONES = ("talus", "calcaneus", "navicular", "third metatarsal", "medial cuneiform")
OTHER_SIDE = {"left": "right", "right": "left"}

sentences = st.lists(
    st.tuples(st.sampled_from(SENTENCES), st.sampled_from(BONES)), min_size=1, max_size=4
)


def findings(text):
    return {(f.bone, f.laterality, f.certainty) for f in fold(READER.read(text).statements)}


def written(parts, side="LEFT"):
    return f"MRI {side} FOOT. " + " ".join(s.format(bone=b).capitalize() for s, b in parts)


@given(parts=sentences)
def test_capitals_change_nothing(parts):
    text = written(parts)

    assert findings(text.upper()) == findings(text)


@given(parts=sentences)
def test_british_spelling_changes_nothing(parts):
    text = written(parts)

    assert findings(re.sub("edema", "oedema", text)) == findings(text)


@given(parts=sentences)
def test_wrapped_lines_change_nothing(parts):
    text = written(parts)
    wrapped = re.sub(" (in|of|the|marrow|signal|without|shows) ", r" \1\n", text)

    assert findings(wrapped) == findings(text)


@given(parts=sentences)
def test_two_spaces_change_nothing(parts):
    text = written(parts)

    assert findings(text.replace(" ", "  ")) == findings(text)


@given(parts=sentences)
def test_the_other_side_swaps_the_sides_and_nothing_else(parts):
    swapped = {(b, OTHER_SIDE.get(s, s), c) for b, s, c in findings(written(parts))}

    assert findings(written(parts, "RIGHT")) == swapped


@given(sentence=st.sampled_from(SENTENCES), bone=st.sampled_from(BONES))
def test_another_bone_changes_that_bone_and_nothing_else(sentence, bone):
    other = "distal fibula"
    names = {"third metatarsal": "metatarsal_3", "medial cuneiform": "cuneiform_medial"}
    expected = {
        ("distal_fibula" if b == names.get(bone, bone) else b, s, c)
        for b, s, c in findings(written([(sentence, bone)]))
    }

    assert findings(written([(sentence, other)])) == expected


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["id"])
def test_sides_of_labelled_reports_swap_with_their_words(report):
    def swap(match):
        word = match.group()
        other = OTHER_SIDE[word.lower()]
        return other.upper() if word.isupper() else other.capitalize() if word.istitle() else other

    text = report["text"]
    if re.search(r"\b([LR]|[lr]t)\b", text, re.IGNORECASE):
        pytest.skip("abbreviated sides are swapped nowhere")

    swapped = re.sub(r"\b(left|right)\b", swap, text, flags=re.IGNORECASE)

    assert findings(swapped) == {(b, OTHER_SIDE.get(s, s), c) for b, s, c in findings(text)}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["id"])
def test_spelling_of_labelled_reports_does_not_matter(report):
    text = report["text"]
    american = re.sub(
        r"(?i)\boedema",
        lambda m: "E" * m.group()[0].isupper() + "edema"[m.group()[0].isupper() :],
        text,
    )

    assert findings(american) == findings(text)
