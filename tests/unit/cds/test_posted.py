"""One message posts a card, replaces one or takes one back."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from tests.support.verdicts import verdict

from marrowd.cds.cards import cards_for
from marrowd.cds.posted import posted_message
from marrowd.core.verdict import VerdictKind

OLD = UUID("7a1f4c1e-0000-5000-8000-000000000000")
CARDS = cards_for(verdict())


def message(**changed):
    given = {
        "message_id": "msg_1",
        "patient": "Patient/1",
        "fhir_server": "https://ehr.example/fhir",
        "sequence": 4,
        "verdict": VerdictKind.ASSOCIATION,
        "issued": datetime(2026, 2, 1, 8, 30, tzinfo=UTC),
    }
    return posted_message(**(given | changed))


def test_a_card_is_posted():
    assert message(cards=CARDS) == {
        "id": "msg_1",
        "type": "card.posted",
        "patient": "Patient/1",
        "fhirServer": "https://ehr.example/fhir",
        "sequence": 4,
        "verdict": "association",
        "cards": CARDS,
        "retracts": [],
        "issued": "2026-02-01T08:30:00Z",
    }


def test_a_replacement_posts_and_retracts_in_one():
    replaced = message(cards=CARDS, retracts=[OLD])

    assert replaced["type"] == "card.posted"
    assert replaced["retracts"] == [str(OLD)]


def test_a_withdrawal_has_no_card_and_says_what_holds_now():
    withdrawn = message(retracts=[OLD], verdict=VerdictKind.EDEMA_ABSENT)

    assert withdrawn["type"] == "card.retracted"
    assert withdrawn["cards"] == []
    assert withdrawn["verdict"] == "edema_absent"


def test_issued_is_written_in_utc():
    issued = datetime(2026, 2, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))

    assert message(cards=CARDS, issued=issued)["issued"] == "2026-02-01T08:30:00Z"


def test_a_message_says_something():
    with pytest.raises(ValueError, match="posts a card or retracts one"):
        message()


def test_a_message_is_issued_at_an_instant():
    with pytest.raises(ValueError, match="issued must be aware"):
        message(cards=CARDS, issued=datetime(2026, 2, 1))  # noqa: DTZ001 - the fault under test
