"""A line gives the governing result as the laboratory wrote it; classes rest on what it means."""

import pytest
from tests.support.notation import NOW, PATIENT, POLICY, RULES, facts
from tests.support.screened import verdict

from marrowd.cli.lines import line_of
from marrowd.core.screening import verdict_at
from marrowd.core.timeline import build_timeline

REPORT = {
    "resourceType": "DiagnosticReport",
    "id": "mri",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "24538-1"}]},
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2026-02-01",
    "conclusion": "MRI LEFT ANKLE. FINDINGS: Bone marrow edema in the talus.",
}


def lab(quantity):
    return {
        "resourceType": "Observation",
        "id": "lab",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "62292-8"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-02-01",
        "valueQuantity": quantity,
    }


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "on_the_card"),
    [
        ({"value": 14, "unit": "ng/mL"}, 14, "ng/mL", None),
        ({"value": 14, "unit": "NG/ML"}, 14, "NG/ML", None),
        ({"value": 14, "unit": "ug/L"}, 14, "ug/L", "Reported as 14 ug/L."),
        ({"value": 45000, "unit": "pmol/L"}, 45000, "pmol/L", "Reported as 45000 pmol/L."),
        ({"value": 14, "unit": "mcg/L", "code": "ng/mL"}, 14, "mcg/L", "Reported as 14 mcg/L."),
    ],
)
def test_value_and_unit_are_as_reported(quantity, value, unit, on_the_card):
    line = verdict(lab(quantity), REPORT)

    assert (line["governing_result"]["value"], line["governing_result"]["unit"]) == (value, unit)
    assert line["governing_result"]["class"] == "deficient"
    detail = line["cards"][0]["detail"]
    assert (on_the_card or "25(OH)D 14 ng/mL") in detail
    assert ("Reported as" in detail) is bool(on_the_card)


def test_a_character_that_has_no_utf_8_form_changes_nothing_else():
    """Neither in the line of a result with its own digits nor in its card."""
    made = facts(
        ["result 14.50 ng/mL @-20 id=o", "report @-10 left foot id=r: left talus affirmed"]
    )
    found = verdict_at(
        build_timeline(PATIENT, made, policy=POLICY), policy=POLICY, now=NOW, rules_version=RULES
    )
    cards = [{"detail": "\x7f\x1f\u2028é"}]
    plain, lone = (
        line_of(found, cards=cards, dates={"Observation/o": date}) for date in ("?", "\ud800")
    )

    assert b'"value":14.50,' in plain
    assert b'"date":"?"' in plain
    assert lone == plain
