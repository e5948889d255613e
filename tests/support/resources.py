"""FHIR R4 resources as a sender would write them; each keyword replaces or adds a member."""

from typing import Any

LOINC = "http://loinc.org"
PATIENT = {"reference": "Patient/p1"}

Resource = dict[str, Any]


def meta(version: int | str | None = None, updated: str | None = None) -> Resource:
    found: Resource = {}
    if version is not None:
        found["versionId"] = str(version)
    if updated is not None:
        found["lastUpdated"] = updated
    return found


def coded(code: str, system: str = LOINC, **more: Any) -> Resource:
    return {"coding": [{"system": system, "code": code} | more]}


def patient(ident: str = "p1", **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": ident} | more


def quantity(value: Any, unit: str = "ng/mL", **more: Any) -> Resource:
    return {"value": value, "unit": unit} | more


def lab(ident: str = "o1", value: Any = 14, unit: str = "ng/mL", **more: Any) -> Resource:
    return _plain(
        {
            "resourceType": "Observation",
            "id": ident,
            "status": "final",
            "code": coded("62292-8"),
            "subject": PATIENT,
            "effectiveDateTime": "2026-02-01",
            "valueQuantity": quantity(value, unit),
        }
        | more
    )


def mri(
    ident: str = "r1", said: str | None = "Marrow edema in the left talus.", **more: Any
) -> Resource:
    return _plain(
        {
            "resourceType": "DiagnosticReport",
            "id": ident,
            "status": "final",
            "category": [coded("RAD", "http://terminology.hl7.org/CodeSystem/v2-0074")],
            "code": {"text": "MRI left ankle"},
            "subject": PATIENT,
            "effectiveDateTime": "2026-02-10",
            "conclusion": said,
        }
        | more
    )


def study(ident: str = "s1", **more: Any) -> Resource:
    return _plain(
        {
            "resourceType": "ImagingStudy",
            "id": ident,
            "status": "available",
            "subject": PATIENT,
            "started": "2026-02-10T09:00:00Z",
            "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"}],
            "series": [
                {
                    "uid": "1.2.3",
                    "modality": {
                        "system": "http://dicom.nema.org/resources/ontology/DCM",
                        "code": "MR",
                    },
                    "bodySite": {"system": "http://snomed.info/sct", "code": "344001"},
                }
            ],
        }
        | more
    )


def pain(ident: str = "c1", code: Any = "M25.572", **more: Any) -> Resource:
    return _plain(
        {
            "resourceType": "Condition",
            "id": ident,
            "clinicalStatus": coded(
                "active", "http://terminology.hl7.org/CodeSystem/condition-clinical"
            ),
            "code": _concept(code, "http://hl7.org/fhir/sid/icd-10-cm"),
            "subject": PATIENT,
            "onsetDateTime": "2025-08-01",
        }
        | more
    )


def request(ident: str = "q1", code: Any = "62292-8", **more: Any) -> Resource:
    return _plain(
        {
            "resourceType": "ServiceRequest",
            "id": ident,
            "status": "active",
            "intent": "order",
            "code": _concept(code),
            "subject": PATIENT,
        }
        | more
    )


def bundle(*resources: Any, kind: str = "collection", **more: Any) -> Resource:
    entries = [{"resource": r} if "resourceType" in (r or ()) else r for r in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries} | more


def _concept(code: Any, system: str = LOINC) -> Any:
    return coded(code, system) if isinstance(code, str) else code


def _plain(resource: Resource) -> Resource:
    """Leave out what was replaced by None."""
    return {name: value for name, value in resource.items() if value is not None}
