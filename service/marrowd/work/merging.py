"""
What is done with news of a Patient: only whether its record was merged into another matters.

A merge moves evidence from one person's record to another's, so the server is asked how the record
stands now, whatever the notification brought: an old version that comes late merges nothing. That
is also why a Patient without a link need not be kept. A deleted Patient says nothing about whose
evidence is whose: servers delete the records that they have merged.
"""

from marrowd.core.facts import Fact
from marrowd.errors import BadInput
from marrowd.fhir.answers import Absent
from marrowd.fhir.client import FhirClient, Resource
from marrowd.fhir.json import parse_canonical
from marrowd.fhir.patients import merge_fact, replaced_by
from marrowd.fhir.subjects import PATIENT
from marrowd.store.protocols import Event, Evidence
from marrowd.work.subjects import patient_of


def is_of_patient(event: Event) -> bool:
    """Say whether *event* is about a Patient."""
    return event.new.ref.startswith(f"{PATIENT}/")


async def merge_of(event: Event, store: Evidence, client: FhirClient) -> Fact | None:
    """
    Give what *event* says of a record's merge; None when it says nothing new.

    Raises:
        NoSubject: the record was replaced by one that cannot be found.
    """
    ref = event.new.ref
    stored = (await store.versions_of(event.new.source, [ref])).get(ref)
    if stored is None and event.new.payload is not None:
        told = parse_canonical(event.new.payload)
        if not isinstance(told, dict):
            message = "the payload is not a FHIR resource"
            raise BadInput(message)
        if replaced_by(told) is None:
            return None
    try:
        patient: Resource = await client.read(ref)
    except Absent:
        return None
    other = replaced_by(dict(patient))
    if other is None and stored is None:
        return None
    into = await patient_of(other, client) if other is not None else None
    return merge_fact(dict(patient), into=into)
