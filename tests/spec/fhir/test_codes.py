"""Which codes are 25(OH)D, and what stands in an Observation beside its own value."""

import json
from typing import Any

import pytest
from tests.spec.tables import Table, row
from tests.support import resources as fhir
from tests.support.reading import PlainReader

from marrowd.core.facts import Fact
from marrowd.fhir.codings import analyte
from marrowd.fhir.facts import Extraction, facts_from
from marrowd.fhir.json import parse
from marrowd.rules.codes import load_codes

LC = "LOINC 2.68"


def read(resource: Any, **more: Any) -> Fact:
    extraction = Extraction(reader=PlainReader(), **more)
    text = json.dumps(resource)
    fact = facts_from(parse(text, allow_nan=True), patient="Patient/p1", extraction=extraction)
    assert isinstance(fact, Fact)
    return fact


def told(resource: Any, **more: Any) -> list[str]:
    found = []
    for result in read(resource, **more).results:
        amount = f"{result.comparator or ''}{result.value} {result.unit}"
        said = result.unreadable or amount
        found.append(f"{result.ref} {result.analyte} {said} {result.standing}")
    return found


ANALYTES = Table(
    title="Codes of 25(OH)D",
    rule="Total, D3 and D2 by LOINC code; a panel, a metabolite, a parent vitamin or a goal "
    "excludes whatever stands beside it; a display decides nothing.",
    columns=("codes", "analyte"),
    source=LC,
    rows=(
        row("total, mass", "62292-8", "total"),
        row("total, molar", "68438-1", "total"),
        row("total, mass, other method", "83070-3", "total"),
        row("total, molar, other method", "83071-1", "total"),
        row("D3, mass", "1989-3", "d3"),
        row("D3, molar", "14635-7", "d3"),
        row("D2, mass", "49054-0", "d2"),
        row("D2, molar", "46269-7", "d2"),
        row("total beside D3", "1989-3 62292-8", "total"),
        row("a local code beside it", "local|VITD 62292-8", "total"),
        row("1,25-dihydroxy", "1649-3", "None"),
        row("1,25-dihydroxy, molar", "14566-4", "None"),
        row("parent D3", "33958-0", "None"),
        row("parent D2", "2236-8", "None"),
        row("3-epi", "72403-9", "None"),
        row("24,25-dihydroxy", "94672-3", "None"),
        row("goal", "86918-0", "None"),
        row("panel", "72034-2", "None"),
        row("grey", "35365-6", "None"),
        row("an excluded code beside a good one", "62292-8 1649-3", "None"),
        row("a panel code beside a good one", "62292-8 72034-2", "None"),
        row("a grey code beside a good one", "62292-8 35365-6", "total"),
        row("often quoted wrongly", "47904-8", "None"),
        row("the number under another system", "http://snomed.info/sct|62292-8", "None"),
        row("the number without a system", "|62292-8", "None"),
        row("LOINC by its OID", "urn:oid:2.16.840.1.113883.6.1|62292-8", "total"),
    ),
)


@ANALYTES.cases
def test_codes(codes, expected):
    pairs = [c.rpartition("|") if "|" in c else (fhir.LOINC, "", c) for c in codes.split()]
    concept = {
        "coding": [{"system": p[0], "code": p[2], "display": "25-OH vitamin D"} for p in pairs]
    }

    assert str(analyte(concept, load_codes())) == expected


def test_a_site_may_name_its_own_code_and_a_grey_one():
    codes = load_codes(local={("urn:lab", "VITD"): "total", (fhir.LOINC, "35365-6"): "d3"})

    assert analyte(fhir.coded("VITD", "urn:lab"), codes) == "total"
    assert analyte(fhir.coded("35365-6"), codes) == "d3"


def test_a_site_cannot_name_an_excluded_code():
    assert (
        analyte(fhir.coded("1649-3"), load_codes(local={(fhir.LOINC, "1649-3"): "total"})) is None
    )


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("final", "counts"),
        ("amended", "counts"),
        ("corrected", "counts"),
        ("registered", "held"),
        ("preliminary", "held"),
        ("unknown", "held"),
        (None, "held"),
        ("Final", "held"),
        (5, "held"),
    ],
)
def test_status_of_a_result(status, standing):
    assert [r.standing for r in read(fhir.lab(status=status)).results] == [standing]


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_withdrawn_result_leaves_an_empty_fact_that_wins_a_tie(status):
    fact = read(fhir.lab(status=status))

    assert fact.results == ()
    assert fact.version.is_withdrawn


def test_data_absent_in_place_of_a_value_withdraws():
    absent = fhir.lab(valueQuantity=None, dataAbsentReason=fhir.coded("unknown"))

    assert read(absent).results == ()
    assert read(absent).version.is_withdrawn


def test_data_absent_beside_a_unit_alone_withdraws():
    """A unit is no value: some laboratories send it with every quantity."""
    absent = fhir.lab(valueQuantity={"unit": "ng/mL"}, dataAbsentReason=fhir.coded("unknown"))

    assert read(absent).results == ()
    assert read(absent).version.is_withdrawn


def test_a_unit_alone_without_a_reason_is_unreadable():
    bare = fhir.lab(valueQuantity={"unit": "ng/mL"})

    assert told(bare) == ["Observation/o1 total value counts"]


def test_data_absent_beside_a_value_does_not():
    assert told(fhir.lab(dataAbsentReason=fhir.coded("unknown"))) == [
        "Observation/o1 total 14 ng/mL counts"
    ]


def test_no_value_and_no_reason_is_unreadable():
    assert told(fhir.lab(valueQuantity=None)) == ["Observation/o1 total value counts"]


def test_components_count_under_the_ref_of_their_parent():
    panel = fhir.lab(
        code=fhir.coded("72034-2"),
        valueQuantity=None,
        component=[
            {"code": fhir.coded("1989-3"), "valueQuantity": fhir.quantity(9)},
            {"code": fhir.coded("49054-0"), "valueString": "<4 ng/mL"},
            {"code": fhir.coded("1649-3"), "valueQuantity": fhir.quantity(40, "pg/mL")},
            {"code": fhir.coded("62292-8"), "dataAbsentReason": fhir.coded("unknown")},
        ],
    )

    assert told(panel) == [
        "Observation/o1 d3 9 ng/mL counts",
        "Observation/o1 d2 <4 ng/mL counts",
    ]


def test_a_heading_has_no_result_of_its_own():
    members = [{"reference": "Observation/o2"}]

    assert told(fhir.lab(valueQuantity=None, hasMember=members)) == []


def test_an_observation_contained_in_a_laboratory_report_counts_as_its_own():
    report = {
        "resourceType": "DiagnosticReport",
        "id": "d1",
        "status": "final",
        "subject": fhir.PATIENT,
        "contained": [fhir.lab("a"), fhir.lab("b", code=fhir.coded("1649-3"))],
        "result": [{"reference": "#a"}, {"reference": "Observation/o9"}],
    }
    fact = read(report)

    assert [r.ref for r in fact.results] == ["DiagnosticReport/d1#a"]
    assert fact.lists == ("Observation/o9", "DiagnosticReport/d1#a")


def test_what_is_contained_stands_no_better_than_what_contains_it():
    inside = fhir.lab("a", effectiveDateTime=None)
    report = {
        "resourceType": "DiagnosticReport",
        "id": "d1",
        "status": "preliminary",
        "effectiveDateTime": "2026-02-03",
        "contained": [inside],
    }
    (result,) = read(report).results

    assert result.standing == "held"
    assert result.when.instant is not None
    assert result.when.instant.isoformat() == "2026-02-03T12:00:00+00:00"


def test_the_unit_decides_and_its_contradiction_to_the_code_is_kept():
    (result,) = read(fhir.lab(code=fhir.coded("14635-7"))).results

    assert (str(result.value), result.unit, result.is_unit_unlike_code) == ("14", "ng/mL", True)


@pytest.mark.parametrize(
    ("specimen", "key"),
    [
        ({"reference": "Specimen/1"}, "Specimen/1"),
        ({"reference": "http://a/Specimen/1/_history/2"}, "Specimen/1"),
        ({"identifier": {"system": "urn:l", "value": "7"}}, "urn:l|7"),
        ({"reference": "#s"}, "Observation/o1#s"),
        ({"display": "serum"}, None),
        ("Specimen/1", None),
    ],
)
def test_specimen(specimen, key):
    assert [r.specimen for r in read(fhir.lab(specimen=specimen)).results] == [key]


@pytest.mark.parametrize(
    ("members", "reason", "instant"),
    [
        ({"effectiveDateTime": "2026-02-01"}, None, "2026-02-01T12:00:00+00:00"),
        ({"effectiveDateTime": "2026-02"}, None, "2026-02-15T12:00:00+00:00"),
        ({"effectiveDateTime": "2026"}, "date", None),
        ({"effectiveDateTime": "2026-02-30"}, "date", None),
        ({"effectiveDateTime": "soon", "issued": "2026-02-01T10:00:00Z"}, "date", None),
        (
            {"effectiveDateTime": None, "issued": "2026-02-01T10:00:00Z"},
            None,
            "2026-02-01T10:00:00+00:00",
        ),
        (
            {"effectiveDateTime": None, "effectiveInstant": "2026-02-01T10:00:00+02:00"},
            None,
            "2026-02-01T08:00:00+00:00",
        ),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {"start": "2026-01-01", "end": "2026-02-01"},
            },
            None,
            "2026-02-01T12:00:00+00:00",
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-01-01"}},
            None,
            "2026-01-01T12:00:00+00:00",
        ),
        (
            {
                "effectiveDateTime": None,
                "effectiveTiming": {"event": ["2026-01-01"]},
                "issued": "2026-02-01T10:00:00Z",
            },
            "date",
            None,
        ),
        ({"effectiveDateTime": None}, "date", None),
    ],
)
def test_when_a_result_was_taken(members, reason, instant):
    (result,) = read(fhir.lab(**members)).results

    assert result.unreadable == reason
    assert (result.when.instant and result.when.instant.isoformat()) == instant


def test_a_year_alone_is_kept_as_a_year():
    (result,) = read(fhir.lab(effectiveDateTime="2026")).results

    assert result.when.year == 2026
