"""
What has to be asked for before a patient can be decided on, and what cannot matter.

A suggestion must not rest on orders that nobody looked at; a verdict without card, now and at every
later moment that no new fact brings, rests on none. Likewise a result that is the only one stands
for its draw, whatever laboratory report lists it.
"""

from collections.abc import Iterable
from datetime import datetime

from marrowd.core.cards import WITH_CARD
from marrowd.core.facts import VitaminDResult, When
from marrowd.core.policy import Policy
from marrowd.core.recheck import LATEST_FOR_DAYS, NO_MRI_FOR_DAYS
from marrowd.core.rows import first_found
from marrowd.core.snapshot import Snapshot, look
from marrowd.core.timeline import Timeline
from marrowd.core.verdict import VerdictKind
from marrowd.core.vitamin_d import LOW
from marrowd.core.windows import days_after, days_before, reaches_into


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
