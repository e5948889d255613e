"""What a message says depends on who it is for."""

import json

import pytest
from tests.support.stored import NOW
from tests.support.verdicts import verdict

from marrowd.core.verdict import VerdictKind
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store.protocols import PatientState
from marrowd.work.deciding import Decider


@pytest.fixture
def decider() -> Decider:
    return Decider(
        policy=policy_from(PolicySettings()),
        rules="r",
        base_urls={"main": "https://fhir.example.org/r4"},
        destinations={"main": ["hook", "server"]},
        writing_fhir=["server"],
    )


def told(decider: Decider, monkeypatch: pytest.MonkeyPatch, kind, posted=None) -> dict:
    given = verdict(kind)
    monkeypatch.setattr("marrowd.work.deciding.screen", lambda *_, **__: given)
    state = PatientState(source="main", patient="Patient/1", facts=(), posted_card=posted)
    change = decider.at("main", NOW)(state)
    return {message.destination: json.loads(message.body) for message in change.messages}


def test_only_who_writes_fhir_is_told_what_a_card_stands_on(decider, monkeypatch):
    messages = told(decider, monkeypatch, VerdictKind.ASSOCIATION)

    assert messages["server"]["about"] == ["DiagnosticReport/7", "Observation/1"]
    assert "about" not in messages["hook"]
    assert messages["hook"]["cards"] == messages["server"]["cards"]


def test_a_withdrawal_stands_on_nothing(decider, monkeypatch):
    card = "7a1f4c1e-0000-5000-8000-000000000000"
    messages = told(decider, monkeypatch, VerdictKind.REPLETED, posted=card)

    assert messages["server"]["retracts"] == [card]
    assert "about" not in messages["server"]
