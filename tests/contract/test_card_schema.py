"""Every card that can be drawn, and discovery, hold to CDS Hooks 2.0 and to FHIR R4."""

import json
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.servicerequest import ServiceRequest
from jsonschema import Draft202012Validator
from tests.support.verdicts import WITH_CARD, finding, level, report, verdict

from marrowd.cds.cards import OVERRIDE_REASONS, cards_for
from marrowd.cds.services import PrefetchKey, Service, discovery
from marrowd.core.facts import Unit
from marrowd.core.reading import Cue
from marrowd.core.verdict import Checked, Pattern, VerdictKind
from marrowd.rules.codes import load_codes

SCHEMA = json.loads((Path(__file__).parents[1] / "data/cds-hooks.schema.json").read_text())
MODELS = {"ServiceRequest": ServiceRequest, "Condition": Condition}


def valid(message, kind):
    Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}).validate(message)


def drawn():
    for kind, known, ref in product(WITH_CARD, product([True, False], repeat=2), ["O/1", "O/1#a"]):
        checked = Checked(problems=known[0], orders=known[1])
        governing = level("35", Unit.NMOL_L, ref=ref) if verdict(kind).governing else None
        yield from cards_for(verdict(kind, governing=governing), checked=checked)
    for kind, pattern in product(WITH_CARD[:4], Pattern):
        yield from cards_for(verdict(kind, pattern=pattern))
    yield from cards_for(
        verdict(report=report(finding(), cues=tuple(Cue), ref="DiagnosticReport/1#x"))
    )


CARDS = list(drawn())


def empties(value):
    if value is None or value in ("", [], {}):
        yield value
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    for child in children:
        yield from empties(child)


@pytest.mark.parametrize("card", CARDS)
def test_a_card_holds_to_the_schema(card):
    valid({"cards": [card]}, "response")


@pytest.mark.parametrize("card", CARDS)
def test_a_card_has_no_null_and_nothing_empty(card):
    assert not list(empties(card))


@pytest.mark.parametrize("card", CARDS)
def test_a_card_has_what_an_ehr_needs_for_feedback(card):
    assert str(UUID(card["uuid"])) == card["uuid"]
    assert [reason["display"] for reason in card["overrideReasons"]] == [*OVERRIDE_REASONS.values()]
    assert all(str(UUID(s["uuid"])) == s["uuid"] for s in card.get("suggestions", []))


@pytest.mark.parametrize("card", CARDS)
def test_links_are_absolute(card):
    assert all(link["type"] == "absolute" for link in card["links"])
    assert all(link["url"].startswith("https://") for link in [*card["links"], card["source"]])


@pytest.mark.parametrize("card", CARDS)
def test_suggestions_come_with_a_selection_behavior_and_only_they(card):
    assert ("suggestions" in card) == ("selectionBehavior" in card)


@pytest.mark.parametrize("card", CARDS)
def test_resources_of_suggestions_are_fhir_r4(card):
    for suggestion in card.get("suggestions", []):
        (action,) = suggestion["actions"]
        resource = action["resource"]
        model = MODELS[resource["resourceType"]].model_validate(resource)

        assert json.loads(model.model_dump_json(exclude_none=True)) == resource


@pytest.mark.parametrize("kind", [kind for kind in VerdictKind if kind not in WITH_CARD])
def test_a_verdict_without_card_answers_an_empty_list(kind):
    cards = cards_for(verdict(kind))

    assert cards == []
    valid({"cards": cards}, "response")


def test_cards_can_be_written_as_json():
    assert json.loads(json.dumps(CARDS)) == CARDS


def test_discovery_holds_to_the_schema():
    document = discovery(load_codes())

    valid(document, "discovery")
    assert not list(empties(document))
    assert [service["id"] for service in document["services"]] == [*Service]
    assert all(set(s["prefetch"]) == set(PrefetchKey) for s in document["services"])
