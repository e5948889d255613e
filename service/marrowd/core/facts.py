"""
Facts: what one version of one FHIR resource says that matters here, and nothing else.

A `Fact` is the unit that is stored, replaced by a newer version of itself, and handed to the
timeline. It is built by `fhir/` from one resource (plus texts fetched for it) and is plain data: no
raw record, only values, dates, links and quoted spans. Facts need no order: see `Version`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.reading import Modality, Reading


class Standing(StrEnum):
    """Whether a resource may be used."""

    COUNTS = "counts"
    HELD = "held"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    The place of one version among all versions of its resource.

    Compared pair by pair: `last_updated` as an instant (None = oldest), `version_id` as a number
    (None = least), a withdrawn version after the others at a tie (it wins), then `digest`, the
    SHA-256 of the canonical JSON.
    """

    last_updated: datetime | None = None
    version_id: int | None = None
    is_withdrawn: bool = False
    digest: str = ""

    def __post_init__(self) -> None:
        """Refuse a naive time: two versions could then not be compared."""
        if self.last_updated is not None and self.last_updated.tzinfo is None:
            message = "last_updated must be aware"
            raise ValueError(message)

    @property
    def order(self) -> tuple[bool, datetime, bool, int, bool, str]:
        """A key that sorts versions of one resource from oldest to newest."""
        return (
            self.last_updated is not None,
            self.last_updated or datetime.min.replace(tzinfo=UTC),
            self.version_id is not None,
            self.version_id or 0,
            self.is_withdrawn,
            self.digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """
    A clinical time as exactly as it was given.

    `instant` (aware; noon or the 15th already filled in) when it can be placed; else `year` when
    only a year was given; else neither: an unreadable date.
    """

    instant: datetime | None = None
    year: int | None = None

    def __post_init__(self) -> None:
        """
        Refuse a naive instant, and drop a time at the very ends of the calendar.

        There, moving to another zone or a window further can leave the calendar and raise; no
        clinical time lies there, so such a time counts as one that cannot be placed.
        """
        if self.instant is not None:
            if self.instant.tzinfo is None:
                message = "instant must be aware"
                raise ValueError(message)
            if not MINYEAR + 1 < self.instant.year < MAXYEAR - 1:
                object.__setattr__(self, "instant", None)
        if self.year is not None and not MINYEAR + 1 < self.year < MAXYEAR - 1:
            object.__setattr__(self, "year", None)

    def day(self, zone: tzinfo) -> date | None:
        """Give the local calendar day in *zone*, or None when it cannot be placed."""
        return None if self.instant is None else self.instant.astimezone(zone).date()


class Analyte(StrEnum):
    """Which form of 25-hydroxyvitamin D a code measures (`rules/codes.toml`)."""

    TOTAL = "total"
    D3 = "d3"
    D2 = "d2"


class Unit(StrEnum):
    """The two units in which thresholds are printed; pmol/L is converted to nmol/L when read."""

    NG_ML = "ng/mL"
    NMOL_L = "nmol/L"


@dataclass(frozen=True, slots=True, kw_only=True)
class VitaminDResult:
    """One 25(OH)D number, or the attempt at one, in an Observation or a component of one."""

    ref: str  # "Observation/1", also of its components; contained: "DiagnosticReport/1#a"
    version: str | None  # meta.versionId as given
    analyte: Analyte
    standing: Standing
    status: str
    when: When
    value: Decimal | None = None  # as reported; None when unreadable or absent
    comparator: str | None = None  # "<", "<=", ">", ">="
    unit: Unit | None = None
    reported_value: Decimal | None = None  # where the unit was written otherwise, both as written
    reported_unit: str = ""
    unreadable: str | None = None  # "value", "unit", "implausible", "date"
    specimen: str | None = None  # reference or identifier key of the specimen
    is_unit_unlike_code: bool = False  # the code's property contradicts the unit: said on the card


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One text of a report and where it came from."""

    where: str  # "presentedForm[0]", "conclusion", "Observation/9", "text"
    reading: Reading | None = None
    unreadable: str | None = None  # "scan", "type", "not_fetched", "broken", "language", "no_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLinks:
    """What ties a report to a study; its values are keys to compare."""

    studies: tuple[str, ...] = ()  # "ImagingStudy/1"; on a study: its own ref
    uids: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()  # "system|value"
    based_on: tuple[str, ...] = ()  # "ServiceRequest/1" or "system|value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """An ImagingStudy."""

    status: str
    standing: Standing
    started: When | None
    modality: Modality | None  # None: the resource states none
    is_foot: bool
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN
    links: StudyLinks = StudyLinks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A DiagnosticReport that may be an imaging report; the timeline joins what its study says."""

    status: str
    standing: Standing
    effective: When | None
    issued: When | None
    modality: Modality | None  # by code or title; the texts' own word is in their readings
    is_foot: bool  # by code, body site or title
    is_radiology: bool = False  # by category; lets a report join a study by day alone
    is_elsewhere: bool = False  # title or exam line name another part of the body: not by day
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN
    links: StudyLinks = StudyLinks()
    pieces: tuple[Piece, ...] = ()  # presentedForm in order, conclusion, narrative last
    results: tuple[str, ...] = ()  # refs of result Observations whose text belongs to this report


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A Condition of the problem list."""

    is_pain: bool  # foot or ankle pain by code
    is_vitamin_d_deficiency: bool  # E55.9 or SNOMED 34713006
    is_active: bool  # active, recurrence or relapse; neither refuted nor entered in error
    since: When | None  # onset, else recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A ServiceRequest."""

    is_vitamin_d: bool  # asks for 25(OH)D
    is_foot_mr: bool
    is_open: bool  # active or draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A resource, or a part of it, that could not be read, and why."""

    ref: str
    reason: str  # scan, language, no_text, type, not_fetched, ..., as `marrowd screen` lists it


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    What one version of one resource says.

    A fact without any part is a tombstone: it still replaces older versions of its resource.
    """

    ref: str  # "Observation/1"
    patient: str  # "Patient/1"
    version: Version
    version_id: str | None = None  # meta.versionId as given
    rules: str = ""  # the rules version that read it
    results: tuple[VitaminDResult, ...] = ()
    lists: tuple[str, ...] = ()  # Observation refs that a DiagnosticReport lists: one draw
    study: Study | None = None
    report: Report | None = None
    text: Piece | None = None  # an Observation that holds report text
    problem: Problem | None = None
    order: Order | None = None
    merged_into: str | None = None  # of a Patient: "Patient/2", the record that stands for it now
    unreadable: tuple[Unreadable, ...] = field(default=())

    @property
    def not_fetched(self) -> int:
        """How many texts of it could not be fetched: another look may bring them."""
        pieces = self.report.pieces if self.report is not None else ()
        return sum(piece.unreadable == "not_fetched" for piece in pieces)

    @property
    def is_background(self) -> bool:
        """Whether it is of the problem list or an order: no notification keeps those current."""
        return self.problem is not None or self.order is not None

    def says_more_than(self, other: "Fact") -> bool:
        """Say whether it is newer, or the same version and had more of its texts."""
        mine, others = self.version.order, other.version.order
        return mine > others or (mine == others and self.not_fetched < other.not_fetched)


def newest(facts: Iterable[Fact]) -> list[Fact]:
    """Keep the newest version of each resource, sorted by ref: whatever order they came in."""
    best: dict[str, Fact] = {}
    for fact in facts:
        seen = best.get(fact.ref)
        if seen is None or fact.version.order > seen.version.order:
            best[fact.ref] = fact
    return [best[ref] for ref in sorted(best)]
