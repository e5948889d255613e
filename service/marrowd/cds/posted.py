"""
The message that brings a card to an EHR, or takes it back, as docs/ehr.md describes it.

One shape for three acts. A first card and a replacement are `card.posted` (a replacement names in
`retracts` what it replaces, so that no instant shows both); a withdrawal is `card.retracted`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marrowd.core.verdict import VerdictKind


def posted_message(
    *,
    message_id: str,
    patient: str,
    fhir_server: str,
    sequence: int,
    verdict: VerdictKind,
    cards: Sequence[dict[str, Any]] = (),
    retracts: Sequence[UUID] = (),
    issued: datetime,
) -> dict[str, Any]:
    """
    Write the body of one message.

    Args:
        message_id: also the `webhook-id`: the same over all retries.
        patient: `Patient/<id>` on *fhir_server*.
        fhir_server: base URL of the source that the patient's record is on.
        sequence: rises per patient and destination, so that a receiver can drop a stale message.
        verdict: the one that now holds, also when it is the reason of a withdrawal.
        cards: what to show; none for a withdrawal.
        retracts: ids of the cards that no longer hold.
        issued: when the message was written, aware.

    Raises:
        ValueError: there is nothing to say, or *issued* has no zone.
    """
    if not cards and not retracts:
        message = "a message posts a card or retracts one"
        raise ValueError(message)
    if issued.tzinfo is None:
        message = "issued must be aware"
        raise ValueError(message)
    return {
        "id": message_id,
        "type": "card.posted" if cards else "card.retracted",
        "patient": patient,
        "fhirServer": fhir_server,
        "sequence": sequence,
        "verdict": str(verdict),
        "cards": list(cards),
        "retracts": [str(card) for card in retracts],
        "issued": issued.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
