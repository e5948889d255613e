"""
What hooks remember: the cards they have shown, what clinicians did with them, the tokens of calls.

Beside `protocols`, whose promises (times in UTC, durable on return, which errors) hold here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class Asked(NamedTuple):
    """What a hook asks of the store before it gives an answer it has given before."""

    source: str
    patient: str  # "Patient/<id>"
    card: str  # its uuid, "" for none


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStanding:
    """What a hook has to know before it gives an answer it has given before."""

    revision: int  # of the patient's evidence; 0 when there is none
    quiet_until: datetime | None = None  # of the card asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCard:
    """A card that hooks have shown `times` times since this was last told."""

    card: str
    source: str
    verdict: str
    indicator: str
    last_at: datetime
    times: int


class CardOutcome(StrEnum):
    """What a clinician did with a card."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFeedback:
    """One thing that was done with one card."""

    card: str
    outcome: CardOutcome
    at: datetime  # as the EHR says
    reason: str  # code of an override reason, "none" when there is none
    quiet_until: datetime | None = None  # an override: show it no more before this


class Receipt(StrEnum):
    """What became of one feedback."""

    NEW = "new"
    REPEATED = "repeated"
    UNKNOWN = "unknown"  # no such card was ever shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCount:
    """One row of `marrowd cards stats`."""

    verdict: str
    shown: int  # how many cards
    times: int  # how often, all together
    accepted: int
    overridden: Mapping[str, int]  # by reason


class Feedback(Protocol):
    """What hooks remember of cards, and of the tokens that calls came with."""

    async def standings(self, asked: Sequence[Asked]) -> Sequence[AnswerStanding]:
        """Say how things stand with each of *asked*, in order: one read for all of them."""
        ...

    async def add_shown(self, shown: Sequence[ShownCard]) -> None:
        """Count cards that were shown."""
        ...

    async def add_feedback(
        self, given: Sequence[CardFeedback], *, now: datetime
    ) -> Sequence[Receipt]:
        """Keep what was done with cards, each thing once; say of each what became of it."""
        ...

    async def card_counts(self) -> Sequence[CardCount]:
        """Count cards by verdict: shown, accepted, overridden and why."""
        ...

    async def is_first_use(self, issuer: str, jti: str, *, now: datetime, until: datetime) -> bool:
        """
        Remember a token until *until*, over all replicas; False when it was used before.

        The one write here that a crash may lose: what is at stake is one repeat within minutes.
        """
        ...
