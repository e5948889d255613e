"""
The verdict: the decision on one patient and everything it stood on, as a value.

`screen()` returns it; cards are drawn from it; the store keeps it. "No card" is a verdict with a
reason too.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from marrowd.core.anatomy import Bone, Laterality, Region
from marrowd.core.facts import Order, Problem, Standing, Unreadable, VitaminDResult, When
from marrowd.core.policy import Policy, VitaminDClass
from marrowd.core.reading import Cue, Statement

_NEVER = datetime.min.replace(tzinfo=UTC)


class VerdictKind(StrEnum):
    """The rows of the verdict table in the order in which they are tried; a metric label too."""

    ASSOCIATION = "association"
    POSSIBLE_ASSOCIATION = "possible_association"
    REPLETED = "repleted"
    VITAMIN_D_MISSING = "vitamin_d_missing"
    VITAMIN_D_INDETERMINATE = "vitamin_d_indeterminate"
    REPORT_UNREADABLE = "report_unreadable"
    REPORT_PENDING = "report_pending"
    VITAMIN_D_SUFFICIENT = "vitamin_d_sufficient"
    EDEMA_ABSENT = "edema_absent"
    CONSIDER_MRI = "consider_mri"
    NOTHING_RELEVANT = "nothing_relevant"


class Pattern(StrEnum):
    """How the card's report compares with earlier ones."""

    RECURRENT = "recurrent"
    PERSISTENT = "persistent"
    MIGRATORY = "migratory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A classifiable level: one result, or D3 and D2 of one draw summed and said as the D3's."""

    result: VitaminDResult  # value and comparator are those of the sum when `summed`
    vitamin_d_class: VitaminDClass
    day: date  # local
    is_summed: bool = False
    is_late: bool = False  # as governing result: taken after the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A folded statement of one report about one bone and side, with the text it stands in."""

    statement: Statement
    piece: str  # `Piece.where`
    is_superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingReport:
    """A foot/ankle MR report, joined with its study and out of its texts."""

    ref: str
    version: str | None
    standing: Standing
    status: str
    when: When  # study start, else effective, else issued
    day: date | None
    issued: datetime | None
    study: str | None  # ref of the linked ImagingStudy that gives the date
    studies: tuple[str, ...] = ()  # every ImagingStudy it is linked to
    exam: str = ""  # reports with one exam are of the same study, known to us or not
    findings: tuple[Finding, ...] = ()
    cues: tuple[Cue, ...] = ()
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN
    marrow_normal: tuple[Laterality, ...] = ()
    excluded: tuple[tuple[Bone, Laterality], ...] = ()
    unreadable: str | None = None  # set when no text of it could be read, or it has no valid date

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """A key that sorts reports from the oldest to the newest: study, then issued, then id."""
        return (self.when.instant or _NEVER, self.issued or _NEVER, self.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Which of problem list and open orders could be looked at: advice rests on no other."""

    problems: bool = True
    orders: bool = True


ALL_CHECKED: Final = Checked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision on one patient and everything it stood on."""

    kind: VerdictKind
    policy: Policy
    rules_version: str
    patient: str
    severity: VitaminDClass | None = None
    pattern: Pattern | None = None
    governing: Level | None = (
        None  # of the card's report; nearest low for report_unreadable; latest for consider_mri
    )
    latest: Level | None = None
    report: ImagingReport | None = None  # the one the card speaks of
    older: Level | None = None  # vitamin_d_missing: an older result, if there is one
    unclassifiable: tuple[VitaminDResult, ...] = ()  # vitamin_d_indeterminate: what was there
    pains: tuple[tuple[str, Problem], ...] = ()  # consider_mri: (ref, problem)
    reports: tuple[ImagingReport, ...] = ()  # counting readable reports within recency
    unreadable: tuple[Unreadable, ...] = ()
    open_orders: tuple[tuple[str, Order], ...] = ()
    has_deficiency_on_problem_list: bool = False
    recheck_at: datetime | None = None
