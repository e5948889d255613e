"""
Whose a resource is: what its subject says, before anybody has looked anything up.

A subject may be a reference, a urn that only a fullUrl explains, or nothing but an identifier that
one Patient carries. Groups, devices and locations are subjects too; what is about them is not about
a patient and is dropped.
"""

from dataclasses import dataclass

from marrowd.fhir.members import Resource, objects
from marrowd.fhir.references import Resolve, Target, contained, nowhere, target, token

PATIENT = "Patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a resource says of its subject. With nothing set, nothing usable is said."""

    patient: str | None = None  # "Patient/1"
    base: str | None = None  # of an absolute reference, without the scheme
    urn: str | None = None  # not resolved yet
    identifiers: tuple[str, ...] = ()  # "system|value": the one Patient that carries any
    is_other: bool = False  # a subject, but no patient

    @property
    def is_missing(self) -> bool:
        """Say whether no patient can be found whatever is looked up."""
        return not (self.patient or self.urn or self.identifiers or self.is_other)


def subject_of(resource: Resource, *, resolve: Resolve = nowhere) -> Subject:
    """Read `subject`, or `patient` in the types that call it so."""
    given = subjects_of(resource, resolve=resolve)
    return given[0] if given else Subject()


def subjects_of(resource: Resource, *, resolve: Resolve = nowhere) -> list[Subject]:
    """Read all subjects of a resource of any type (some have several)."""
    references = objects(resource.get("subject")) or objects(resource.get("patient"))
    return [_subject(target(one, resolve=resolve), resource) for one in references]


def patient_identifiers(patient: Resource) -> tuple[str, ...]:
    """Give the identifiers of a Patient as "system|value"."""
    tokens = (token(identifier) for identifier in objects(patient.get("identifier")))
    return tuple(dict.fromkeys(t for t in tokens if t is not None))


def _subject(to: Target, resource: Resource) -> Subject:
    if to.contained is not None:
        inside = contained(resource).get(to.contained)
        kind = inside.get("resourceType") if inside else None
        if inside is not None and kind == PATIENT:
            return Subject(identifiers=patient_identifiers(inside))
        return Subject(is_other=isinstance(kind, str))
    if to.type not in ("", PATIENT):
        return Subject(is_other=True)
    identifiers = (to.identifier,) if to.identifier else ()
    return Subject(patient=to.ref, base=to.base, urn=to.urn, identifiers=identifiers)
