"""
A 25(OH)D result from an Observation: its own value, its components, and what is contained in it.

A code decides what an Observation is, never its display; what cannot be read is kept with its
reason, so that it can be said aloud (rules.md section 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from marrowd.core.facts import Standing, VitaminDResult, When
from marrowd.errors import UnreadableResource
from marrowd.fhir.codings import analyte, property_units
from marrowd.fhir.dates import UNREADABLE, observed, observed_text
from marrowd.fhir.members import Resource, objects, status, text
from marrowd.fhir.quantities import Amount, amount, has_value
from marrowd.fhir.references import Resolve, contained, target
from marrowd.fhir.versions import standing, version_text, worse
from marrowd.rules.codes import Codes

# An Observation has no `appended` (hl7.org/fhir/R4/valueset-observation-status).
_COUNTS = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What an Observation inside another resource has from it."""

    version: str | None
    standing: Standing = Standing.COUNTS
    when: When | None = None


def vitamin_d_results(
    resource: Resource, *, ref: str, codes: Codes, zone: tzinfo, resolve: Resolve
) -> tuple[VitaminDResult, ...]:
    """Give every 25(OH)D result in an Observation, those contained in it included."""
    inherited = Inherited(version=version_text(resource))
    found = list(_results(resource, ref, inherited, codes, zone, resolve))
    return (*found, *contained_results(resource, ref=ref, codes=codes, zone=zone, resolve=resolve))


def contained_results(
    resource: Resource, *, ref: str, codes: Codes, zone: tzinfo, resolve: Resolve
) -> tuple[VitaminDResult, ...]:
    """
    Give the results of contained Observations (of a DiagnosticReport or a panel).

    They share the version of what contains them and stand no better than it does; a time that they
    lack is that of the whole.
    """
    if "contained" not in resource:
        return ()
    inherited = Inherited(
        version=version_text(resource),
        standing=observation_standing(resource),
        when=observed(resource, zone=zone),
    )
    found: list[VitaminDResult] = []
    for ident, inside in contained(resource).items():
        if inside.get("resourceType") == "Observation":
            place = f"{ref}#{ident}"
            found += _results(inside, place, inherited, codes, zone, resolve)
    return tuple(found)


def is_vitamin_d(resource: Resource, codes: Codes) -> bool:
    """Say by the codes whether an Observation, or what is in it, may be a 25(OH)D result."""
    concepts = [resource.get("code"), *(c.get("code") for c in objects(resource.get("component")))]
    if any(analyte(concept, codes) is not None for concept in concepts):
        return True
    inside = contained(resource).values() if "contained" in resource else ()
    return any(
        one.get("resourceType") == "Observation" and is_vitamin_d(one | {"contained": None}, codes)
        for one in inside
    )


def reported_dates(resource: Resource, *, ref: str) -> dict[str, str]:
    """Give the date of each result of a resource as it was written, by the result's ref."""
    own = _written(observed_text(resource))
    found = {ref: own} if own else {}
    for ident, inside in contained(resource).items():
        written = _written(observed_text(inside)) or own
        if written:
            found[f"{ref}#{ident}"] = written
    return found


def is_absent(part: Resource) -> bool:
    """Say whether `dataAbsentReason` stands in place of a value (beside one, the value speaks)."""
    return not has_value(part) and part.get("dataAbsentReason") not in (None, "", {}, [])


def is_emptied(resource: Resource) -> bool:
    """Say whether `dataAbsentReason` stands in place of all that an Observation could hold."""
    components = objects(resource.get("component"))
    gathers = resource.get("hasMember") or resource.get("contained")
    return is_absent(resource) and not gathers and not any(map(has_value, components))


def observation_standing(resource: Resource) -> Standing:
    """Say whether an Observation (or a DiagnosticReport) may be used."""
    is_observation = resource.get("resourceType") == "Observation"
    return (
        standing(status(resource), counts=_COUNTS) if is_observation else standing(status(resource))
    )


def _results(
    resource: Resource,
    ref: str,
    inherited: Inherited,
    codes: Codes,
    zone: tzinfo,
    resolve: Resolve,
) -> Iterator[VitaminDResult]:
    own = worse(observation_standing(resource), inherited.standing)
    if own is Standing.WITHDRAWN:
        return
    taken = observed(resource, zone=zone) or inherited.when or UNREADABLE
    specimen = _specimen(resource, ref, resolve)
    for part in (resource, *objects(resource.get("component"))):
        kind = analyte(part.get("code"), codes)
        if kind is None or is_absent(part):
            continue
        if part is resource and _is_heading(part, codes):
            continue
        read: Amount | None = None
        reason: str | None = None
        try:
            read = amount(part, analyte=kind)
        except UnreadableResource as unreadable:
            reason = unreadable.reason
        if reason is None and taken.instant is None:
            read, reason = None, "date"
        units = property_units(part.get("code"), codes)
        yield VitaminDResult(
            ref=ref,
            version=inherited.version,
            analyte=kind,
            standing=own,
            status=status(resource),
            when=taken,
            value=read.value if read else None,
            comparator=read.comparator if read else None,
            unit=read.unit if read else None,
            reported_value=read.reported_value if read else None,
            reported_unit=read.reported_unit if read else "",
            unreadable=reason,
            specimen=specimen,
            is_unit_unlike_code=bool(read and units and read.unit not in units),
        )


def _is_heading(resource: Resource, codes: Codes) -> bool:
    """Say whether an Observation without a value only gathers others."""
    if has_value(resource):
        return False
    components = objects(resource.get("component"))
    return bool(resource.get("hasMember")) or any(
        analyte(component.get("code"), codes) is not None for component in components
    )


def _specimen(resource: Resource, ref: str, resolve: Resolve) -> str | None:
    """Give a key that is the same for two results of one specimen."""
    to = target(resource.get("specimen"), resolve=resolve)
    if to.contained is not None:
        # Contained in the outermost resource: two results inside one report may share it.
        return f"{ref.partition('#')[0]}#{to.contained}"
    return to.ref or to.urn or to.identifier


def _written(given: tuple[object] | None) -> str:
    return text(given[0]) if given is not None else ""
