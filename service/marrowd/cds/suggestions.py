"""
Suggestions: what accepting a card's advice creates in the EHR, as draft FHIR R4 resources.

Plain dictionaries and not models, because cards are also drawn by `marrowd screen`, whose start
must be quick; tests build each of them with fhir.resources.R4B. No drug and no dose, ever (rules.md
section 4).
"""

import re
from typing import Any, Final
from uuid import UUID, uuid5

from marrowd.core.cards import Suggestion
from marrowd.core.facts import Unit
from marrowd.core.verdict import Verdict

LOINC: Final = "http://loinc.org"
# 25(OH)D total (D2 + D3), as mass and as amount of substance (LOINC 2.68).
_TOTAL: Final = {Unit.NG_ML: "62292-8", Unit.NMOL_L: "68438-1"}
_TEST: Final = "25-hydroxyvitamin D, total"
_DEFICIENCY: Final = "Vitamin D deficiency"
_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
# A resource of its own on the same server; a contained one ("#") cannot be pointed at from outside.
_REFERABLE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")

_LABELS: Final = {
    Suggestion.RECHECK: "Draft an order to recheck 25(OH)D",
    Suggestion.ORDER: "Draft an order for 25(OH)D now",
    Suggestion.REPEAT: "Draft an order to repeat 25(OH)D now",
    Suggestion.ADD_PROBLEM: "Add vitamin D deficiency (unconfirmed) to the problem list",
}
_WHY_ORDERED: Final = {
    Suggestion.RECHECK: "Recheck of a low 25(OH)D; the date is left to the clinician",
    Suggestion.ORDER: "Marrow edema of the foot or ankle on MRI, no recent 25(OH)D on record",
    Suggestion.REPEAT: "Marrow edema of the foot or ankle on MRI, 25(OH)D cannot be classified",
}


def suggestion_json(suggestion: Suggestion, verdict: Verdict, card: UUID) -> dict[str, Any]:
    """
    Give *suggestion* as CDS Hooks JSON with the one resource that accepting it creates.

    Its id follows from the id of the *card*, so that feedback on a card drawn twice means the same.
    """
    is_problem = suggestion is Suggestion.ADD_PROBLEM
    resource = _condition(verdict) if is_problem else _service_request(suggestion, verdict)
    label = _LABELS[suggestion]
    return {
        "label": label,
        "uuid": str(uuid5(card, suggestion)),
        "actions": [{"type": "create", "description": label, "resource": resource}],
    }


def _service_request(suggestion: Suggestion, verdict: Verdict) -> dict[str, Any]:
    """Draft the order: undated, since only the clinician knows when (rules.md section 4)."""
    level = verdict.governing
    unit = level.result.unit if level and level.result.unit else Unit.NG_ML
    request: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": LOINC, "code": _TOTAL[unit]}], "text": _TEST},
        "subject": {"reference": verdict.patient},
        "reasonCode": [{"text": _WHY_ORDERED[suggestion]}],
    }
    grounds = _references(verdict.report.ref) if verdict.report else []
    if grounds:
        request["reasonReference"] = grounds
    return request


def _condition(verdict: Verdict) -> dict[str, Any]:
    """Propose the problem: unconfirmed, since confirming it is the clinician's act."""
    condition: dict[str, Any] = {
        "resourceType": "Condition",
        "clinicalStatus": _coded("condition-clinical", "active"),
        "verificationStatus": _coded("condition-ver-status", "unconfirmed"),
        "category": [_coded("condition-category", "problem-list-item")],
        "code": {
            "coding": [
                {
                    "system": "http://hl7.org/fhir/sid/icd-10-cm",
                    "code": "E55.9",
                    "display": "Vitamin D deficiency, unspecified",
                },
                {"system": "http://snomed.info/sct", "code": "34713006", "display": _DEFICIENCY},
            ],
            "text": _DEFICIENCY,
        },
        "subject": {"reference": verdict.patient},
    }
    grounds = _references(verdict.governing.result.ref) if verdict.governing else []
    if grounds:
        condition["evidence"] = [{"detail": grounds}]
    return condition


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}


def _references(ref: str) -> list[dict[str, str]]:
    return [{"reference": ref}] if _REFERABLE.fullmatch(ref) else []
