"""The shape of a Communication, and what later messages make of it."""

import pytest
from fhir.resources.R4B.communication import Communication
from tests.support.verdicts import verdict

from marrowd.cds import communication
from marrowd.cds.cards import cards_for

[CARD] = cards_for(verdict())
BASE = "https://ehr.example/fhir"


def message(sequence=1, issued="2026-03-01T12:00:00.123456Z", **changed):
    return {
        "id": f"msg_{sequence}",
        "patient": "Patient/1",
        "fhirServer": BASE,
        "sequence": sequence,
        "issued": issued,
        "cards": [CARD],
        "retracts": [],
        "about": ["DiagnosticReport/1", "Observation/1"],
        **changed,
    }


def written(**changed):
    return communication.completed(message(**changed), CARD, base_url=BASE)


def test_a_card_is_valid_fhir_with_its_text_and_grounds():
    resource = written()

    read = Communication.model_validate(resource)
    assert read.status == "completed"
    assert resource["payload"] == [{"contentString": f"{CARD['summary']}\n\n{CARD['detail']}"}]
    assert resource["about"] == [
        {"reference": "DiagnosticReport/1"},
        {"reference": "Observation/1"},
    ]
    assert resource["subject"] == {"reference": "Patient/1"}
    assert {"system": "urn:marrowd:card", "value": CARD["uuid"]} in resource["identifier"]
    assert resource["topic"]["coding"] == [CARD["source"]["topic"]]


def test_what_cannot_be_pointed_at_is_left_out():
    about = ["DiagnosticReport/1#a", "Observation/1", "Observation/1"]

    assert written(about=about)["about"] == [{"reference": "Observation/1"}]
    assert "about" not in written(about=[])


def test_references_to_another_server_are_absolute():
    resource = communication.completed(message(), CARD, base_url="https://other.example/fhir")

    assert resource["subject"] == {"reference": f"{BASE}/Patient/1"}
    assert resource["about"][0] == {"reference": f"{BASE}/DiagnosticReport/1"}


def test_a_withdrawal_is_valid_fhir_and_keeps_what_others_added():
    found = {**written(), "id": "7", "note": [{"text": "seen"}]}

    taken_back = communication.withdrawn(found, message(2))
    instead = communication.never_sent(message(2), CARD["uuid"], base_url=BASE)

    for resource in (taken_back, instead):
        Communication.model_validate(resource)
        assert resource["status"] == "entered-in-error"
        assert {"system": "urn:marrowd:sequence", "value": "2"} in resource["identifier"]
    assert taken_back["note"] == [{"text": "seen"}]
    assert len(taken_back["identifier"]) == 2


def test_posted_again_it_holds_without_the_reason_of_its_withdrawal():
    withdrawn = communication.withdrawn({**written(), "id": "7"}, message(2))

    again = communication.posted_again(withdrawn, written(sequence=3), message(3))

    Communication.model_validate(again)
    assert (again["status"], again["id"]) == ("completed", "7")
    assert "statusReason" not in again


EARLY, LATE = "2026-03-01T12:00:00.9Z", "2026-03-01T13:00:00+00:00"


@pytest.mark.parametrize(
    ("held", "asked", "has_passed"),
    [
        pytest.param((1, EARLY, "completed"), (1, EARLY), True, id="the same again"),
        pytest.param((1, EARLY, "completed"), (2, LATE), False, id="a later one"),
        pytest.param((2, EARLY, "entered-in-error"), (1, EARLY), True, id="late, taken back since"),
        pytest.param((2, EARLY, "entered-in-error"), (3, EARLY), False, id="in one second"),
        pytest.param((9, EARLY, "entered-in-error"), (1, LATE), False, id="after a restore"),
        pytest.param((2, LATE, "completed"), (3, EARLY), False, id="clocks that differ"),
        pytest.param((2, None, "entered-in-error"), (1, EARLY), True, id="no time kept"),
        pytest.param((2, "2026", "entered-in-error"), (1, EARLY), True, id="a time cut short"),
        pytest.param((None, EARLY, "completed"), (1, EARLY), False, id="no sequence kept"),
    ],
)
def test_a_message_is_known_by_sequence_and_time(held, asked, has_passed):
    sequence, sent, status = held
    found = {"status": status, "sent": sent, "identifier": []}
    if sequence is not None:
        found["identifier"] = [{"system": "urn:marrowd:sequence", "value": str(sequence)}]

    said = communication.has_passed(found, message(*asked), status="completed")

    assert said is has_passed


def test_a_message_without_a_time_is_written():
    assert not communication.has_passed(written(), message(1, issued="?"), status="completed")
