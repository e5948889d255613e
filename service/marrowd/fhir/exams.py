"""
What an imaging study or report says of its exam in codes and titles: modality, region, side.

The words of a title are few and fixed (rules.md section 2, "MR?" and "Foot/ankle?"); the text of a
report is read by the report reader, not here.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.reading import Modality
from marrowd.fhir.codings import exam, is_mr
from marrowd.fhir.members import codings, title
from marrowd.rules.codes import Codes

# "Mr." before a name is not a modality: MR must be all of one case, and no full stop may follow it.
_MR = re.compile(
    r"(?<![\w-])(?:MRI|mri|Mri|MR(?!\.)|mr(?!\.)|MRT|IRM|(?i:magnetic resonance))(?![\w])"
)
_NOT_MR = re.compile(
    r"(?<!\w)(?:"
    r"ct|cta|computed tomography|cat scan|dect"
    r"|x-?ray|x ray|xr|cr|dx|radiograph\w*|radiologic(?:al)? exam\w*|plain films?|tomosynthesis"
    r"|us|ultrasound|sonograph\w*|doppler|duplex"
    r"|bone scan|scintigraph\w*|spect|pet|nuclear medicine"
    r"|dexa|dxa|fluoroscop\w*|mammogra\w*|angiogra\w*"
    r")(?!\w)",
    re.IGNORECASE,
)
# The regions that rules.md section 2 names.
_REGIONS = (
    (re.compile(r"\b(?:foot|feet)\b", re.IGNORECASE), Region.FOOT),
    (re.compile(r"\bankles?\b", re.IGNORECASE), Region.ANKLE),
    (re.compile(r"\bhind-?\s?(?:foot|feet)\b", re.IGNORECASE), Region.HINDFOOT),
    (re.compile(r"\bmid-?\s?(?:foot|feet)\b", re.IGNORECASE), Region.MIDFOOT),
    (re.compile(r"\bfore-?\s?(?:foot|feet)\b", re.IGNORECASE), Region.FOREFOOT),
    (re.compile(r"\b(?:toes?|hallux)\b", re.IGNORECASE), Region.TOE),
    (re.compile(r"\bheels?\b", re.IGNORECASE), Region.HEEL),
)
# Other parts of the body. The leg is none: an exam of it may reach the foot.
_ELSEWHERE = re.compile(
    r"\b(?:"
    r"brain|head|skull|face|facial|orbits?|pituitary|sella|iac|tmj|neck"
    r"|spine|[ctl][- ]?spine|cervical|thoracic|lumbar|lumbosacral|sacr(?:um|al)|sacroiliac"
    r"|chest|thorax|breasts?|heart|cardiac|abdomen|abdominal|liver|mrcp|kidneys?|renal|prostate"
    r"|pelvis|pelvic|hips?|thighs?|femur|knees?"
    r"|shoulders?|humerus|elbows?|forearms?|wrists?|hands?|fingers?|thumbs?"
    r")\b",
    re.IGNORECASE,
)
_EXAM_LINE = re.compile(
    r"^[ \t]*(?:exam|examination|study|procedure)[ \t]*:[ \t]*(?P<exam>\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD: Final = 2_000  # characters of a text among which its exam line is looked for
_LONGEST: Final = 200  # characters of a title that is remembered; a catalogue's are shorter
_BOTH = re.compile(r"\b(?:bilateral|bilat|both|left and right|right and left)\b", re.IGNORECASE)
_LEFT = re.compile(r"\bL\b|\b(?i:left|lt)\b")
_RIGHT = re.compile(r"\bR\b(?!/[Oo])|\b(?i:right|rt)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamWords:
    """What codes and titles say of an exam."""

    modality: Modality | None = None
    is_foot: bool = False
    is_elsewhere: bool = False  # names another part of the body, and no foot
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN


def of_title(words: str) -> ExamWords:
    """Read a title such as "MRI LEFT ANKLE WITHOUT CONTRAST"."""
    return _known_title(words) if len(words) <= _LONGEST else _title(words)


def heads_elsewhere(text: str) -> bool:
    """
    Say whether the exam line of a report's *text* names another part of the body, and no foot.

    The headed one, else the first line if it names MR: one that does not may tell of anything.
    """
    head = text[:_HEAD]
    if headed := _EXAM_LINE.search(head):
        return of_title(headed["exam"]).is_elsewhere
    first = of_title(head.strip().partition("\n")[0])
    return first.modality is Modality.MR and first.is_elsewhere


@lru_cache(maxsize=1_024)  # a site has few, and each is searched with twenty patterns
def _known_title(words: str) -> ExamWords:
    return _title(words)


def _title(words: str) -> ExamWords:
    regions = _regions(words)
    modality: Modality | None = None
    if _MR.search(words):
        modality = Modality.MR
    elif _NOT_MR.search(words):
        modality = Modality.NOT_MR
    return ExamWords(
        modality=modality,
        is_foot=bool(regions),
        is_elsewhere=not regions and _ELSEWHERE.search(words) is not None,
        regions=regions,
        laterality=_side(words),
    )


def of_concept(concept: object, codes: Codes, *, words: str | None = None) -> ExamWords:
    """
    Read the code of an exam: its MR code first, then its title.

    Args:
        concept: a CodeableConcept or a list of them.
        codes: the tables.
        words: the title, when it is not that of the concept.
    """
    titled = of_title(title(concept) if words is None else words)
    known = exam(concept, codes)
    coded_mr = known is not None or any(is_mr(c, codes) for c in codings(concept) if c.system)
    region = known.region if known else None
    side = known.side if known else Laterality.UNKNOWN
    return ExamWords(
        modality=Modality.MR if coded_mr else titled.modality,
        is_foot=region is not None or titled.is_foot,
        is_elsewhere=region is None and titled.is_elsewhere,
        regions=_united((region,) if region else (), titled.regions),
        laterality=titled.laterality if side is Laterality.UNKNOWN else side,
    )


def of_body_site(site: object, codes: Codes) -> ExamWords:
    """Read a bodySite: SNOMED CT codes, else the words it is displayed with."""
    is_foot = False
    regions: list[Region] = []
    side = Laterality.UNKNOWN
    for coding in codings(site):
        snomed = codes.snomed(coding.system, coding.code)
        if snomed is not None and snomed in codes.body_sites:
            is_foot = True
            region = codes.body_sites[snomed]
            regions += [region] if region else []
        said = of_title(coding.display)
        is_foot = is_foot or said.is_foot
        regions += said.regions
        side = said.laterality if side is Laterality.UNKNOWN else side
    said = of_title(title(site))
    return ExamWords(
        is_foot=is_foot or said.is_foot,
        regions=_united(tuple(regions), said.regions),
        laterality=said.laterality if side is Laterality.UNKNOWN else side,
    )


def side_of(concept: object, codes: Codes) -> Laterality:
    """Read a laterality coding."""
    for coding in codings(concept):
        snomed = codes.snomed(coding.system, coding.code)
        if snomed is not None and snomed in codes.sides:
            return codes.sides[snomed]
        side = _side(coding.display)
        if side is not Laterality.UNKNOWN:
            return side
    return Laterality.UNKNOWN


def joined(sides: "list[Laterality]") -> Laterality:
    """Give the side of a whole whose parts have these sides."""
    known = {side for side in sides if side is not Laterality.UNKNOWN}
    if len(known) > 1:
        return Laterality.BILATERAL
    return known.pop() if known else Laterality.UNKNOWN


def _regions(words: str) -> tuple[Region, ...]:
    found = tuple(region for pattern, region in _REGIONS if pattern.search(words))
    spaced = re.search(r"\b(?:hind|mid|fore)[- ](?:foot|feet)\b", words, re.IGNORECASE)
    if spaced and Region.FOOT in found:
        # "mid foot" is the midfoot; it is the whole foot only if the word stands alone too.
        rest = words[: spaced.start()] + words[spaced.end() :]
        if not _REGIONS[0][0].search(rest):
            found = tuple(r for r in found if r is not Region.FOOT)
    return found


def _side(words: str) -> Laterality:
    left, right = _LEFT.search(words), _RIGHT.search(words)
    if _BOTH.search(words) or (left and right):
        return Laterality.BILATERAL
    if left:
        return Laterality.LEFT
    return Laterality.RIGHT if right else Laterality.UNKNOWN


def _united(*several: tuple[Region, ...]) -> tuple[Region, ...]:
    return tuple(dict.fromkeys(region for regions in several for region in regions))
