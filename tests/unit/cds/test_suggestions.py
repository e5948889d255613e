"""What accepting a suggestion creates: drafts that say why, and no drug."""

from uuid import UUID

import pytest
from tests.support.verdicts import level, verdict

from marrowd.cds.suggestions import suggestion_json
from marrowd.core.cards import Suggestion
from marrowd.core.facts import Unit
from marrowd.core.verdict import VerdictKind

CARD = UUID("7a1f4c1e-0000-5000-8000-000000000000")
ORDERS = [Suggestion.RECHECK, Suggestion.ORDER, Suggestion.REPEAT]


def resource(suggestion, given):
    return suggestion_json(suggestion, given, CARD)["actions"][0]["resource"]


@pytest.mark.parametrize("suggestion", ORDERS)
def test_an_order_is_a_draft_without_a_date(suggestion):
    order = resource(suggestion, verdict())

    assert order["resourceType"] == "ServiceRequest"
    assert order["status"] == "draft"
    assert order["subject"] == {"reference": "Patient/1"}
    assert not [member for member in order if member.startswith(("occurrence", "authored"))]


@pytest.mark.parametrize("suggestion", ORDERS)
def test_only_an_order_that_cannot_wait_says_now(suggestion):
    label = suggestion_json(suggestion, verdict(), CARD)["label"]

    assert label.endswith(" now") is (suggestion is not Suggestion.RECHECK)


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        pytest.param(Unit.NG_ML, "62292-8", id="mass"),
        pytest.param(Unit.NMOL_L, "68438-1", id="molar"),
    ],
)
def test_an_order_asks_in_the_unit_the_laboratory_reports(unit, code):
    order = resource(Suggestion.RECHECK, verdict(governing=level("14", unit)))

    assert order["code"]["coding"] == [{"system": "http://loinc.org", "code": code}]


def test_an_order_without_a_result_asks_for_mass():
    order = resource(Suggestion.ORDER, verdict(VerdictKind.VITAMIN_D_MISSING))

    assert order["code"]["coding"][0]["code"] == "62292-8"


def test_an_order_without_a_report_gives_its_reason_in_words():
    order = resource(Suggestion.RECHECK, verdict(VerdictKind.CONSIDER_MRI))

    assert "reasonReference" not in order
    assert order["reasonCode"][0]["text"].startswith("Recheck of a low 25(OH)D")


def test_a_problem_is_active_and_unconfirmed():
    condition = resource(Suggestion.ADD_PROBLEM, verdict())

    assert condition["clinicalStatus"]["coding"][0]["code"] == "active"
    assert condition["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert condition["category"][0]["coding"][0]["code"] == "problem-list-item"
    assert [coding["code"] for coding in condition["code"]["coding"]] == ["E55.9", "34713006"]
    assert condition["evidence"] == [{"detail": [{"reference": "Observation/1"}]}]


@pytest.mark.parametrize("ref", ["DiagnosticReport/1#a", "Observation/<b>", "x"])
def test_what_cannot_be_pointed_at_is_not_pointed_at(ref):
    condition = resource(Suggestion.ADD_PROBLEM, verdict(governing=level(ref=ref)))

    assert "evidence" not in condition


def test_a_problem_without_its_result_points_at_nothing():
    assert "evidence" not in resource(Suggestion.ADD_PROBLEM, verdict(governing=None))


def test_ids_follow_from_the_card():
    """Feedback on a card that was drawn twice is about the same suggestion."""
    one = suggestion_json(Suggestion.RECHECK, verdict(), CARD)
    other = suggestion_json(Suggestion.ADD_PROBLEM, verdict(), CARD)

    assert one["uuid"] == suggestion_json(Suggestion.RECHECK, verdict(), CARD)["uuid"]
    assert one["uuid"] != other["uuid"]
