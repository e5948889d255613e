"""
What is being signed: whether the draft orders make this a moment for the card, and what they hold.

Orders arrive as any FHIR type, of any shape; nothing about them is taken for granted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marrowd.core.reading import Modality
from marrowd.fhir.exams import of_body_site, of_concept
from marrowd.fhir.members import codings, obj, objects, status, title
from marrowd.fhir.orders import is_vitamin_d_order
from marrowd.fhir.references import contained, target
from marrowd.rules.codes import Codes
from marrowd.rules.orders import OrderRules

_LET_GO: Final = frozenset({"cancelled", "revoked", "entered-in-error", "stopped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What the draft orders of a call hold."""

    is_relevant: bool = False  # any of them is about bone, foot or vitamin D
    has_vitamin_d_test: bool = False  # 25(OH)D is being ordered
    has_foot_mr: bool = False  # an MRI of the foot or ankle is being ordered

    def joined(self, other: "Drafts") -> "Drafts":
        """Give what both hold."""
        return Drafts(
            is_relevant=self.is_relevant or other.is_relevant,
            has_vitamin_d_test=self.has_vitamin_d_test or other.has_vitamin_d_test,
            has_foot_mr=self.has_foot_mr or other.has_foot_mr,
        )


NO_DRAFTS: Final = Drafts()


def drafts_of(orders: Iterable[Mapping[str, Any]], *, codes: Codes, rules: OrderRules) -> Drafts:
    """Look at the *orders* being signed."""
    found = NO_DRAFTS
    for order in orders:
        resource = dict(order)
        if status(resource) in _LET_GO or resource.get("doNotPerform") is True:
            continue
        found = found.joined(_of_service(resource, codes))
        if _is_bone_drug(resource, codes, rules):
            found = found.joined(Drafts(is_relevant=True))
    return found


def _of_service(order: dict[str, Any], codes: Codes) -> Drafts:
    """Read an order of something to be done: a ServiceRequest, or what looks like one."""
    concept = obj(order.get("code"))
    concept = concept["concept"] if isinstance(concept.get("concept"), dict) else concept
    is_test = is_vitamin_d_order(concept, codes)
    exam = of_concept(concept, codes)
    sites = [of_body_site(site, codes) for site in objects(order.get("bodySite"))]
    is_foot = exam.is_foot or any(site.is_foot for site in sites)
    is_imaging = exam.modality is not None
    return Drafts(
        is_relevant=is_test or (is_foot and is_imaging),
        has_vitamin_d_test=is_test,
        has_foot_mr=is_foot and exam.modality is Modality.MR,
    )


def _is_bone_drug(order: dict[str, Any], codes: Codes, rules: OrderRules) -> bool:
    """Say whether a medication is vitamin D or against bone loss, by code or by name."""
    for concept in _concepts(order):
        if is_vitamin_d_order(concept, codes):
            return False  # the test, which carries the vitamin's name too
        if any(rules.of_code(c.system, c.code) is not None for c in codings(concept)):
            return True
        names = (title(concept), *(coding.display for coding in codings(concept)))
        if any(rules.of_name(name) is not None for name in names):
            return True
    return False


def _concepts(order: dict[str, Any]) -> list[object]:
    """Give what an order calls its medication, in the places R4 and R5 have for it."""
    medication = obj(order.get("medication"))
    reference = obj(order.get("medicationReference")) or obj(medication.get("reference"))
    found: list[object] = [
        order.get("medicationCodeableConcept"),
        medication.get("concept"),
        order.get("code"),
        obj(order.get("oralDiet")).get("type"),
        obj(order.get("supplement")).get("type"),
    ]
    found += [one.get("type") for one in objects(order.get("supplement"))]
    inside = contained(order).get(target(reference).contained or "")
    if inside is not None:
        found.append(inside.get("code"))
    display = reference.get("display")
    if isinstance(display, str):
        found.append({"text": display})
    return [concept for concept in found if concept]
