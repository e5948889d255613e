"""The stand-in EHR takes each card once, from the service only, and orders by sequence."""

import base64
import json
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from marrowd.demo.received import CardInbox

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four.").decode()
PATIENT = "Patient/ada"


def card(uuid):
    return {"uuid": uuid, "summary": f"card {uuid}"}


def message(sequence, *, cards=(), retracts=(), patient=PATIENT):
    return {
        "id": f"msg_{sequence}",
        "patient": patient,
        "sequence": sequence,
        "verdict": "association",
        "cards": [card(uuid) for uuid in cards],
        "retracts": list(retracts),
    }


def headers_of(message_id, body, *, secret=SECRET):
    now = datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body.decode()),
    }


def take(inbox, told, *, secret=SECRET):
    body = json.dumps(told).encode()
    return inbox.take(headers_of(told["id"], body, secret=secret), body, at=0.0)


def standing(inbox):
    return [one["uuid"] for one in inbox.standing(PATIENT)]


def test_a_posted_card_stands_in_the_chart():
    inbox = CardInbox(SECRET)

    assert take(inbox, message(1, cards=["a"]))
    assert standing(inbox) == ["a"]
    assert [one.act for one in inbox.of(PATIENT)] == ["posted"]


def test_a_message_that_comes_twice_is_taken_once():
    inbox = CardInbox(SECRET)
    take(inbox, message(1, cards=["a"]))

    assert take(inbox, message(1, cards=["a"]))
    assert len(inbox.all()) == 1
    assert inbox.repeated == 1


def test_a_replacement_leaves_only_the_new_card():
    inbox = CardInbox(SECRET)
    take(inbox, message(1, cards=["a"]))
    take(inbox, message(2, cards=["b"], retracts=["a"]))

    assert standing(inbox) == ["b"]
    assert [one.act for one in inbox.of(PATIENT)] == ["posted", "replaced"]


def test_a_retraction_that_overtakes_its_card_still_takes_it_back():
    inbox = CardInbox(SECRET)
    take(inbox, message(2, retracts=["a"]))
    take(inbox, message(1, cards=["a"]))

    assert standing(inbox) == []
    assert [one.act for one in inbox.of(PATIENT)] == ["posted", "retracted"]


def test_a_card_taken_back_can_still_be_looked_up():
    inbox = CardInbox(SECRET)
    take(inbox, message(1, cards=["a"]))
    take(inbox, message(2, retracts=["a"]))

    assert inbox.card("a") == card("a")
    assert inbox.card("b") is None


def test_each_patient_has_a_chart_of_their_own():
    inbox = CardInbox(SECRET)
    take(inbox, message(1, cards=["a"]))

    assert inbox.standing("Patient/ben") == []


def test_a_wrong_signature_is_refused():
    inbox = CardInbox(SECRET)
    other = "whsec_" + base64.b64encode(b"another secret of mine..").decode()

    assert not take(inbox, message(1, cards=["a"]), secret=other)
    assert inbox.all() == []


def test_missing_headers_are_refused():
    assert not CardInbox(SECRET).take({}, b"{}", at=0.0)
