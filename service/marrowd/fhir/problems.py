"""A Condition of the problem list: foot or ankle pain, or vitamin D deficiency, and since when."""

from datetime import tzinfo

from marrowd.core.facts import Problem, When
from marrowd.fhir.dates import optional
from marrowd.fhir.members import Resource, codings, obj, text
from marrowd.rules.codes import Codes, ProblemRole

# hl7.org/fhir/R4/valueset-condition-clinical: the codes that mean "there now".
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_WITHDRAWN = "entered-in-error"
_NOT_TRUE = frozenset({"refuted", _WITHDRAWN})


def problem(resource: Resource, *, codes: Codes, zone: tzinfo) -> Problem | None:
    """Read a Condition; None when it does not matter here, or is withdrawn."""
    if is_problem_withdrawn(resource):
        return None
    found = problem_roles(resource, codes)
    if not found:
        return None
    clinical = _status_codes(resource.get("clinicalStatus"))
    return Problem(
        is_pain=ProblemRole.PAIN in found,
        is_vitamin_d_deficiency=ProblemRole.VITAMIN_D_DEFICIENCY in found,
        is_active=bool(clinical & _ACTIVE)
        and not _status_codes(resource.get("verificationStatus")) & _NOT_TRUE,
        since=_since(resource, zone),
    )


def problem_roles(resource: Resource, codes: Codes) -> set[ProblemRole]:
    """Give what the codes of a Condition mean."""
    found = {codes.problem(c.system, c.code) for c in codings(resource.get("code"))}
    return {role for role in found if role is not None}


def is_problem_withdrawn(resource: Resource) -> bool:
    """Say whether a Condition was entered in error."""
    return _WITHDRAWN in _status_codes(resource.get("verificationStatus"))


def _status_codes(concept: object) -> set[str]:
    if isinstance(concept, str):
        return {text(concept)}
    return {c.code for c in codings(concept)}


def _since(resource: Resource, zone: tzinfo) -> When | None:
    """Onset, else recorded; an onset given as an age or in words cannot be placed."""
    onset = optional(resource.get("onsetDateTime"), zone=zone)
    if onset is None:
        onset = optional(obj(resource.get("onsetPeriod")).get("start"), zone=zone)
    return onset if onset is not None else optional(resource.get("recordedDate"), zone=zone)
