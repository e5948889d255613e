"""What must be at hand before a report can be read, and whose a resource is."""

import pytest
from tests.support import resources as fhir

from marrowd.fhir.facts import Irrelevant, ignored_because
from marrowd.fhir.needs import Needs, binary_ref, needs
from marrowd.fhir.subjects import subject_of, subjects_of
from marrowd.rules.codes import load_codes

CODES = load_codes()
FORM = {"contentType": "application/pdf", "url": "Binary/b1"}


def test_an_imaging_report_needs_its_contents_results_and_study():
    report = fhir.mri(
        presentedForm=[FORM, FORM, {"data": "eA=="}],
        result=[{"reference": "Observation/o1"}, {"reference": "#x"}],
        imagingStudy=[{"reference": "ImagingStudy/s1"}],
    )

    assert needs(report, CODES) == Needs(
        contents=("Binary/b1",), observations=("Observation/o1",), studies=("ImagingStudy/s1",)
    )


def test_a_laboratory_report_needs_its_results_only():
    report = fhir.mri(
        code={"text": "Vitamin D"},
        category=[fhir.coded("LAB", "urn:c")],
        presentedForm=[FORM],
        result=[{"reference": "Observation/o1"}],
    )

    assert needs(report, CODES) == Needs(observations=("Observation/o1",))


@pytest.mark.parametrize("resource", [fhir.lab(), fhir.study(), fhir.mri(status="cancelled")])
def test_others_need_nothing(resource):
    assert needs(resource, CODES).is_nothing


@pytest.mark.parametrize(
    ("url", "ref"),
    [
        ("Binary/1", "Binary/1"),
        ("http://h/fhir/Binary/1/_history/2", "Binary/1"),
        ("http://h/report.pdf", None),
        ("Patient/1", None),
        ("data:text/plain,x", None),
    ],
)
def test_which_urls_are_binaries(url, ref):
    assert binary_ref(url) == ref


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (fhir.lab(), None),
        (fhir.lab(code=fhir.coded("8867-4")), Irrelevant.CODE),
        (fhir.lab(code=fhir.coded("19005-8")), None),
        (fhir.lab(code=None, status="entered-in-error"), None),
        (fhir.lab(code=fhir.coded("72034-2"), component=[{"code": fhir.coded("1989-3")}]), None),
        (fhir.mri(code=None, category=None), None),
        (fhir.study(), None),
        (fhir.pain(), None),
        (fhir.pain(code="J45.9"), Irrelevant.CODE),
        (fhir.request(), None),
        (fhir.request(code="X"), Irrelevant.CODE),
        (fhir.patient(), Irrelevant.TYPE),
        ({}, Irrelevant.TYPE),
    ],
)
def test_the_cheap_look(resource, reason):
    assert ignored_because(resource, CODES) == reason


def test_a_type_that_calls_its_subject_patient():
    assert subject_of({"patient": {"reference": "Patient/1"}}).patient == "Patient/1"


def test_several_subjects():
    subjects = [{"reference": "Patient/1"}, {"reference": "Device/2"}, "x"]
    found = subjects_of({"subject": subjects})

    assert [(s.patient, s.is_other) for s in found] == [("Patient/1", False), (None, True)]


def test_no_subject():
    assert subject_of({}).is_missing


@pytest.mark.parametrize("kind", ["Patient", "http://hl7.org/fhir/StructureDefinition/Patient"])
def test_the_type_of_an_identifier(kind):
    found = subject_of({"subject": {"type": kind, "identifier": {"value": "7"}}})

    assert (found.identifiers, found.is_other) == (("|7",), False)
