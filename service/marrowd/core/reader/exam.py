"""
What a text says of the exam itself: modality, regions and side, from the exam and technique lines.

Source: whole words MRI or MR in the exam line (headed exam, study or procedure, else the first
line) or the technique line; not a comparison, not a recommendation, not "Mr."
"""

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.words import Words
from marrowd.core.reading import Exam, Modality, Section

_REGIONS = {
    "ankle": Region.ANKLE,
    "ankles": Region.ANKLE,
    "hindfoot": Region.HINDFOOT,
    "rearfoot": Region.HINDFOOT,
    "heel": Region.HEEL,
    "heels": Region.HEEL,
    "midfoot": Region.MIDFOOT,
    "forefoot": Region.FOREFOOT,
    "toe": Region.TOE,
    "toes": Region.TOE,
    "foot": Region.FOOT,
    "feet": Region.FOOT,
}
_NOT_MR = frozenset({"ct", "xr", "radiograph", "radiographs", "radiography", "xray", "xrays"})
_SIDES = {
    "left": Laterality.LEFT,
    "lt": Laterality.LEFT,
    "l": Laterality.LEFT,
    "right": Laterality.RIGHT,
    "rt": Laterality.RIGHT,
    "r": Laterality.RIGHT,
}
_BOTH = frozenset({"bilateral", "both"})
# words that may stand between MR and a comma, a side or a region, where else a name stands
_NO_NAMES = frozenset(
    """
    imaging scan exam examination study protocol images findings arthrogram arthrography angiogram
    angiography neurography of for with without and w wo the lower upper extremity limb leg joint
    msk musculoskeletal limited routine contrast noncontrast whole great big knee hip wrist hand
    shoulder elbow spine pelvis tarsus tarsal
    """.split()
)


def exam_of(words: Words, sentences: list[Sentence], title: list[str]) -> Exam:
    """Read the exam and technique lines, and the *title* in lower-case words."""
    headed = [s for s in sentences if s.heading == "exam"]
    lines = headed or [s for s in sentences[:1] if s.heading in ("", "preliminary", "findings")]
    exam_words = [*title]
    for line in lines:
        exam_words += words.words[line.first : line.last]
    regions = tuple(dict.fromkeys([_REGIONS[w] for w in exam_words if w in _REGIONS]))
    technique = [s for s in sentences if s.section is Section.TECHNIQUE]
    modality = _modality_of(title, title)
    for line in (*lines, *technique):
        if modality is not None:
            break
        first, last = line.first, line.last
        modality = _modality_of(words.words[first:last], words.tokens[first:last])
    return Exam(modality=modality, regions=regions, laterality=side_among(exam_words))


def side_among(words: list[str]) -> Laterality:
    """Name the only side among some words; both is bilateral, none or unclear is unknown."""
    sides = {_SIDES[word] for word in words if word in _SIDES}
    if len(sides) > 1 or not _BOTH.isdisjoint(words):
        return Laterality.BILATERAL
    return sides.pop() if sides else Laterality.UNKNOWN


def _is_name(behind: list[str]) -> bool:
    """Say whether "mr" is a title before a name: "Mr. Jones", "MR JONES, left ankle"."""
    if behind[:1] == ["."]:
        return True
    if len(behind) < 2 or not behind[0].isalpha() or behind[0] in _NO_NAMES:  # noqa: PLR2004
        return False
    known = behind[0] in _SIDES or behind[0] in _REGIONS or behind[0] in _BOTH
    return not known and (behind[1] == "," or behind[1] in _SIDES or behind[1] in _REGIONS)


def _modality_of(words: list[str], tokens: list[str]) -> Modality | None:
    """Find the first modality among some lower-case words, *tokens* as they are written."""
    for place, word in enumerate(words):
        if word == "mri":
            return Modality.MR
        if (
            word == "mr"
            and tokens[place][:2] != "Mr"
            and not _is_name(words[place + 1 : place + 3])
        ):
            return Modality.MR
        if word in _NOT_MR or (word == "x" and words[place + 1 : place + 3] == ["-", "ray"]):
            return Modality.NOT_MR
    return None
