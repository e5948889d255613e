"""
Cards as the stand-in EHR takes them: each message once, in the order of its sequence.

What stands in a chart is worked out from all messages of a patient, so that one that arrives late
or twice changes nothing: the service promises at least once, and a rising `sequence`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Card = Mapping[str, Any]
POSTED: Final = "posted"
REPLACED: Final = "replaced"
RETRACTED: Final = "retracted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, taken."""

    id: str
    patient: str  # "Patient/1"
    sequence: int
    verdict: str
    cards: tuple[Card, ...]
    retracts: tuple[str, ...]
    at: float  # of the loop's clock, seconds

    @property
    def act(self) -> str:
        """Say in a word what it does to the chart."""
        if not self.cards:
            return RETRACTED
        return REPLACED if self.retracts else POSTED


class CardInbox:
    """What an EHR keeps of the cards that were posted to it."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)
        self._messages: dict[str, Message] = {}
        self.repeated = 0

    def take(self, headers: Mapping[str, str], body: bytes, *, at: float) -> bool:
        """
        Take one POST.

        Args:
            headers: with the three of Standard Webhooks.
            body: byte for byte as it came.
            at: when it came.

        Returns:
            False when the signature does not hold; nothing is taken then.
        """
        try:
            told = self._webhook.verify(body, dict(headers))
        except WebhookVerificationError:
            return False
        message_id = headers["webhook-id"]
        if message_id in self._messages:
            self.repeated += 1
            return True
        self._messages[message_id] = Message(
            id=message_id,
            patient=told["patient"],
            sequence=told["sequence"],
            verdict=told["verdict"],
            cards=tuple(told["cards"]),
            retracts=tuple(told["retracts"]),
            at=at,
        )
        return True

    def of(self, patient: str) -> list[Message]:
        """Give the messages of *patient* by sequence, whatever order they came in."""
        mine = [m for m in self._messages.values() if m.patient == patient]
        return sorted(mine, key=lambda m: m.sequence)

    def all(self) -> list[Message]:
        """Give every message in the order of arrival."""
        return list(self._messages.values())

    def card(self, uuid: str) -> Card | None:
        """Give a card that was taken at any time."""
        taken = (card for m in self._messages.values() for card in m.cards)
        return next((card for card in taken if card["uuid"] == uuid), None)

    def standing(self, patient: str) -> list[Card]:
        """Give the cards that stand in the chart of *patient* now."""
        cards: dict[str, Card] = {}
        for message in self.of(patient):
            for card in message.retracts:
                cards.pop(card, None)
            cards |= {str(card["uuid"]): card for card in message.cards}
        return list(cards.values())
