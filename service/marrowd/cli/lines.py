"""
A verdict as one line of `marrowd screen`: the contract's members, always in the same bytes.

Numbers are written as they were reported, not through a float.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from marrowd.core.verdict import ImagingReport, Level, Verdict

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def line_of(
    verdict: Verdict, *, cards: Sequence[Mapping[str, Any]], dates: Mapping[str, str]
) -> bytes:
    """
    Write *verdict*, with the line end.

    Args:
        verdict: of one patient.
        cards: as a patient-view hook would return them.
        dates: of results by their ref, as reported.
    """
    unreadable = sorted({(entry.ref, entry.reason) for entry in verdict.unreadable})
    findings = [finding for report in verdict.reports for finding in _findings(report)]
    record = {
        "patient": verdict.patient,
        "verdict": verdict.kind,
        "severity": verdict.severity,
        "pattern": verdict.pattern,
        "governing_result": _result(verdict.governing, dates),
        "findings": sorted(findings, key=_finding_order),
        "unreadable": [{"ref": ref, "reason": reason} for ref, reason in unreadable],
        "cards": cards,
        "policy": verdict.policy.name,
        "rules": verdict.rules_version,
    }
    try:
        return orjson.dumps(record, default=_digits, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # What has no UTF-8 form (a lone surrogate that came in by an escape) is written as "?".
        return f"{_object(record)}\n".encode("utf-8", "replace")


def _digits(value: object) -> orjson.Fragment:
    """Write a Decimal as its own digits."""
    if not isinstance(value, Decimal):
        raise TypeError
    return orjson.Fragment(format(value, "f"))


def _result(level: Level | None, dates: Mapping[str, str]) -> dict[str, object] | None:
    if level is None:
        return None
    result = level.result
    return {
        "ref": result.ref,
        "version": result.version,
        "value": result.value if result.reported_value is None else result.reported_value,
        "comparator": result.comparator,
        "unit": result.reported_unit or result.unit,
        "class": level.vitamin_d_class,
        "date": dates.get(result.ref, level.day.isoformat()),
        "status": result.status,
        "late": level.is_late,
    }


def _findings(report: ImagingReport) -> list[dict[str, Any]]:
    return [
        {
            "bone": finding.statement.bone,
            "laterality": finding.statement.laterality,
            "certainty": finding.statement.certainty,
            "evidence": finding.statement.evidence,
            "start": finding.statement.start,
            "end": finding.statement.end,
            "section": finding.statement.section,
            "severity": finding.statement.severity,
            "report": report.ref,
            "piece": finding.piece,
        }
        for finding in report.findings
    ]


def _finding_order(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    # Beyond the contract's order only what keeps equal ones in one order.
    names = ("report", "start", "bone", "laterality", "piece", "end", "certainty")
    return tuple(finding[name] for name in names)


def _object(members: Mapping[str, object]) -> str:
    """Write an object as orjson does, and any string in it."""
    return "{" + ",".join(f"{_text(name)}:{_text(value)}" for name, value in members.items()) + "}"


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return _object(value)
    return _ENCODER.encode(value)
