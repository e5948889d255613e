"""
Frames of sentences, filled with bones: what is said is right, whatever the bones it is said of.

Each line of `frames/*.txt` is a frame: how {A} is, how {B} is, and the words around them. Every
frame is read with each pair of fillings below: one bone or several, joined in different ways, with
parts, ranges and groups. Source of every row: tests/data/LABELS.md.
"""

import re
from pathlib import Path

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
FRAMES = Path(__file__).parent / "frames"
LETTERS = {"a": "affirmed", "n": "negated", "h": "historical", "p": "possible"}
FILLINGS = [
    (("the talus", {"talus"}), ("the navicular", {"navicular"})),
    (
        ("the talus and the cuboid", {"talus", "cuboid"}),
        ("the calcaneus and navicular", {"calcaneus", "navicular"}),
    ),
    (
        (
            "the navicular, the calcaneus and the 3rd metatarsal",
            {"navicular", "calcaneus", "metatarsal_3"},
        ),
        ("the talus", {"talus"}),
    ),
    (
        ("the medial and lateral cuneiforms", {"cuneiform_medial", "cuneiform_lateral"}),
        ("the second to fourth metatarsals", {"metatarsal_2", "metatarsal_3", "metatarsal_4"}),
    ),
    (
        ("the cuboid", {"cuboid"}),
        ("the head of the talus and the 5th metatarsal base", {"talus", "metatarsal_5"}),
    ),
]
OF_ONE = {
    "do not": "does not",
    "are": "is",
    "were": "was",
    "have": "has",
    "show": "shows",
    "keep": "keeps",
    "fail": "fails",
    "remain": "remains",
    "look": "looks",
    "lack": "lacks",
    "contain": "contains",
}
# a verb of its own, not one behind "may", "to" or "not"
AGREES = re.compile(
    rf"(?<!to)(?<!may)(?<!might)(?<!could)(?<!well)(?<!just)(?<!also)(?<!not) ({'|'.join(OF_ONE)}) "
)


def frames():
    for path in sorted(FRAMES.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                of_a, of_b, frame = line.split("|", 2)
                yield pytest.param(of_a, of_b, frame, id=frame)


def filled(frame, of_a, of_b):
    """Give each filling of a frame, and what is to be read of its bones."""
    for (a, bones_of_a), (b, bones_of_b) in FILLINGS:
        text = frame.replace("{A}", a).replace("{B}", b)
        expected = dict.fromkeys(bones_of_a, LETTERS[of_a])
        counts = {len(bones_of_a)}
        if "{B}" in frame:
            expected |= dict.fromkeys(bones_of_b, LETTERS[of_b])
            counts.add(len(bones_of_b))
        if counts == {1}:
            text = AGREES.sub(lambda verb: f" {OF_ONE[verb[1]]} ", text)
        yield re.sub(r"(^|[.] )([a-z])", lambda m: m[1] + m[2].upper(), text), expected


def said_of(text):
    found = fold(READER.read(f"MRI LEFT FOOT\n\nFINDINGS: {text}").statements)
    return {str(f.bone): str(f.certainty) for f in found if f.bone != "other"}


@pytest.mark.parametrize(("of_a", "of_b", "frame"), list(frames()))
def test_frame(of_a, of_b, frame):
    """A frame says the same of each of its bones."""
    misread = [
        f"{text}\n    read {said}"
        for text, expected in filled(frame, of_a, of_b)
        if (said := said_of(text)) != expected
    ]

    assert not misread, "\n".join(misread)
