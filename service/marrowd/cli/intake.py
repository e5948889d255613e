"""
From documents to rows for the spool: what each resource is for, whose it is, what it replaces.

Nothing is interpreted here beyond that look; resources are read when all of a patient is together.
"""

import json
from datetime import tzinfo

from marrowd.cli.gathered import IGNORED, Gathered, Role
from marrowd.core.facts import Version
from marrowd.fhir.bundles import BrokenEntry, DeletedEntry, Entry, items
from marrowd.fhir.dates import instant
from marrowd.fhir.facts import FACT_TYPES, ignored_because, is_withdrawn
from marrowd.fhir.json import canonical, digest_of
from marrowd.fhir.members import Resource, text
from marrowd.fhir.narratives import may_hold_text
from marrowd.fhir.observations import is_vitamin_d
from marrowd.fhir.reasons import RESOURCE
from marrowd.fhir.references import split_url
from marrowd.fhir.studies import without_instances
from marrowd.fhir.subjects import PATIENT, Subject, subjects_of
from marrowd.fhir.types import R4_TYPES
from marrowd.fhir.versions import version, version_number
from marrowd.rules.codes import Codes

_KEPT_TYPES = FACT_TYPES | {"Binary", PATIENT}
_NAMING_TYPES = R4_TYPES - _KEPT_TYPES - {"Bundle"}


def only_names_a_patient(document: object) -> bool:
    """Say whether nothing of a document matters but whose it is: no number in it, above all."""
    return isinstance(document, dict) and text(document.get("resourceType")) in _NAMING_TYPES


class Intake:
    """Gathers documents."""

    def __init__(self, gathered: Gathered, *, codes: Codes, zone: tzinfo) -> None:
        self._gathered = gathered
        self._codes = codes
        self._zone = zone

    def take(self, document: object) -> None:
        """
        Take one document.

        Raises:
            BadInput: it is not a FHIR resource, or two servers use one Patient id.
        """
        for item in items(document):
            match item:
                case Entry():
                    self._take(item)
                case DeletedEntry():
                    self._delete(item)
                case BrokenEntry():
                    self._gathered.put_unreadable(item.place, RESOURCE)

    def _take(self, entry: Entry) -> None:
        resource, ref = entry.resource, entry.ref
        base = self._note_address(entry)
        keys = [self._note_subject(s, base) for s in subjects_of(resource)]
        kind = resource["resourceType"]
        if kind == PATIENT:
            self._note_patient(ref, base)
        if kind not in _KEPT_TYPES:
            return
        written = canonical(resource)
        whole = digest_of(written)
        if ref is None:
            self._note_nameless(resource, whole, keys)
            return
        gone = kind in FACT_TYPES and is_withdrawn(resource)
        is_nothing = gone or (kind in FACT_TYPES and bool(keys) and keys[0] == IGNORED)
        role, body = (Role.NOTHING, None) if is_nothing else self._role(resource)
        # The id by which others refer to it, where it has none of its own.
        ident = ref.partition("/")[2]
        if body is resource and resource.get("id") == ident:
            kept: bytes | None = written
        else:
            kept = None if body is None else canonical(body | {"id": ident})
        self._gathered.put(
            ref,
            version(resource, is_withdrawn=gone, zone=self._zone, sha256=whole),
            role=role,
            subject=keys[0] if keys else None,
            body=kept,
        )

    def _role(self, resource: Resource) -> tuple[Role, Resource | None]:
        """Say what a resource is for, and what of it is kept."""
        kind = resource["resourceType"]
        if kind == PATIENT:
            return Role.CARRIER, {"resourceType": kind, "identifier": resource.get("identifier")}
        if kind == "Binary":
            return Role.BINARY, resource
        if kind == "ImagingStudy":
            return Role.FACT, without_instances(resource)
        role = self._role_by_code(resource)
        return role, resource if role is not Role.NOTHING else None

    def _role_by_code(self, resource: Resource) -> Role:
        kind = resource["resourceType"]
        if kind == "Observation":
            if is_vitamin_d(resource, self._codes):
                return Role.FACT
            # What is not a result is text if a report lists it: whose it is matters only then.
            return Role.TEXT if may_hold_text(resource) else Role.NOTHING
        if ignored_because(resource, self._codes) is None:
            return Role.FACT
        is_aid = kind == "ServiceRequest" and "identifier" in resource
        return Role.AID if is_aid else Role.NOTHING

    def _delete(self, deletion: DeletedEntry) -> None:
        if deletion.ref.partition("/")[0] not in _KEPT_TYPES - {PATIENT}:
            return
        gone = Version(
            last_updated=instant(deletion.last_updated, zone=self._zone),
            version_id=version_number(deletion.version_id),
            is_withdrawn=True,
        )
        self._gathered.put(deletion.ref, gone, role=Role.NOTHING, subject=None, body=None)

    def _note_address(self, entry: Entry) -> str | None:
        """Keep the fullUrl if it tells more than the id; give the server it is on."""
        if not entry.full_url:
            return None
        split = split_url(entry.full_url)
        if split is None:
            if entry.ref is not None and ":" in entry.full_url:
                self._gathered.put_address(entry.full_url, entry.ref)
            return None
        base, kind, ident = split
        if base is not None and entry.ref is not None and entry.ref != f"{kind}/{ident}":
            self._gathered.put_address(f"{base}/{kind}/{ident}", entry.ref)
        return base

    def _note_patient(self, ref: str | None, base: str | None) -> None:
        if ref is None:
            self._gathered.put_unreadable(PATIENT, RESOURCE)
            return
        self._gathered.put_subject(ref, ref)
        if base is not None:
            self._gathered.put_base(ref, base)

    def _note_subject(self, subject: Subject, base: str | None) -> str | None:
        """Keep a subject and give its key; None if it says nothing, IGNORED if no patient."""
        if subject.is_other:
            return IGNORED
        if subject.is_missing:
            return None
        if subject.patient is not None:
            # A relative reference in an entry with an address is on the same server.
            met = subject.base or base
            if met is not None:
                self._gathered.put_base(subject.patient, met)
            if subject.base is None:
                self._gathered.put_subject(subject.patient, subject.patient)
                return subject.patient
        # Read back by `settling`; it begins as no "Patient/1" does.
        key = json.dumps([subject.base, subject.patient, subject.urn, subject.identifiers])
        self._gathered.put_subject(key, None)
        return key

    def _note_nameless(self, resource: Resource, sha256: str, keys: list[str | None]) -> None:
        """Keep, to be told, a resource that matters but has no id to be cited or withdrawn by."""
        key = keys[0] if keys else None
        kind = resource["resourceType"]
        if kind not in FACT_TYPES or key == IGNORED or is_withdrawn(resource):
            return
        if self._role_by_code(resource) is Role.FACT:
            self._gathered.put(
                f"{kind}#{sha256}",
                Version(digest=sha256),
                role=Role.BROKEN,
                subject=key,
                body=b"{}",
            )
