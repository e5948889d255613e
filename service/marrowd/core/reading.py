"""
What the report reader says of one text: the value that the reader returns and the timeline keeps.

A `Reading` holds *statements* (one per bone, side and mention, before precedence) so that several
texts of one report can be joined; `fold` (in `core.reader`) joins them by precedence.
Offsets are characters into the text as given, end exclusive: `text[start:end] == evidence`.
"""

from dataclasses import dataclass
from enum import StrEnum

from marrowd.core.anatomy import Bone, Laterality, Region, is_target


class Certainty(StrEnum):
    """What a report says about marrow edema in one bone at the time of the study."""

    AFFIRMED = "affirmed"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    NEGATED = "negated"


class Section(StrEnum):
    """The part of a report a sentence stands in."""

    INDICATION = "indication"
    HISTORY = "history"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    ADDENDUM = "addendum"
    RECOMMENDATION = "recommendation"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How much edema, where the report says so."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class NotRead(StrEnum):
    """Why a text could not be read; said aloud, never "no edema"."""

    LANGUAGE = "language"
    TEMPLATE = "template"
    NOT_A_REPORT = "not_a_report"


class Cue(StrEnum):
    """An explanation that the report affirms or seriously entertains (LABELS.md section 8)."""

    TRAUMA = "trauma"
    FRACTURE = "fracture"
    STRESS_FRACTURE = "stress_fracture"
    INFECTION = "infection"
    OSTEONECROSIS = "osteonecrosis"
    NEUROPATHIC = "neuropathic"
    DEGENERATIVE = "degenerative"
    INFLAMMATORY = "inflammatory"
    NEOPLASM = "neoplasm"
    POSTSURGICAL = "postsurgical"
    OSTEOCHONDRAL = "osteochondral"
    TRANSIENT_OSTEOPOROSIS = "transient_osteoporosis"
    CRPS = "crps"
    DISUSE = "disuse"
    COALITION = "coalition"
    ENTHESOPATHY = "enthesopathy"


class Modality(StrEnum):
    """A modality that a text names; only MR counts (rules.md section 2)."""

    MR = "mr"
    NOT_MR = "not_mr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence's word on one bone and side."""

    bone: Bone
    laterality: Laterality
    certainty: Certainty
    evidence: str
    start: int
    end: int
    section: Section
    severity: Severity | None = None
    replaces: bool = False  # an addendum or over-read: wins over what stands before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What the exam line and technique line of a text say of the exam itself."""

    modality: Modality | None = None
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that a text says; with a `reason` it could not be read, and only `exam` is filled in."""

    language: str  # ISO 639-1, or "und"
    reason: NotRead | None = None
    sections: tuple[Section, ...] = ()  # those that hold readable text, in order of appearance
    statements: tuple[Statement, ...] = ()
    cues: tuple[Cue, ...] = ()
    exam: Exam = Exam()
    marrow_normal: tuple[Laterality, ...] = ()  # sides whose marrow is called normal
    excluded: tuple[tuple[Bone, Laterality], ...] = ()  # out of view

    @property
    def is_supported(self) -> bool:
        """Say whether the text could be read at all."""
        return self.reason is None


def is_positive(findings: tuple[Statement, ...]) -> bool:
    """Say whether folded *findings* affirm edema in a target bone (LABELS.md section 7)."""
    return any(f.certainty is Certainty.AFFIRMED and is_target(f.bone) for f in findings)
