"""
A Patient as far as it matters here: whether its record was merged into another one.

Nothing else of a Patient is read or kept.
"""

from datetime import UTC

from marrowd.core.facts import Fact
from marrowd.fhir.members import Resource, objects, text
from marrowd.fhir.subjects import PATIENT, Subject, subject_of
from marrowd.fhir.versions import version, version_text

_REPLACED = "replaced-by"


def replaced_by(patient: Resource) -> Subject | None:
    """Say which record stands for *patient* now; None when it stands for itself."""
    links = objects(patient.get("link"))
    others = [link.get("other") for link in links if text(link.get("type")) == _REPLACED]
    return subject_of({**patient, "subject": others[0]}) if others else None


def merge_fact(patient: Resource, *, into: str | None, sha256: str = "") -> Fact:
    """Give the fact that *patient* is (not, any more) merged *into* another."""
    ref = f"{PATIENT}/{patient['id']}"
    return Fact(
        ref=ref,
        patient=ref,
        version=version(patient, is_withdrawn=False, zone=UTC, sha256=sha256),
        version_id=version_text(patient),
        merged_into=into if into != ref else None,
    )
