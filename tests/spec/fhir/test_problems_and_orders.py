"""Problems of the problem list and orders, as far as they matter for the verdict."""

import json

import pytest
from tests.support import resources as fhir
from tests.support.reading import PlainReader

from marrowd.core.facts import Fact
from marrowd.fhir.facts import Extraction, facts_from, is_empty
from marrowd.fhir.json import parse
from marrowd.rules.codes import load_codes

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SCT = "http://snomed.info/sct"


def read(resource, **more) -> Fact:
    fact = facts_from(
        parse(json.dumps(resource)),
        patient="Patient/p1",
        extraction=Extraction(reader=PlainReader(), **more),
    )
    assert isinstance(fact, Fact)
    return fact


@pytest.mark.parametrize(
    ("system", "code", "meaning"),
    [
        *((ICD, code, "pain") for code in ("M25.57", "M25.571", "M25.572", "M25.579", "M25571")),
        *((ICD, code, "pain") for code in ("M79.671", "M79.672", "M79.673", "m79.673")),
        *((ICD, code, None) for code in ("M79.674", "M79.67", "M25.5", "M25.561", "R60.0")),
        ("http://hl7.org/fhir/sid/icd-10", "M25.571", None),
        ("", "M25.571", None),
        (ICD, "E55.9", "deficiency"),
        ("http://hl7.org/fhir/sid/icd-10", "E55.9", "deficiency"),
        (ICD, "E55.0", None),
        (SCT, "34713006", "deficiency"),
        ("urn:x", "34713006", None),
    ],
)
def test_what_a_code_means(system, code, meaning):
    problem = read(fhir.pain(code=fhir.coded(code, system))).problem

    assert (problem is not None) is (meaning is not None)
    if problem is not None:
        assert (problem.is_pain, problem.is_vitamin_d_deficiency) == (
            meaning == "pain",
            meaning == "deficiency",
        )


def test_a_site_may_name_a_code_for_pain():
    codes = load_codes(pains=["urn:local|FOOTPAIN"])
    problem = read(fhir.pain(code=fhir.coded("FOOTPAIN", "urn:local")), codes=codes).problem

    assert problem is not None
    assert problem.is_pain


@pytest.mark.parametrize(
    ("clinical", "verification", "active"),
    [
        ("active", None, True),
        ("recurrence", None, True),
        ("relapse", "unconfirmed", True),
        ("inactive", None, False),
        ("remission", None, False),
        ("resolved", None, False),
        (None, None, False),
        ("active", "refuted", False),
        ("active", "confirmed", True),
    ],
)
def test_what_is_active(clinical, verification, active):
    problem = read(
        fhir.pain(
            clinicalStatus=fhir.coded(clinical, "urn:c") if clinical else None,
            verificationStatus=fhir.coded(verification, "urn:v") if verification else None,
        )
    ).problem

    assert problem is not None
    assert problem.is_active is active


def test_entered_in_error_withdraws():
    fact = read(fhir.pain(verificationStatus=fhir.coded("entered-in-error", "urn:v")))

    assert is_empty(fact)
    assert fact.version.is_withdrawn


@pytest.mark.parametrize(
    ("members", "day"),
    [
        ({"onsetDateTime": "2025-08-01"}, "2025-08-01"),
        ({"onsetDateTime": None, "onsetPeriod": {"start": "2025-08-02"}}, "2025-08-02"),
        ({"onsetDateTime": None, "recordedDate": "2025-08-03"}, "2025-08-03"),
        (
            {"onsetDateTime": None, "onsetAge": {"value": 40}, "recordedDate": "2025-08-04"},
            "2025-08-04",
        ),
        ({"onsetDateTime": "2025-08-01", "recordedDate": "2025-08-05"}, "2025-08-01"),
    ],
)
def test_since_when(members, day):
    problem = read(fhir.pain(**members)).problem

    assert problem is not None
    assert problem.since is not None
    assert problem.since.instant is not None
    assert problem.since.instant.date().isoformat() == day


def test_since_nobody_knows():
    problem = read(fhir.pain(onsetDateTime=None)).problem

    assert problem is not None
    assert problem.since is None


@pytest.mark.parametrize(
    ("concept", "asks"),
    [
        (fhir.coded("62292-8"), "25(OH)D"),
        (fhir.coded("1989-3"), "25(OH)D"),
        (fhir.coded("35365-6"), "25(OH)D"),
        (fhir.coded("72034-2"), "25(OH)D"),
        (fhir.coded("1649-3"), None),
        ({"text": "Vitamin D, 25-Hydroxy"}, "25(OH)D"),
        ({"text": "25(OH)D total"}, "25(OH)D"),
        ({"text": "25-OH vitamin D"}, "25(OH)D"),
        ({"text": "1,25-dihydroxyvitamin D"}, None),
        ({"text": "Vitamin D 1,25 (OH)2"}, None),
        (fhir.coded("1649-3") | {"text": "25-OH vitamin D"}, None),
        (fhir.coded("24707-2"), "foot MR"),
        ({"text": "MRI left ankle"}, "foot MR"),
        ({"text": "X-ray left ankle"}, None),
        ({"text": "CBC"}, None),
    ],
)
def test_what_an_order_asks_for(concept, asks):
    order = read(fhir.request(code=concept)).order
    found = None if order is None else "25(OH)D" if order.is_vitamin_d else "foot MR"

    assert found == asks


@pytest.mark.parametrize(
    ("members", "is_open"),
    [
        *(({"status": status}, True) for status in ("active", "draft")),
        *(({"status": status}, False) for status in ("on-hold", "completed", "revoked")),
        *(({"status": status}, False) for status in ("unknown", None)),
        ({"doNotPerform": True}, False),
    ],
)
def test_which_orders_are_open(members, is_open):
    order = read(fhir.request(**members)).order

    assert order is not None
    assert order.is_open is is_open
