"""
The id of a card: the same advice on the same evidence has the same id, today and after a restart.

What is in it is what the advice stands on. What is not in it (a clock, the rules version, the
version of a resource) may change without the advice becoming another.
"""

import json
from datetime import UTC
from decimal import Decimal
from uuid import UUID, uuid5

from marrowd.core.anatomy import is_target
from marrowd.core.facts import When
from marrowd.core.verdict import ImagingReport, Level, Verdict

# Made once for this purpose; changing it would give every card that is posted another id.
NAMESPACE = UUID("b1f6a1f4-6a0e-5d0e-9c58-0f6a3a1f7c11")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def card_id(source: str, verdict: Verdict) -> UUID:
    """
    Name the advice that *verdict* gives.

    Args:
        source: the configured name of the EHR, empty where there is none.
        verdict: of any kind; only some have a card.
    """
    evidence = {
        "source": source,
        "patient": verdict.patient,
        "verdict": verdict.kind,
        "severity": verdict.severity,
        "policy": verdict.policy.name,
        "result": None if verdict.governing is None else _level(verdict.governing),
        "report": None if verdict.report is None else _report(verdict.report),
        "unclassifiable": sorted({result.ref for result in verdict.unclassifiable}),
        "conditions": sorted(ref for ref, _ in verdict.pains),
    }
    return uuid5(NAMESPACE, _CANONICAL.encode(evidence))


def _level(level: Level) -> list[str | None]:
    result = level.result
    return [
        result.ref,
        None if result.value is None else _number(result.value),
        result.comparator,
        result.unit,
        _time(result.when),
    ]


def _number(value: Decimal) -> str:
    """Write *value* so that 14, 14.0 and 1.4E1 are one number: servers rewrite them in transit."""
    return f"{value.normalize():f}"


def _report(report: ImagingReport) -> list[object]:
    findings = sorted(
        (finding.statement.bone, finding.statement.laterality, finding.statement.certainty)
        for finding in report.findings
        if is_target(finding.statement.bone) and not finding.is_superseded
    )
    return [report.ref, _time(report.when), findings]


def _time(when: When) -> str | None:
    if when.instant is not None:
        return when.instant.astimezone(UTC).isoformat()
    return None if when.year is None else str(when.year)
