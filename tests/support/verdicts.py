"""Builders of verdicts for the tests of cards: a plain case each, taking what is different."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.facts import (
    Analyte,
    Order,
    Problem,
    Standing,
    Unit,
    VitaminDResult,
    When,
)
from marrowd.core.policy import Cutoffs, Policy, VitaminDClass
from marrowd.core.reading import Certainty, Cue, Section, Severity, Statement
from marrowd.core.verdict import Finding, ImagingReport, Level, Verdict, VerdictKind

POLICY = Policy(
    name="endocrine-2011",
    source="Holick et al., JCEM 2011",
    note="The Endocrine Society no longer endorses these cut-offs (2024).",
    ng_ml=Cutoffs(
        deficient_below=Decimal(20), sufficient_from=Decimal(30), excess_from=Decimal(100)
    ),
    nmol_l=Cutoffs(
        deficient_below=Decimal(50), sufficient_from=Decimal(75), excess_from=Decimal(250)
    ),
)
WITH_CARD = (
    VerdictKind.ASSOCIATION,
    VerdictKind.POSSIBLE_ASSOCIATION,
    VerdictKind.VITAMIN_D_MISSING,
    VerdictKind.VITAMIN_D_INDETERMINATE,
    VerdictKind.REPORT_UNREADABLE,
    VerdictKind.CONSIDER_MRI,
)
WITH_LEVEL = (
    VerdictKind.ASSOCIATION,
    VerdictKind.POSSIBLE_ASSOCIATION,
    VerdictKind.REPORT_UNREADABLE,
    VerdictKind.CONSIDER_MRI,
)
WITH_FINDINGS = (
    VerdictKind.ASSOCIATION,
    VerdictKind.POSSIBLE_ASSOCIATION,
    VerdictKind.VITAMIN_D_MISSING,
    VerdictKind.VITAMIN_D_INDETERMINATE,
)
DEFICIENT = VitaminDClass.DEFICIENT
INSUFFICIENT = VitaminDClass.INSUFFICIENT


def noon(day: str) -> When:
    """A date as it is placed: its noon."""
    return When(instant=datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC))


def result(
    value: str | None = "14", unit: Unit | None = Unit.NG_ML, **changed: Any
) -> VitaminDResult:
    """A final 25(OH)D result."""
    given: dict[str, Any] = {
        "ref": "Observation/1",
        "version": "2",
        "analyte": Analyte.TOTAL,
        "standing": Standing.COUNTS,
        "status": "final",
        "when": noon("2026-01-12"),
        "value": None if value is None else Decimal(value),
        "unit": unit,
    }
    return VitaminDResult(**(given | changed))


def level(
    value: str = "14",
    unit: Unit = Unit.NG_ML,
    vitamin_d_class: VitaminDClass = DEFICIENT,
    *,
    day: str = "2026-01-12",
    is_summed: bool = False,
    is_late: bool = False,
    **changed: Any,
) -> Level:
    """A classified result of 2026-01-12."""
    return Level(
        result=result(value, unit, when=noon(day), **changed),
        vitamin_d_class=vitamin_d_class,
        day=date.fromisoformat(day),
        is_summed=is_summed,
        is_late=is_late,
    )


def finding(
    bone: Bone = Bone.TALUS,
    side: Laterality = Laterality.LEFT,
    certainty: Certainty = Certainty.AFFIRMED,
    *,
    text: str = "Marrow edema in the talar dome.",
    start: int = 0,
    piece: str = "conclusion",
    severity: Severity | None = None,
    is_superseded: bool = False,
) -> Finding:
    """A finding of the left talus, affirmed."""
    return Finding(
        statement=Statement(
            bone=bone,
            laterality=side,
            certainty=certainty,
            evidence=text,
            start=start,
            end=start + len(text),
            section=Section.IMPRESSION,
            severity=severity,
        ),
        piece=piece,
        is_superseded=is_superseded,
    )


def report(*findings: Finding, cues: tuple[Cue, ...] = (), **changed: Any) -> ImagingReport:
    """A final report of 2026-02-01 on the left talus, unless *findings* say otherwise."""
    given: dict[str, Any] = {
        "ref": "DiagnosticReport/7",
        "version": "1",
        "standing": Standing.COUNTS,
        "status": "final",
        "when": noon("2026-02-01"),
        "day": date(2026, 2, 1),
        "issued": None,
        "study": None,
        "findings": findings,
        "cues": cues,
    }
    return ImagingReport(**(given | changed))


def verdict(kind: VerdictKind = VerdictKind.ASSOCIATION, **changed: Any) -> Verdict:
    """A plain verdict of *kind*, with what `screen` puts into one of that kind."""
    has_level = kind in WITH_LEVEL
    certainty = (
        Certainty.POSSIBLE if kind is VerdictKind.POSSIBLE_ASSOCIATION else Certainty.AFFIRMED
    )
    given: dict[str, Any] = {
        "kind": kind,
        "policy": POLICY,
        "rules_version": "2026.1",
        "patient": "Patient/1",
        "severity": DEFICIENT if has_level else None,
        "governing": level() if has_level else None,
        "latest": level() if has_level else None,
    }
    if kind in WITH_FINDINGS:
        given["report"] = report(finding(certainty=certainty))
    if kind is VerdictKind.REPORT_UNREADABLE:
        given["report"] = report(unreadable="scan")
    if kind is VerdictKind.VITAMIN_D_INDETERMINATE:
        given["unclassifiable"] = (result("40", comparator="<"),)
    if kind is VerdictKind.CONSIDER_MRI:
        given["pains"] = (("Condition/3", pain("2025-09-01")),)
    return Verdict(**(given | changed))


def pain(since: str | None) -> Problem:
    """Foot pain, active since a day."""
    return Problem(
        is_pain=True,
        is_vitamin_d_deficiency=False,
        is_active=True,
        since=noon(since) if since else None,
    )


def open_order() -> tuple[tuple[str, Order], ...]:
    """An open order for 25(OH)D."""
    return (("ServiceRequest/5", Order(is_vitamin_d=True, is_foot_mr=False, is_open=True)),)
