"""
What operators and housekeeping ask of a store: stopping, forgetting, auditing.

Beside `protocols`, whose promises (times in UTC, durable on return, which errors) hold here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class Destinations(Protocol):
    """What is known of destinations beside their messages, over all replicas and restarts."""

    async def stop_destination(self, name: str, *, mark: str) -> None:
        """Remember that *name* wants nothing more; *mark* says as whom it was asked."""
        ...

    async def resume_destinations(self, names: Sequence[str]) -> int:
        """Forget that *names* were stopped; say how many were."""
        ...

    async def stopped_destinations(self) -> Mapping[str, str]:
        """Give the marks of those stopped, by name."""
        ...

    async def bring_forward(self, destination: str, *, now: datetime) -> int:
        """Make due what waits for its next try: the destination is back. Say how many."""
        ...

    async def set_aside(self, destination: str, *, now: datetime, reason: str) -> int:
        """Park all that waits for *destination*, what is under way included; say how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """How far a walk over the patients came."""

    forgotten: int  # facts
    at: tuple[str, str] | None  # (source, patient) to go on after; None at the end


class Forgetting(Protocol):
    """Evidence that is kept no longer."""

    async def forget_evidence(
        self, *, before: datetime, after: tuple[str, str], limit: int
    ) -> Walked:
        """
        Look at *limit* patients and forget those whose newest clinical date is before *before*.

        All of a patient's facts go, tombstones too, and with them what was decided; a patient with
        a card that stands posted is left alone. What remains of one who was written to is the last
        sequence, so that numbers go on rising. Facts of nobody go one by one, by their own time.
        """
        ...


class AuditKind(StrEnum):
    """How a card came before somebody, or was taken back."""

    HOOK = "hook"  # given in answer to a call of a hook
    POSTED = "posted"  # taken by a destination
    RETRACTED = "retracted"  # a destination took the message that withdraws it


class AuditEntry(NamedTuple):
    """One card given to, or withdrawn from, somebody; the only record of who saw which patient."""

    at: datetime
    kind: AuditKind
    source: str
    patient: str  # "Patient/<id>"
    card: str
    verdict: str
    service: str = ""  # the hook's
    user_id: str = ""  # as the EHR said, such as "Practitioner/17"
    issuer: str = ""  # whose token the call carried
    destination: str = ""
    message: str = ""  # the id of the message that was taken


class Audit(Protocol):
    """Who was given which patient's card: rows are added and, when old, deleted; never changed."""

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Add *entries*; durable on return. What destinations take is added with its outcome."""
        ...

    async def audited(
        self, *, since: datetime, until: datetime, after: tuple[datetime, int] | None, limit: int
    ) -> list[tuple[int, AuditEntry]]:
        """
        Give *limit* entries from *since* on and before *until*, oldest first, each with its number.

        *after* is the time and number of the last entry of the page before.
        """
        ...

    async def purge_audit(self, *, before: datetime) -> int:
        """Delete entries older than *before*; say how many."""
        ...
