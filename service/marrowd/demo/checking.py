"""Whether what came of the year is what each story promised: the demo as a smoke test."""

from collections.abc import Mapping, Sequence

from marrowd.demo.received import RETRACTED, Card, CardInbox
from marrowd.demo.replay import Replayed
from marrowd.demo.year import Patient


def failures(
    patients: Sequence[Patient],
    replayed: Replayed,
    shown: Mapping[str, Sequence[Card]],
    cards: CardInbox,
) -> list[str]:
    """
    Give a line for everything that is not as expected.

    Args:
        patients: with their expectations.
        replayed: what came of the arrivals.
        shown: by patient id, what the hook showed.
        cards: what the EHR has taken.
    """
    found = [
        f"{patient.name}: {line}"
        for patient in patients
        for line in _of_patient(patient, replayed, shown.get(patient.id, ()), cards)
    ]
    if replayed.counts.parked:
        found.append(f"{replayed.counts.parked} events were parked")
    return found


def _of_patient(
    patient: Patient, replayed: Replayed, shown: Sequence[Card], cards: CardInbox
) -> list[str]:
    expected = patient.expected
    found = []
    verdict = replayed.verdict_of(patient)
    if verdict != expected.verdict:
        found.append(f"expected the verdict {expected.verdict}, came to {verdict}")
    acts = tuple(message.act for message in cards.of(patient.ref))
    if acts != expected.messages:
        found.append(f"expected the messages {_listed(expected.messages)}, came {_listed(acts)}")
    return found + _of_hook(patient, shown) + _of_chart(patient, shown, cards)


def _of_hook(patient: Patient, shown: Sequence[Card]) -> list[str]:
    expected = patient.expected
    if len(shown) != bool(expected.indicator):
        return [f"expected {int(bool(expected.indicator))} cards in the hook, came {len(shown)}"]
    if not shown:
        return []
    card = shown[0]
    found = []
    if card["indicator"] != expected.indicator:
        found.append(f"expected the indicator {expected.indicator}, came {card['indicator']}")
    if card["source"]["topic"]["code"] != expected.verdict:
        found.append(f"the hook's card is of {card['source']['topic']['code']}")
    missing = [part for part in expected.says if part not in card["summary"]]
    if missing:
        found.append(f"the summary lacks {_listed(missing)}: {card['summary']}")
    if patient.quote not in card["detail"]:
        found.append(f"the detail lacks {patient.quote!r}")
    return found


def _of_chart(patient: Patient, shown: Sequence[Card], cards: CardInbox) -> list[str]:
    """Compare what stands in the chart with what the hook shows: one advice has one id."""
    acts = patient.expected.messages
    standing = [str(card["uuid"]) for card in cards.standing(patient.ref)]
    if not acts or acts[-1] == RETRACTED:
        return [f"{len(standing)} cards stand in the chart"] if standing else []
    if standing != [str(card["uuid"]) for card in shown]:
        return ["the card in the chart is not the one that the hook shows"]
    return []


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
