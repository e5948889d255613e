"""What a message says depends on who it is for."""

import json

import pytest
from tests.support.notation import NOW as TODAY
from tests.support.notation import PATIENT, facts
from tests.support.stored import NOW
from tests.support.verdicts import verdict

from marrowd.core.lacking import Sought
from marrowd.core.timeline import build_timeline
from marrowd.core.verdict import VerdictKind
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store.protocols import PatientState
from marrowd.work.deciding import Decider, NotEnough, Occasion


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


def state_of(*lines: str) -> PatientState:
    return PatientState(source="main", patient=PATIENT, facts=tuple(facts(lines)), posted_card=None)


def test_what_was_fetched_and_adds_nothing_is_no_reason_to_build_anew(decider, monkeypatch):
    built = []

    def build(*args, **kwargs):
        built.append(args)
        return build_timeline(*args, **kwargs)

    monkeypatch.setattr("marrowd.work.deciding.build_timeline", build)
    before = ["report @-10 left foot: talus affirmed", "result 14 ng/mL @-12"]
    asking = Occasion(now=TODAY, sought=Sought(bears_on_advice=True))
    with pytest.raises(NotEnough) as lacking:
        decider.on("main", asking)(state_of(*before))
    occasion = Occasion(now=TODAY, built=lacking.value.built)

    same = decider.on("main", occasion)(state_of(*before))
    assert 1 == len(built)
    assert decider.at("main", TODAY)(state_of(*before)) == same

    other = decider.on("main", occasion)(state_of(*before, "result 40 ng/mL @-1"))
    assert 3 == len(built)
    assert other.verdict != same.verdict
