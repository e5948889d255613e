"""
From the facts of a call to its cards: the same `screen` as everywhere, and what a hook adds to it.

What a hook adds is honesty about what it could not look at, and, when orders are being signed, a
look at those: an order already drafted is not suggested again, and orders about something else show
nothing.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from marrowd.cds.cards import cards_for
from marrowd.cds.drafts import NO_DRAFTS, Drafts
from marrowd.cds.prefetched import KeyAnswer, Lack
from marrowd.cds.services import PrefetchKey
from marrowd.core.facts import Fact, Order, Version
from marrowd.core.policy import Policy
from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline
from marrowd.core.verdict import Checked, VerdictKind

REQUIRED: Final = (PrefetchKey.VITAMIN_D, PrefetchKey.REPORTS)
EVIDENCED: Final = frozenset(
    {PrefetchKey.VITAMIN_D, PrefetchKey.REPORTS, PrefetchKey.STUDIES}
)  # what notifications and sweeps keep current; problems and orders they do not


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a call is answered with, and until when the same facts would give the same."""

    verdict: VerdictKind
    cards: tuple[Mapping[str, Any], ...]
    good_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a decision depends on beside the facts."""

    policy: Policy
    version: str  # of the rules that read the facts


def missing(
    answers: Mapping[PrefetchKey, KeyAnswer], had: AbstractSet[PrefetchKey]
) -> list[tuple[PrefetchKey, Lack]]:
    """Give the required keys that are not had, each with what came in its place."""
    return [(key, answers[key].lack or Lack.ABSENT) for key in REQUIRED if key not in had]


def decide(
    facts: Sequence[Fact],
    *,
    patient: str,
    source: str,
    had: AbstractSet[PrefetchKey],
    rules: Rules,
    now: datetime,
    drafts: Drafts = NO_DRAFTS,
) -> Decided:
    """
    Decide on *patient* and draw the cards.

    Args:
        facts: newest versions only, of any patient.
        patient: "Patient/1".
        source: its configured name, "" when the call speaks for none.
        had: the keys that were had; the required ones are among them.
        rules: cut-offs, windows, rules version.
        now: the moment of the call.
        drafts: what is being signed.
    """
    policy = _policy(rules.policy, had, drafts)
    timeline = build_timeline(patient, [*facts, *_draft_facts(patient, drafts)], policy=policy)
    verdict = screen(timeline, policy=policy, now=now, rules_version=rules.version)
    cards = cards_for(
        replace(verdict, policy=rules.policy),
        source=source,
        checked=Checked(problems=PrefetchKey.PROBLEMS in had, orders=PrefetchKey.ORDERS in had),
    )
    return Decided(verdict=verdict.kind, cards=tuple(cards), good_until=verdict.recheck_at)


def _policy(policy: Policy, had: AbstractSet[PrefetchKey], drafts: Drafts) -> Policy:
    """Never propose an MRI without knowing studies and problems, nor one that is being ordered."""
    can_consider = {PrefetchKey.STUDIES, PrefetchKey.PROBLEMS} <= had and not drafts.has_foot_mr
    return policy if can_consider else replace(policy, consider_mri=False)


def _draft_facts(patient: str, drafts: Drafts) -> list[Fact]:
    if not drafts.has_vitamin_d_test:
        return []
    order = Order(is_vitamin_d=True, is_foot_mr=False, is_open=True)
    return [Fact(ref="ServiceRequest/#draft", patient=patient, version=Version(), order=order)]
