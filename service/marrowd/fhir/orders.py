"""A ServiceRequest: whether 25(OH)D or an MR of the foot is already asked for."""

import re
from collections.abc import Iterable

from marrowd.core.facts import Order
from marrowd.core.reading import Modality
from marrowd.fhir.codings import analyte, vitamin_d_roles
from marrowd.fhir.exams import of_concept
from marrowd.fhir.members import Resource, obj, objects, status, title
from marrowd.fhir.references import is_id, token
from marrowd.rules.codes import Codes, Role

_OPEN = frozenset({"active", "draft"})  # hl7.org/fhir/R4/valueset-request-status
_WITHDRAWN = "entered-in-error"
# Local order catalogues rarely carry LOINC; a name that says 25-hydroxy is enough to not ask twice.
_NAMED = re.compile(r"(?<![\d,])25[\s-]*(?:\(?OH\)?|hydroxy)", re.IGNORECASE)
_ORDERED = frozenset({Role.TOTAL, Role.D3, Role.D2, Role.GREY, Role.PANEL})


def order(resource: Resource, *, codes: Codes) -> Order | None:
    """Read a ServiceRequest; None when it asks for neither, or is withdrawn."""
    if is_order_withdrawn(resource):
        return None
    concept = obj(resource.get("code"))
    concept = concept["concept"] if isinstance(concept.get("concept"), dict) else concept
    wanted = of_concept(concept, codes)
    vitamin_d = is_vitamin_d_order(concept, codes)
    foot_mr = wanted.is_foot and wanted.modality is Modality.MR
    if not (vitamin_d or foot_mr):
        return None
    is_open = status(resource) in _OPEN and resource.get("doNotPerform") is not True
    return Order(is_vitamin_d=vitamin_d, is_foot_mr=foot_mr, is_open=is_open)


def orders_by_identifier(resources: Iterable[Resource]) -> dict[str, str]:
    """Give the ServiceRequest behind each identifier that only one of them carries."""
    found: dict[str, str | None] = {}
    for resource in resources:
        ident = resource.get("id")
        if resource.get("resourceType") == "ServiceRequest" and is_id(ident):
            for identifier in objects(resource.get("identifier")):
                key = token(identifier)
                if key is not None:
                    found[key] = None if key in found else f"ServiceRequest/{ident}"
    return {key: ref for key, ref in found.items() if ref is not None}


def is_vitamin_d_order(concept: object, codes: Codes) -> bool:
    """Say whether an order's code, or failing codes its name, asks for 25(OH)D."""
    if analyte(concept, codes) is not None:
        return True
    known = vitamin_d_roles(concept, codes)
    if known:
        return any(code.role in _ORDERED for code in known)
    return _NAMED.search(title(concept)) is not None


def is_order_withdrawn(resource: Resource) -> bool:
    """Say whether a ServiceRequest was entered in error."""
    return status(resource) == _WITHDRAWN
