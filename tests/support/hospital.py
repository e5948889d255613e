"""
FHIR R4 resources as a hospital's systems would write them, holding only what a test asked for.

Times are arguments. Ids are the caller's, so that a test finds again what it wrote.
"""

import base64
import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any

Resource = dict[str, Any]
LOINC = "http://loinc.org"
VITAMIN_D_TOTAL = "1989-3"
VITAMIN_D2 = "49054-0"
MR_FOOT = "24707-2"
_RADIOLOGY = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
]
_LABORATORY = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}
]
FORMS = ("plain", "html", "rtf", "conclusion", "binary")
"""The ways in which a report's text reaches a FHIR server, each as `report(form=...)` writes it."""

EDEMA = (
    "MRI RIGHT FOOT\n\n"
    "FINDINGS:\nThere is bone marrow edema in the talus and in the navicular.\n\n"
    "IMPRESSION:\nBone marrow edema of the talus and the navicular."
)
NO_EDEMA = (
    "MRI RIGHT FOOT\n\n"
    "FINDINGS:\nNo bone marrow edema in the talus, the navicular or the calcaneus.\n\n"
    "IMPRESSION:\nNo marrow edema in the talus or the navicular. No fracture."
)


def person(patient: str) -> Resource:
    """Write the Patient; a server need not index a reference to one it does not hold."""
    return {"resourceType": "Patient", "id": patient.removeprefix("Patient/")}


def lab(
    ident: str,
    patient: str,
    *,
    at: datetime,
    value: float = 14,
    unit: str = "ng/mL",
    code: str = VITAMIN_D_TOTAL,
    status: str = "final",
) -> Resource:
    """Write a 25(OH)D result."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": status,
        "category": _LABORATORY,
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": patient},
        "effectiveDateTime": at.isoformat(),
        "valueQuantity": {
            "value": value,
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }


def lab_report(ident: str, patient: str, results: Sequence[str], *, at: datetime) -> Resource:
    """Write the laboratory's DiagnosticReport that says which results are of one draw."""
    return {
        "resourceType": "DiagnosticReport",
        "id": ident,
        "status": "final",
        "category": _LABORATORY,
        "code": {"text": "Vitamin D fractions"},
        "subject": {"reference": patient},
        "effectiveDateTime": at.isoformat(),
        "result": [{"reference": ref} for ref in results],
    }


def study(
    ident: str,
    patient: str,
    *,
    at: datetime,
    status: str = "available",
    title: str = "MRI right foot",
) -> Resource:
    """Write an MR study of the foot."""
    mr = {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"}
    foot = {"system": "http://snomed.info/sct", "code": "56459004", "display": "Foot"}
    return {
        "resourceType": "ImagingStudy",
        "id": ident,
        "status": status,
        "modality": [mr],
        "subject": {"reference": patient},
        "started": at.isoformat(),
        "description": title,
        "series": [{"uid": "2.25.1", "modality": mr, "bodySite": foot}],
    }


def report(
    ident: str,
    patient: str,
    text: str,
    *,
    at: datetime,
    form: str = "plain",
    title: str = "MRI right foot",
    code: str | None = MR_FOOT,
    status: str = "final",
    of_study: str | None = None,
) -> list[Resource]:
    """Write an imaging report; with *form* "binary" its Binary comes first."""
    coded = {} if code is None else {"coding": [{"system": LOINC, "code": code}]}
    written: Resource = {
        "resourceType": "DiagnosticReport",
        "id": ident,
        "status": status,
        "category": _RADIOLOGY,
        "code": {**coded, "text": title},
        "subject": {"reference": patient},
        "effectiveDateTime": at.isoformat(),
        "issued": at.isoformat(),
    }
    if of_study is not None:
        written["imagingStudy"] = [{"reference": of_study}]
    if form == "conclusion":
        return [{**written, "conclusion": text}]
    if form == "binary":
        binary = {
            "resourceType": "Binary",
            "id": ident,
            "contentType": "text/plain",
            "data": _base64(text.encode()),
        }
        attached = {"contentType": "text/plain", "url": f"Binary/{ident}"}
        return [binary, {**written, "presentedForm": [attached]}]
    content_type, data = {
        "plain": ("text/plain", text.encode()),
        "html": ("text/html", as_html(text).encode()),
        "rtf": ("application/rtf", as_rtf(text).encode("ascii")),
    }[form]
    return [
        {**written, "presentedForm": [{"contentType": content_type, "data": _base64(data)}]},
    ]


def problem(ident: str, patient: str, *, icd10: str, since: datetime) -> Resource:
    """Write an active entry of the problem list."""
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "id": ident,
        "clinicalStatus": {"coding": [{"system": system, "code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": icd10}]},
        "subject": {"reference": patient},
        "onsetDateTime": since.isoformat(),
    }


def order(ident: str, patient: str, *, at: datetime, code: str = VITAMIN_D_TOTAL) -> Resource:
    """Write an active order of a laboratory test."""
    return {
        "resourceType": "ServiceRequest",
        "id": ident,
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": patient},
        "authoredOn": at.isoformat(),
    }


def as_html(text: str) -> str:
    """Write *text* as a radiology system's HTML: a paragraph a block, a break a line."""
    blocks = (
        "<br/>".join(html.escape(line) for line in block.split("\n"))
        for block in text.split("\n\n")
    )
    paragraphs = "".join(f"<p>{block}</p>" for block in blocks)
    head = '<meta charset="utf-8"><title>Report</title>'
    return f"<html><head>{head}</head><body>{paragraphs}</body></html>"


def as_rtf(text: str) -> str:
    """Write *text* as RTF, pure ASCII."""
    body = "".join(_in_rtf(character) for character in text)
    return r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}\f0\fs20 " + body + "}"


def _in_rtf(character: str) -> str:
    if character == "\n":
        return "\\par\n"
    if character in "\\{}":
        return f"\\{character}"
    if ord(character) < 128:
        return character
    units = character.encode("utf-16-le")
    numbers = (
        int.from_bytes(units[i : i + 2], "little", signed=True) for i in range(0, len(units), 2)
    )
    return "".join(f"\\u{number}?" for number in numbers)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
