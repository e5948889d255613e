"""
FHIR R4 resources as the stand-in hospital's systems write them, from the rows of a patient file.

Each function takes one row and gives the resource without `meta`: the version is the record's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from marrowd.demo.forms import attachment, base64_of
from marrowd.demo.records import Resource

Row = Mapping[str, Any]

_LOINC: Final = "http://loinc.org"
_UCUM: Final = "http://unitsofmeasure.org"
_SECTIONS: Final = "http://terminology.hl7.org/CodeSystem/v2-0074"
_SNOMED: Final = "http://snomed.info/sct"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cm"
_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"

TESTS: Final[Mapping[str, tuple[str, str]]] = {  # row word -> LOINC, name in the laboratory
    "total": ("62292-8", "25-hydroxyvitamin D2+D3"),
    "total-molar": ("68438-1", "25-hydroxyvitamin D2+D3"),
    "d3": ("1989-3", "25-hydroxyvitamin D3"),
    "d3-molar": ("14635-7", "25-hydroxyvitamin D3"),
    "d2": ("49054-0", "25-hydroxyvitamin D2"),
}
EXAMS: Final[Mapping[str, tuple[str, str, str]]] = {  # row word -> LOINC, title, SNOMED site
    "left ankle": ("36427-3", "MRI left ankle without contrast", "344001"),
    "right ankle": ("36429-9", "MRI right ankle without contrast", "344001"),
    "left foot": ("36469-5", "MRI left foot without contrast", "56459004"),
    "right foot": ("36471-1", "MRI right foot without contrast", "56459004"),
    "both feet": ("36467-9", "MRI both feet without contrast", "56459004"),
    "right knee": ("", "MRI right knee without contrast", "72696002"),
}


def lab(row: Row, patient: str, of: datetime) -> list[Resource]:
    """Write a 25(OH)D result drawn at *of*."""
    code, name = TESTS[row.get("test", "total")]
    quantity = {"value": row["value"], "unit": row.get("unit", "ng/mL"), "system": _UCUM}
    quantity["code"] = quantity["unit"]
    if "comparator" in row:
        quantity["comparator"] = row["comparator"]
    return [
        {
            "resourceType": "Observation",
            "id": row["id"],
            "status": row.get("status", "final"),
            "category": [_section("LAB")],
            "code": {"coding": [{"system": _LOINC, "code": code}], "text": name},
            "subject": {"reference": patient},
            "effectiveDateTime": of.isoformat(),
            "valueQuantity": quantity,
        }
    ]


def panel(row: Row, patient: str, of: datetime) -> list[Resource]:
    """Write the laboratory's report that says which results are of one draw."""
    return [
        {
            "resourceType": "DiagnosticReport",
            "id": row["id"],
            "status": "final",
            "category": [_section("LAB")],
            "code": {"text": "Vitamin D fractions"},
            "subject": {"reference": patient},
            "effectiveDateTime": of.isoformat(),
            "result": [{"reference": f"Observation/{one}"} for one in row["results"]],
        }
    ]


def study(row: Row, patient: str, of: datetime) -> list[Resource]:
    """Write an MR study begun at *of*."""
    _, title, site = EXAMS[row["exam"]]
    modality = {"system": _DICOM, "code": "MR"}
    return [
        {
            "resourceType": "ImagingStudy",
            "id": row["id"],
            "status": row.get("status", "available"),
            "modality": [modality],
            "subject": {"reference": patient},
            "started": of.isoformat(),
            "description": title,
            "series": [
                {
                    "uid": f"2.25.{int.from_bytes(str(row['id']).encode())}",
                    "modality": modality,
                    "bodySite": {"system": _SNOMED, "code": site},
                }
            ],
        }
    ]


def report(row: Row, patient: str, of: datetime) -> list[Resource]:
    """Write a radiology report on an exam of *of*; its Binary, if it has one, comes first."""
    loinc, title, _ = EXAMS[row["exam"]]
    coding = [{"system": _LOINC, "code": loinc}] if loinc else []
    written: Resource = {
        "resourceType": "DiagnosticReport",
        "id": row["id"],
        "status": row.get("status", "final"),
        "category": [_section("RAD")],
        "code": {**({"coding": coding} if coding else {}), "text": title},
        "subject": {"reference": patient},
        "effectiveDateTime": of.isoformat(),
    }
    if "study" in row:
        written["imagingStudy"] = [{"reference": f"ImagingStudy/{row['study']}"}]
    form, text = row.get("form", "plain"), row.get("text", "")
    if form == "conclusion":
        return [{**written, "conclusion": text}]
    media_type, data = attachment(text, "plain" if form == "binary" else form)
    if form != "binary":
        return [
            {**written, "presentedForm": [{"contentType": media_type, "data": base64_of(data)}]}
        ]
    binary = {
        "resourceType": "Binary",
        "id": f"{row['id']}-text",
        "contentType": media_type,
        "data": base64_of(data),
    }
    form_url = {"contentType": media_type, "url": f"Binary/{binary['id']}"}
    return [binary, {**written, "presentedForm": [form_url]}]


def problem(row: Row, patient: str, of: datetime) -> list[Resource]:
    """Write an active entry of the problem list with its onset at *of*."""
    return [
        {
            "resourceType": "Condition",
            "id": row["id"],
            "clinicalStatus": {"coding": [{"system": _CLINICAL, "code": "active"}]},
            "code": {
                "coding": [{"system": _ICD10, "code": row["icd10"], "display": row["display"]}]
            },
            "subject": {"reference": patient},
            "onsetDateTime": of.isoformat(),
        }
    ]


WRITERS: Final[Mapping[str, Callable[[Row, str, datetime], list[Resource]]]] = {
    "lab": lab,
    "panel": panel,
    "study": study,
    "report": report,
    "problem": problem,
}


def patient(ident: str, name: str, gender: str, born: str) -> Resource:
    """Write the Patient itself."""
    given, _, family = name.partition(" ")
    return {
        "resourceType": "Patient",
        "id": ident,
        "name": [{"family": family, "given": [given]}],
        "gender": gender,
        "birthDate": born,
    }


def _section(code: str) -> dict[str, Any]:
    return {"coding": [{"system": _SECTIONS, "code": code}]}
