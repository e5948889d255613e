"""Whose a resource is, asked of the FHIR server where the resource itself does not say."""

from urllib.parse import urlsplit

from marrowd.errors import BadInput
from marrowd.fhir.client import FhirClient
from marrowd.fhir.references import is_id
from marrowd.fhir.subjects import PATIENT, Subject
from marrowd.work.fetching import any_of
from marrowd.work.retrying import NoSubject


async def patient_of(subject: Subject, client: FhirClient) -> str:
    """
    Give "Patient/1" of *subject*.

    Raises:
        NoSubject: nothing is said, it is on another server, or not exactly one Patient carries the
            identifier. Guessing could put one person's result beside another's report.
    """
    if subject.patient is not None:
        if is_elsewhere(subject, client.base_url):
            message = "the subject is on another server"
            raise NoSubject(message)
        return subject.patient
    if not subject.identifiers:
        message = "no subject that can be resolved"
        raise NoSubject(message)
    params = [("identifier", any_of(subject.identifiers))]
    found = await client.search(PATIENT, params, max_pages=1, is_private=True)
    refs = {f"{PATIENT}/{patient['id']}" for patient in found if is_id(patient.get("id"))}
    if len(refs) != 1:
        message = f"{len(refs)} Patients carry the subject's identifier"
        raise NoSubject(message)
    return refs.pop()


def is_elsewhere(subject: Subject, base_url: str) -> bool:
    """Say whether the subject is a resource of another server than that at *base_url*."""
    return subject.base is not None and subject.base != _base_of(base_url)


def _base_of(url: str) -> str:
    """Give a base as `fhir.references` writes it: without the scheme, host in lower case."""
    parts = urlsplit(url)
    if not parts.netloc:
        message = "the base URL has no host"
        raise BadInput(message)
    return f"{parts.netloc.lower()}{parts.path}".rstrip("/")
