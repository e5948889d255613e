"""
Inputs with a marker in every field: what a patient's name, number or report would be in life.

`zqxphi` occurs nowhere else, in no case and no encoding that a log would use.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

MARK = "zqxphi"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
REPORT = f"MRI RIGHT FOOT of {MARK}\n\nFINDINGS:\nBone marrow edema in the talus. {MARK}.\n"
_HUMAN = {"family": MARK, "given": [MARK], "text": MARK}
_WHO = {"reference": f"Patient/{MARK}", "display": MARK, "identifier": {"value": MARK}}
_COMMON: dict[str, Any] = {
    "identifier": [{"system": f"urn:{MARK}", "value": MARK}],
    "text": {"status": "generated", "div": f"<div>{MARK}</div>"},
    "extension": [{"url": f"https://{MARK}.example", "valueString": MARK}],
    "meta": {"tag": [{"system": MARK, "code": MARK}], "source": f"#{MARK}"},
}


def person() -> dict[str, Any]:
    """Write the Patient."""
    return {
        **_COMMON,
        "resourceType": "Patient",
        "id": MARK,
        "name": [_HUMAN],
        "telecom": [{"system": "phone", "value": MARK}],
        "address": [{"line": [MARK], "city": MARK}],
        "photo": [{"url": f"https://{MARK}.example/{MARK}.png", "title": f"{MARK}.png"}],
    }


def result(ident: str, **changed: Any) -> dict[str, Any]:
    """Write a 25(OH)D result."""
    coding = {"system": "http://loinc.org", "code": "1989-3", "display": MARK}
    unit = {"system": "http://unitsofmeasure.org", "code": "ng/mL", "unit": "ng/mL"}
    return {
        **_COMMON,
        "resourceType": "Observation",
        "id": f"{MARK}-{ident}",
        "status": "final",
        "code": {"coding": [coding], "text": MARK},
        "subject": _WHO,
        "performer": [{"reference": f"Practitioner/{MARK}", "display": MARK}],
        "effectiveDateTime": DAY.isoformat(),
        "valueQuantity": {"value": 14, **unit},
        "note": [{"text": MARK, "authorString": MARK}],
        **changed,
    }


def report(ident: str, **changed: Any) -> dict[str, Any]:
    """Write an imaging report."""
    text = {
        "contentType": "text/plain",
        "data": base64.b64encode(REPORT.encode()).decode(),
        "title": f"{MARK}.txt",
    }
    linked = {"contentType": "application/pdf", "url": f"Binary/{MARK}", "title": f"{MARK}.pdf"}
    return {
        **_COMMON,
        "resourceType": "DiagnosticReport",
        "id": f"{MARK}-{ident}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "24707-2"}], "text": MARK},
        "subject": _WHO,
        "effectiveDateTime": DAY.isoformat(),
        "issued": DAY.isoformat(),
        "performer": [{"display": MARK}],
        "conclusion": REPORT,
        "presentedForm": [text, linked],
        **changed,
    }


def study(ident: str) -> dict[str, Any]:
    """Write a study."""
    return {
        **_COMMON,
        "resourceType": "ImagingStudy",
        "id": f"{MARK}-{ident}",
        "status": "available",
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"}],
        "subject": _WHO,
        "started": DAY.isoformat(),
        "description": f"MRI right foot {MARK}",
        "series": [{"uid": MARK, "description": MARK}],
    }


def good() -> list[dict[str, Any]]:
    """Give what is understood."""
    return [person(), result("lab"), report("mri"), study("study")]


def bad() -> list[dict[str, Any]]:
    """Give what has the right shape and cannot be used: it is parked, ignored or unreadable."""
    nobodys = result("nobodys")
    del nobodys["subject"]
    return [
        nobodys,
        result("who", subject={"display": MARK}),
        result("who-else", subject={"reference": f"{MARK}/{MARK}"}),
        result("far", subject={"reference": f"https://{MARK}.example/Patient/{MARK}"}),
        result("date", effectiveDateTime=MARK),
        result("status", status=MARK),
        result("unit", valueQuantity={"value": 14, "unit": MARK, "code": MARK}),
        result("value", valueQuantity={"value": MARK, "unit": "ng/mL"}),
        result("text", valueQuantity=None, valueString=MARK),
        result("list", code=[MARK]),
        result(MARK, **{MARK: {MARK: MARK}}),
        report("form", presentedForm=[{"contentType": MARK, "data": MARK, "title": MARK}]),
        report("elsewhere", presentedForm=[{"url": f"https://{MARK}.example/{MARK}.pdf"}]),
        report("rtf", presentedForm=[{"contentType": "application/rtf", "data": "e1xydGYx"}]),
        report("type", conclusion=[MARK], code=MARK),
    ]
