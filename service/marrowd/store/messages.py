"""
Messages on their way to destinations: decided, not yet taken, or to be sent again.

Beside `protocols`, whose promises (times in UTC, durable on return, which errors) hold here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class MessageState(StrEnum):
    """Where an outgoing message is."""

    READY = "ready"
    RUNNING = "running"
    TAKEN = "taken"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A claimed message."""

    id: str
    fence: int
    destination: str
    source: str
    patient: str
    sequence: int
    body: bytes
    attempts: int  # this claim included
    created_at: datetime
    event_received_at: datetime | None
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message as an operator sees it."""

    id: str
    destination: str
    sequence: int
    state: MessageState
    attempts: int
    created_at: datetime
    available_at: datetime
    reason: str = ""


class Outbox(Protocol):
    """Messages decided and not yet taken; per patient and destination in order of `sequence`."""

    async def claim_messages(
        self, destination: str, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Message]:
        """Lease messages: only the first untaken one of each patient is ever handed out."""
        ...

    async def taken(self, message: Message, *, now: datetime) -> bool:
        """Record that the destination took *message*; False when the lease was lost."""
        ...

    async def retry_message(self, message: Message, *, at: datetime, reason: str) -> bool:
        """Try *message* again at *at*."""
        ...

    async def park_message(self, message: Message, *, now: datetime, reason: str) -> bool:
        """Set *message* aside; later ones of the same patient go on."""
        ...

    async def release_messages(self, messages: Sequence[Message]) -> None:
        """Give leases back unused (shutdown)."""
        ...

    async def outbox_depth(self) -> Mapping[str, int]:
        """Count untaken, unparked messages by destination."""
        ...

    async def oldest_message(self) -> Mapping[str, datetime]:
        """Give by destination the creation time of its oldest untaken, unparked message."""
        ...

    async def list_messages(self, *, state: MessageState | None, limit: int) -> list[MessageRow]:
        """List messages for an operator, oldest first."""
        ...

    async def show_message(self, message_id: str) -> tuple[MessageRow, bytes] | None:
        """Give one message with its body."""
        ...

    async def retry_parked_messages(self, message_ids: Sequence[str], *, now: datetime) -> int:
        """Make parked messages ready again; say how many."""
        ...

    async def hasten_messages(self, message_ids: Sequence[str], *, now: datetime) -> int:
        """Make due those that wait for their next try; say how many."""
        ...

    async def discard_messages(self, message_ids: Sequence[str]) -> int:
        """Drop parked messages for good; say how many."""
        ...

    async def purge_taken(self, *, before: datetime) -> int:
        """Forget messages taken before *before* (retention)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Messages to send again: by id, or written from `since` on and before `until`."""

    ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    destinations: tuple[str, ...] | None = None  # only those for one of these; None: any


class Replays(Protocol):
    """Messages that are settled, made ready again."""

    async def replayable(self, chosen: Chosen, *, limit: int) -> list[MessageRow]:
        """List those of *chosen* that are taken or parked, oldest first."""
        ...

    async def replay(self, chosen: Chosen, *, now: datetime) -> int:
        """
        Make them ready under the same id and sequence, attempts at zero; say how many.

        What is under way is left alone. The receiver knows a repeat by its id, and a message that
        comes after a later one by its sequence.
        """
        ...
