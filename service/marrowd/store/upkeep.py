"""
What operators and housekeeping ask of a store: sending again, stopping destinations, forgetting.

Beside `protocols`, whose promises (times in UTC, durable on return, which errors) hold here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # `protocols` takes these up into `Store`
    from marrowd.store.protocols import MessageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Messages to send again: by id, or written from `since` on and before `until`."""

    ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class Replays(Protocol):
    """Messages that are settled, made ready again."""

    async def replayable(self, chosen: Chosen, *, limit: int) -> "list[MessageRow]":
        """List those of *chosen* that are taken or parked, oldest first."""
        ...

    async def replay(self, chosen: Chosen, *, now: datetime) -> int:
        """
        Make them ready under the same id and sequence, attempts at zero; say how many.

        What is under way is left alone. The receiver knows a repeat by its id, and a message that
        comes after a later one by its sequence.
        """
        ...


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
