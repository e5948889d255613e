"""
The facts of one call: resources sent along or fetched, read by the same readers as events are.

A resource that cannot be of use gives no fact. Of two that are the same version the stored one
stands, unless what came with the call holds a text that could not be fetched before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from marrowd.core.facts import Fact, newest
from marrowd.fhir.attachments import Attachments
from marrowd.fhir.facts import Extraction, Irrelevant, facts_from, is_empty
from marrowd.fhir.members import Resource, kind, text
from marrowd.fhir.needs import Needs, needs
from marrowd.fhir.references import Resolve, refs

REPORT = "DiagnosticReport"


def read_facts(
    resources: Sequence[Resource],
    *,
    patient: str,
    extraction: Extraction,
    resolve: Resolve,
    attachments: Attachments | None = None,
) -> tuple[Fact, ...]:
    """
    Read *resources*, all of *patient* ("Patient/1").

    Args:
        resources: as parsed with exact numbers.
        patient: whose they are, as the caller has made sure.
        extraction: how resources are read.
        resolve: explains the fullUrls of the Bundles that came with the call.
        attachments: contents of presented forms, by url.
    """
    how = replace(extraction, resolve=resolve)
    listed = set(_listed(resources, resolve))
    facts = (
        facts_from(
            resource,
            patient=patient,
            extraction=how,
            attachments=attachments,
            is_listed=_ref(resource) in listed,
        )
        for resource in resources
    )
    return tuple(newest(fact for fact in facts if not isinstance(fact, Irrelevant)))


def needs_of(
    resources: Sequence[Resource], *, extraction: Extraction, resolve: Resolve
) -> list[Needs]:
    """Say what the reports among *resources* need that did not come along with them."""
    sent = {_ref(resource) for resource in resources}
    wanted = []
    for resource in resources:
        found = needs(resource, extraction.codes, resolve=resolve)
        missing = Needs(
            contents=found.contents,
            observations=tuple(ref for ref in found.observations if ref not in sent)
            if found.contents or found.studies
            else (),
            studies=tuple(ref for ref in found.studies if ref not in sent),
        )
        if not missing.is_nothing:
            wanted.append(missing)
    return wanted


def merged(stored: Iterable[Fact], called: Iterable[Fact]) -> tuple[Fact, ...]:
    """
    Join what is stored with what the call brought; the newest version of each resource speaks.

    Stored problems and orders are left out: no notification keeps them current, so that a problem
    resolved or an order done long ago would still speak.
    """
    best = {fact.ref: fact for fact in stored if not fact.is_background}
    for fact in called:
        known = best.get(fact.ref)
        if known is None or fact.says_more_than(known):
            best[fact.ref] = fact
    return tuple(best[ref] for ref in sorted(best))


def newer_than_stored(stored: Mapping[str, Fact], called: Iterable[Fact]) -> list[Fact]:
    """Give the facts of the call that the stored evidence does not know yet."""
    return [
        fact
        for fact in called
        if not fact.is_background
        and (
            fact.version.order > stored[fact.ref].version.order
            if fact.ref in stored
            else not is_empty(fact)
        )
    ]


def _listed(resources: Iterable[Resource], resolve: Resolve) -> Iterable[str]:
    for resource in resources:
        if resource.get("resourceType") == REPORT:
            yield from refs(resource.get("result"), "Observation", resolve=resolve)


def _ref(resource: Resource) -> str:
    return f"{kind(resource)}/{text(resource.get('id'))}"
