"""Resources broken in any member: what a sound one becomes when a few members are replaced."""

import json
from copy import deepcopy

from hypothesis import strategies as st
from tests.support import resources as fhir

SOUND = [
    fhir.lab(),
    fhir.lab(
        "o2",
        valueQuantity=None,
        valueString="< 12,5 ng/mL",
        component=[{"code": fhir.coded("1989-3"), "valueQuantity": fhir.quantity(9)}],
        hasMember=[{"reference": "Observation/o1"}],
        specimen={"reference": "Specimen/1"},
        referenceRange=[{"low": fhir.quantity(30), "high": fhir.quantity(100)}],
        meta=fhir.meta(2, "2026-02-01T00:00:00Z"),
        note=[{"text": "haemolysed"}],
    ),
    fhir.mri(
        presentedForm=[
            {"contentType": "text/plain", "data": "bm8gbWFycm93IGVkZW1h", "url": "Binary/1"},
            {"contentType": "text/html", "url": "#b"},
        ],
        contained=[
            {"resourceType": "Binary", "id": "b", "contentType": "text/html", "data": "PGI+"},
            fhir.lab("a"),
        ],
        result=[{"reference": "#a"}, {"reference": "Observation/o1"}],
        imagingStudy=[{"reference": "ImagingStudy/s1", "identifier": {"value": "1"}}],
        basedOn=[{"reference": "ServiceRequest/q1"}],
        identifier=[{"system": "urn:acc", "value": "A1", "type": fhir.coded("ACSN")}],
        text={"status": "generated", "div": "<div>marrow</div>"},
        issued="2026-02-11T00:00:00Z",
        effectivePeriod={"start": "2026-02-10", "end": "2026-02-10"},
    ),
    fhir.study(
        identifier=[{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
        procedureCode=[fhir.coded("24538-1")],
        description="MRI ankle",
    ),
    fhir.pain(verificationStatus=fhir.coded("confirmed"), onsetPeriod={"start": "2025"}),
    fhir.request(doNotPerform=False, identifier=[{"system": "a", "value": "b"}]),
]
JUNK = st.sampled_from(
    [
        *(None, True, "", " ", "x", "\ud800", "\x00#1", 0, -1, 1e308, 10**50, [], {}, [[]], [{}]),
        *(["x"], [None], {"x": None}, {"coding": "x"}, {"coding": [1]}, {"reference": 5}),
        *({"reference": "#"}, {"reference": "http://["}, {"value": {}}, "2026-02-31", "9999-12-31"),
        *("0001-01-01T00:00:00+14:00", {"end": "9999-12-31T23:59:59-12:00"}, {"start": []}),
        *("1e999999999999999999999", "=" * 3, "data:,x", "urn:uuid:x", "Patient/p1", "%PDF-"),
    ]
)


@st.composite
def broken(draw: st.DrawFn) -> object:
    """A sound resource with a few members replaced."""
    resource = json.loads(json.dumps(draw(st.sampled_from(SOUND))))
    for _ in range(draw(st.integers(1, 4))):
        _break(draw, resource)
    return resource


def _break(draw: st.DrawFn, value: object) -> None:
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        inner = value[key]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            value = inner
            continue
        value[key] = deepcopy(draw(JUNK))
        return
