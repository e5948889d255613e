"""
What an event still lacks before its patients can be decided on: asked in the write, nowhere else.

There the facts are as they will be: what the event brings, and whatever came in beside it. A server
is asked only for what can matter to them. When something lacks nothing is written, it is fetched,
and the write is made anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from marrowd.core.asking import in_doubt, needs_background
from marrowd.core.facts import Fact
from marrowd.core.policy import Policy
from marrowd.core.timeline import Timeline
from marrowd.errors import MarrowdError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What is to be fetched."""

    patients: tuple[str, ...] = ()  # whose problem list and open orders
    results: tuple[str, ...] = ()  # Observations whose laboratory reports

    def __bool__(self) -> bool:
        """Say whether it is anything."""
        return bool(self.patients or self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A timeline and what it was built of: what was fetched meanwhile often adds nothing."""

    patient: str
    facts: tuple[Fact, ...]
    timeline: Timeline


class NotEnough(MarrowdError):
    """A decision was asked for without what it rests on; nothing was written."""

    def __init__(self, lacking: Lacking, built: Built) -> None:
        self.lacking = lacking
        self.built = built
        super().__init__("a decision lacks facts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What an event brings that raises questions, and what was asked for already."""

    bears_on_advice: bool  # it may change a verdict that problem list or orders have a part in
    is_merge: bool = False
    results: frozenset[str] = frozenset()  # resources with 25(OH)D results that the event brings
    looked_at: frozenset[str] = frozenset()  # patients
    searched: frozenset[str] = frozenset()  # Observations


def lacking(
    patient: str,
    facts: Iterable[Fact],
    timeline: Timeline,
    *,
    sought: Sought,
    policy: Policy,
    now: datetime,
) -> Lacking:
    """
    Say what lacks for a decision on *patient*.

    Args:
        patient: the record that is decided on.
        facts: all of it and of the records merged with it.
        timeline: of *facts*.
        sought: what the event is about.
        policy: the site's.
        now: when it is decided.
    """
    results = _untold(timeline, sought)
    if not sought.bears_on_advice:
        return Lacking(results=results)
    patients = sorted(family(patient, facts) - sought.looked_at)
    if patients and not needs_background(timeline, policy=policy, now=now):
        patients = []
    return Lacking(patients=tuple(patients), results=results)


def family(patient: str, facts: Iterable[Fact]) -> frozenset[str]:
    """Give *patient* and the records merged with it, by what *facts* of all of them say."""
    links = [(fact.ref, fact.merged_into) for fact in facts if fact.merged_into is not None]
    return frozenset({patient, *(name for link in links for name in link)})


def _untold(timeline: Timeline, sought: Sought) -> tuple[str, ...]:
    """Give the Observations of whose draw was not asked: those before were, once in doubt."""
    if not sought.results and not sought.is_merge:
        return ()
    before = [result for result in timeline.results if result.ref not in sought.results]
    told = frozenset() if sought.is_merge else in_doubt(before)
    return tuple(sorted(in_doubt(timeline.results) - told - sought.searched))
