"""
One FHIR resource to one `Fact`: the single way in for `screen`, the worker and the hooks.

    ignored_because(resource)   a cheap look, from types and codes alone
    needs(resource)             what must be at hand to read it (needs.py)
    subject_of(resource)        whose it is (subjects.py)
    facts_from(resource, ...)   the fact

A version that says nothing of interest still gives a fact, an empty one: a laboratory that recodes
a result must take the old one away. Whoever keeps facts may drop an empty one that replaces
nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from marrowd.core.facts import Fact, Piece, Standing, Version
from marrowd.fhir.attachments import Attachments
from marrowd.fhir.links import Orders
from marrowd.fhir.members import Resource, kind, objects, status
from marrowd.fhir.narratives import observation_text, section_of
from marrowd.fhir.observations import (
    contained_results,
    is_emptied,
    is_vitamin_d,
    observation_standing,
    vitamin_d_results,
)
from marrowd.fhir.orders import is_order_withdrawn, order
from marrowd.fhir.problems import is_problem_withdrawn, problem, problem_roles
from marrowd.fhir.references import Resolve, is_id, nowhere, refs, target
from marrowd.fhir.reports import (
    ReportContext,
    ReportReader,
    contained_study,
    piece,
    report,
)
from marrowd.fhir.studies import study, study_standing
from marrowd.fhir.texts import TextOf, text_of
from marrowd.fhir.versions import standing, version, version_number, version_text
from marrowd.rules.codes import Codes, load_codes

FACT_TYPES = frozenset(
    {"Observation", "DiagnosticReport", "ImagingStudy", "Condition", "ServiceRequest"}
)


class Irrelevant(StrEnum):
    """Why a resource is of no use here."""

    TYPE = "type"  # no resource type that the service reads
    CODE = "code"  # codes that say it is about something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How resources are read: the same for every resource of a run or a source."""

    reader: ReportReader
    rules: str = ""  # the rules version, written into every fact
    codes: Codes = field(default_factory=load_codes)
    zone: tzinfo = UTC  # site_zone
    resolve: Resolve = nowhere  # "Type/id" of an absolute URL or urn, where a fullUrl says so
    orders: Orders = field(
        default_factory=dict
    )  # the ServiceRequest behind an identifier, where it is known
    read_document: TextOf = text_of  # here, or in a process of its own


def ref_of(resource: Resource) -> str | None:
    """Give "Type/id", None when the resource has no usable id."""
    type_name, ident = kind(resource), resource.get("id")
    return f"{type_name}/{ident}" if type_name and is_id(ident) else None


def ignored_because(resource: Resource, codes: Codes) -> Irrelevant | None:
    """
    Say why a resource cannot matter, from its type and codes alone; None when it may.

    A withdrawn resource always may: those that withdraw often strip its code away.
    """
    type_name = kind(resource)
    if type_name not in FACT_TYPES:
        return Irrelevant.TYPE
    if is_withdrawn(resource) or type_name in {"DiagnosticReport", "ImagingStudy"}:
        return None
    if type_name == "Observation":
        about = is_vitamin_d(resource, codes) or section_of(resource, codes) is not None
    elif type_name == "Condition":
        about = bool(problem_roles(resource, codes))
    else:
        about = order(resource, codes=codes) is not None
    return None if about else Irrelevant.CODE


def is_withdrawn(resource: Resource) -> bool:
    """Say whether this version takes its resource away."""
    match kind(resource):
        case "Condition":
            return is_problem_withdrawn(resource)
        case "ServiceRequest":
            return is_order_withdrawn(resource)
        case "ImagingStudy":
            return study_standing(resource) is Standing.WITHDRAWN
        case "Observation":
            return observation_standing(resource) is Standing.WITHDRAWN or is_emptied(resource)
        case _:
            return standing(status(resource)) is Standing.WITHDRAWN


def facts_from(
    resource: Resource,
    *,
    patient: str,
    extraction: Extraction,
    attachments: Attachments | None = None,
    is_listed: bool = False,
    sha256: str = "",
) -> Fact | Irrelevant:
    """
    Read one version of one resource.

    Args:
        resource: as parsed by `fhir.json.parse`; nothing about its shape is taken for granted.
        patient: "Patient/1", as the caller has resolved it ("" where nobody can say).
        extraction: how to read.
        attachments: what `needs` asked for, by url.
        is_listed: an Observation that an imaging report lists: its words are text of that report.
        sha256: digest of the whole resource where the caller has it (a study without its instances
            would give another one).

    Returns:
        The fact, or `Irrelevant.TYPE` for a resource without a usable id or of a type that is not
        read.
    """
    ref = ref_of(resource)
    if ref is None or kind(resource) not in FACT_TYPES:
        return Irrelevant.TYPE
    withdrawn = is_withdrawn(resource)
    empty = Fact(
        ref=ref,
        patient=patient,
        version=version(resource, is_withdrawn=withdrawn, zone=extraction.zone, sha256=sha256),
        version_id=version_text(resource),
        rules=extraction.rules,
    )
    if withdrawn:
        return empty
    return _filled(empty, resource, extraction, attachments or {}, is_listed=is_listed)


def tombstone(
    ref: str,
    *,
    patient: str = "",
    last_updated: datetime | None = None,
    version_id: str | None = None,
) -> Fact:
    """Give the fact of a deletion: it has no resource, only a place among the versions."""
    return Fact(
        ref=ref,
        patient=patient,
        version=Version(
            last_updated=last_updated, version_id=version_number(version_id), is_withdrawn=True
        ),
        version_id=version_id,
    )


def is_empty(fact: Fact) -> bool:
    """Say whether a fact only takes older versions of its resource away."""
    return not (
        fact.results
        or fact.lists
        or fact.study
        or fact.report
        or fact.text
        or fact.problem
        or fact.order
        or fact.unreadable
    )


def _filled(
    empty: Fact,
    resource: Resource,
    how: Extraction,
    attachments: Attachments,
    *,
    is_listed: bool,
) -> Fact:
    codes, zone, resolve = how.codes, how.zone, how.resolve
    ref, type_name = empty.ref, kind(resource)
    if type_name == "Condition":
        return replace(empty, problem=problem(resource, codes=codes, zone=zone))
    if type_name == "ServiceRequest":
        return replace(empty, order=order(resource, codes=codes))
    if type_name == "ImagingStudy":
        return replace(
            empty,
            study=study(
                resource, ref=ref, codes=codes, zone=zone, resolve=resolve, orders=how.orders
            ),
        )
    context = ReportContext(
        reader=how.reader,
        codes=codes,
        zone=zone,
        resolve=resolve,
        attachments=attachments,
        orders=how.orders,
        read_document=how.read_document,
    )
    if type_name == "Observation":
        return replace(
            empty,
            results=vitamin_d_results(resource, ref=ref, codes=codes, zone=zone, resolve=resolve),
            text=_text(resource, ref, context, is_listed=is_listed),
        )
    inside = contained_study(resource)
    return replace(
        empty,
        study=study(inside, ref=ref, codes=codes, zone=zone, resolve=resolve) if inside else None,
        results=contained_results(resource, ref=ref, codes=codes, zone=zone, resolve=resolve),
        lists=_lists(resource, ref, resolve),
        report=report(resource, ref=ref, context=context),
    )


def _text(resource: Resource, ref: str, context: ReportContext, *, is_listed: bool) -> Piece | None:
    section = section_of(resource, context.codes)
    if observation_standing(resource) is not Standing.COUNTS or not (section or is_listed):
        return None
    said = observation_text(resource)
    return piece(said, ref, context, section=section) if said else None


def _lists(resource: Resource, ref: str, resolve: Resolve) -> tuple[str, ...]:
    """Give the Observations that a DiagnosticReport lists, those contained in it included."""
    listed = refs(resource.get("result"), "Observation", resolve=resolve)
    for reference in objects(resource.get("result")):
        inside = target(reference).contained
        if inside is not None:
            listed.append(f"{ref}#{inside}")
    return tuple(dict.fromkeys(listed))
