"""The stand-in EHR's records answer the searches of the service and of the prefetch templates."""

import pytest

from marrowd.demo.records import Records, UnknownSearch

LOINC = "http://loinc.org"


def lab(ident, *, patient="ada", code="1989-3", updated="2026-01-01T00:00:00+00:00", **members):
    return {
        "resourceType": "Observation",
        "id": ident,
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": "2026-01-01T08:00:00+00:00",
        "status": "final",
        "meta": {"lastUpdated": updated},
        **members,
    }


def found(records, *params, kind="Observation"):
    return [resource["id"] for resource in records.search(kind, params)]


@pytest.fixture
def records():
    held = Records()
    held.put(lab("a", updated="2026-01-02T00:00:00+00:00"))
    held.put(lab("b", patient="ben"))
    return held


def test_a_newer_version_takes_the_place_of_the_older(records):
    records.put(lab("a", status="entered-in-error"))

    assert records.read("Observation/a")["status"] == "entered-in-error"


def test_what_is_not_held_is_not_found(records):
    assert records.read("Observation/c") is None


@pytest.mark.parametrize("value", ["ada", "Patient/ada"])
def test_a_patient_is_named_with_or_without_the_type(records, value):
    assert found(records, ("patient", value)) == ["a"]


@pytest.mark.parametrize("value", [f"{LOINC}|1989-3", "1989-3", f"{LOINC}|x,{LOINC}|1989-3"])
def test_a_code_is_named_with_or_without_its_system(records, value):
    assert found(records, ("code", value)) == ["b", "a"]


def test_another_code_is_not_found(records):
    assert found(records, ("code", f"{LOINC}|62292-8")) == []


def test_a_search_sees_one_type(records):
    assert found(records, ("patient", "ada"), kind="Condition") == []


def test_matches_come_oldest_first(records):
    assert found(records, ("_sort", "_lastUpdated"), ("_count", "1")) == ["b", "a"]


def test_last_updated_bounds_the_search(records):
    assert found(records, ("_lastUpdated", "ge2026-01-01T12:00:00Z")) == ["a"]


def test_results_are_found_by_what_lists_them(records):
    draw = {
        "resourceType": "DiagnosticReport",
        "id": "draw",
        "result": [{"reference": "Observation/a"}],
        "meta": {"lastUpdated": "2026-01-01T00:00:00+00:00"},
    }
    records.put(draw)

    assert found(records, ("result", "Observation/a"), kind="DiagnosticReport") == ["draw"]


def test_identifiers_are_found(records):
    records.put(lab("c", identifier=[{"system": "urn:lab", "value": "7"}]))

    assert found(records, ("identifier", "urn:lab|7")) == ["c"]


def test_days_bound_the_search(records):
    assert found(records, ("date", "ge2026-01-01"), ("date", "le2026-01-01")) == ["b", "a"]
    assert found(records, ("date", "ge2026-01-02")) == []


def test_a_status_bounds_the_search(records):
    assert found(records, ("status", "active,draft")) == []


def test_an_unknown_parameter_is_an_error(records):
    with pytest.raises(UnknownSearch, match="modality"):
        found(records, ("modality", "MR"))
