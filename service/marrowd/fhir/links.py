"""
What ties a report to a study: references, Study UIDs, accession numbers, shared orders.

References may hold only an identifier, and an accession number is one only together with its system
(FHIR R4, Identifier). Keys are made so that two that are equal mean the same.
"""

from collections.abc import Mapping

from marrowd.core.facts import StudyLinks
from marrowd.fhir.members import Resource, codings, objects, text
from marrowd.fhir.references import UID_SYSTEM, Resolve, contained, target, token

Orders = Mapping[str, str]  # "system|value" -> "ServiceRequest/1", where somebody knows it
NO_ORDERS: Orders = {}
Identifiers = list[tuple[str, set[str]]]  # "system|value" and its types

_UID_URN = "urn:oid:"
_ACCESSION = "ACSN"  # terminology.hl7.org/CodeSystem/v2-0203: accession id


def study_links(
    resource: Resource, *, ref: str, resolve: Resolve, orders: Orders = NO_ORDERS
) -> StudyLinks:
    """Give the keys of an ImagingStudy."""
    uids, others = _identifiers(resource.get("identifier"))
    plain = [one for one, kinds in others if not kinds or _ACCESSION in kinds]
    return StudyLinks(
        studies=(ref,),
        uids=tuple(uids),
        accessions=tuple(plain),
        based_on=_orders(resource, resolve, orders, others),
    )


def report_links(
    resource: Resource, *, ref: str, resolve: Resolve, orders: Orders = NO_ORDERS
) -> StudyLinks:
    """
    Give the keys of a DiagnosticReport.

    Any identifier of it may be the accession number of its study: it counts as one only if the
    study has the same number under the same system.
    """
    uids, others = _identifiers(resource.get("identifier"))
    accessions = [one for one, _ in others]
    studies = []
    for reference in objects(resource.get("imagingStudy")):
        to = target(reference, resolve=resolve)
        if to.ref is not None:
            studies.append(to.ref)
        elif to.contained is not None:
            # A contained study is a fact of the report's own: `contained_study`.
            studies.append(ref)
        elif to.urn is not None and to.urn.startswith(_UID_URN):
            uids.append(to.urn.removeprefix(_UID_URN))
        more_uids, more = _identifiers(reference.get("identifier"))
        uids += more_uids
        accessions += [one for one, _ in more]
    return StudyLinks(
        studies=tuple(dict.fromkeys(studies)),
        uids=tuple(dict.fromkeys(uids)),
        accessions=tuple(dict.fromkeys(accessions)),
        based_on=_orders(resource, resolve, orders, others),
    )


def _orders(
    resource: Resource, resolve: Resolve, orders: Orders, identifiers: Identifiers
) -> tuple[str, ...]:
    """Give what was ordered, and the order that has an identifier of the resource."""
    keys: list[str] = []
    inside = contained(resource)
    for reference in objects(resource.get("basedOn")):
        to = target(reference, resolve=resolve)
        if to.contained in inside:
            _, others = _identifiers(inside[to.contained].get("identifier"))
            keys += [one for one, _ in others]
        named = orders.get(to.identifier) if to.identifier else None
        keys += [key for key in (to.ref or to.urn, to.identifier, named) if key]
    keys += [orders[one] for one, _ in identifiers if one in orders]
    return tuple(dict.fromkeys(keys))


def _identifiers(given: object) -> tuple[list[str], Identifiers]:
    """Give the Study UIDs, and the other identifiers as "system|value" with their types."""
    uids: list[str] = []
    others: Identifiers = []
    for identifier in objects(given):
        key = token(identifier)
        if key is None:
            continue
        value = text(identifier.get("value"))
        if text(identifier.get("system")) == UID_SYSTEM:
            uids.append(value.removeprefix(_UID_URN))
        else:
            others.append((key, {c.code for c in codings(identifier.get("type")) if c.code}))
    return uids, others
