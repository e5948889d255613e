"""
What a patient's facts still lack before a decision can rest on them, and what cannot matter.

A suggestion must not rest on orders that nobody looked at; a verdict without card, now and at every
later moment that no new fact brings, rests on none. Likewise a result that is the only one stands
for its draw, whatever laboratory report lists it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from marrowd.core.cards import WITH_CARD
from marrowd.core.facts import Fact, VitaminDResult, When
from marrowd.core.policy import Policy
from marrowd.core.recheck import LATEST_FOR_DAYS, NO_MRI_FOR_DAYS
from marrowd.core.rows import first_found
from marrowd.core.snapshot import Snapshot, look
from marrowd.core.timeline import Timeline
from marrowd.core.verdict import VerdictKind
from marrowd.core.vitamin_d import LOW
from marrowd.core.windows import days_after, days_before, reaches_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What an event brings that raises questions, and what was asked for already."""

    bears_on_advice: bool  # it may change a verdict that problem list or orders have a part in
    is_merge: bool = False
    results: frozenset[str] = frozenset()  # resources with 25(OH)D results that the event brings
    looked_at: frozenset[str] = frozenset()  # patients
    searched: frozenset[str] = frozenset()  # Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What is to be fetched."""

    patients: tuple[str, ...] = ()  # whose problem list and open orders
    results: tuple[str, ...] = ()  # Observations whose laboratory reports

    def __bool__(self) -> bool:
        """Say whether it is anything."""
        return bool(self.patients or self.results)


def lacking(
    timeline: Timeline, facts: Iterable[Fact], *, sought: Sought, policy: Policy, now: datetime
) -> Lacking:
    """
    Say what lacks for a decision.

    Args:
        timeline: of the record that is decided on, built of *facts*.
        facts: all of it and of the records merged with it.
        sought: what the event is about.
        policy: the site's.
        now: when it is decided.
    """
    results = _untold(timeline, sought)
    if not sought.bears_on_advice:
        return Lacking(results=results)
    patients = sorted(_family(timeline.patient, facts) - sought.looked_at)
    if patients and not needs_background(timeline, policy=policy, now=now):
        patients = []
    return Lacking(patients=tuple(patients), results=results)


def needs_background(timeline: Timeline, *, policy: Policy, now: datetime) -> bool:
    """
    Say whether problem list or open orders have a part in what is said now, or later by time alone.

    As time passes reports only fall silent. So a row with a card comes up by itself only behind
    `repleted`, which stands before such rows, out of the future, or as `consider_mri`.
    """
    snapshot = look(timeline, policy, now)
    kind = first_found(snapshot).kind
    return (
        kind in WITH_CARD
        or kind is VerdictKind.REPLETED
        or _has_future(snapshot)
        or _may_consider_mri(snapshot)
    )


def in_doubt(results: Iterable[VitaminDResult]) -> frozenset[str]:
    """
    Give the Observations among *results* whose draw a laboratory report may tell.

    A specimen tells it already, and a result that is alone is a draw of its own, listed or not.
    """
    refs = {result.ref for result in results if result.specimen is None}
    if len(refs) == 1:
        return frozenset()
    return frozenset(ref for ref in refs if "#" not in ref)  # nothing lists what is contained


def _family(patient: str, facts: Iterable[Fact]) -> frozenset[str]:
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


def _has_future(snapshot: Snapshot) -> bool:
    """Say whether anything is dated later than now, by however little."""
    last = snapshot.timeline.last
    if last is not None and last > snapshot.now:
        return True
    return any(_is_later(when, snapshot) for when in snapshot.timeline.exam_times)


def _is_later(when: When | None, snapshot: Snapshot) -> bool:
    if when is None:
        return False
    if when.instant is not None:
        return when.instant > snapshot.now
    return when.year is not None and when.year > snapshot.today.year


def _may_consider_mri(snapshot: Snapshot) -> bool:
    """Say whether pain alone is lacking, on any day for which the latest level is new enough."""
    latest, policy = snapshot.latest, snapshot.policy
    if not policy.consider_mri or latest is None or latest.vitamin_d_class not in LOW:
        return False
    last = days_after(latest.day, LATEST_FOR_DAYS)
    if last < snapshot.today:
        return False
    first = days_before(last, NO_MRI_FOR_DAYS)
    return not any(
        reaches_into(when, policy.zone, first=first, today=last)
        for when in snapshot.timeline.exam_times
    )
