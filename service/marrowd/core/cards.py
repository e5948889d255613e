"""
The card as a value: what a clinician reads, built from a verdict and from nothing else.

No clock, no wire shape: `cds` turns it into CDS Hooks JSON. Six of the eleven verdicts have a card
(rules.md section 3, column "card in a hook"); for the others `cards_of` gives none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from marrowd.core.card_findings import OVERRIDING_CUES, named_cues
from marrowd.core.card_summary import MAX_SUMMARY, summary
from marrowd.core.card_text import detail
from marrowd.core.evidence import Paper, papers
from marrowd.core.identity import card_id
from marrowd.core.policy import VitaminDClass
from marrowd.core.verdict import ALL_CHECKED, Checked, Verdict, VerdictKind


class Indicator(StrEnum):
    """How urgent a card is; never `critical`: nothing here is (rules.md section 4)."""

    INFO = "info"
    WARNING = "warning"


class Suggestion(StrEnum):
    """What a clinician may do with one click; each becomes one draft resource in `cds`."""

    RECHECK = "recheck"  # 25(OH)D again, undated, as the level is low
    ORDER = "order"  # 25(OH)D now, as there is none
    REPEAT = "repeat"  # 25(OH)D now, as the one there cannot be classified
    ADD_PROBLEM = "add_problem"  # vitamin D deficiency, unconfirmed, on the problem list


WITH_CARD: Final = frozenset(
    {
        VerdictKind.ASSOCIATION,
        VerdictKind.POSSIBLE_ASSOCIATION,
        VerdictKind.VITAMIN_D_MISSING,
        VerdictKind.VITAMIN_D_INDETERMINATE,
        VerdictKind.REPORT_UNREADABLE,
        VerdictKind.CONSIDER_MRI,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card; equal cards are the same advice in the same words."""

    uuid: UUID
    kind: VerdictKind
    indicator: Indicator
    summary: str  # plain text, at most 139 characters
    detail: str  # GitHub-flavoured Markdown
    suggestions: tuple[Suggestion, ...] = ()
    links: tuple[Paper, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a card that no EHR would take: the summary is built to fit, never cut."""
        if not 0 < len(self.summary) <= MAX_SUMMARY:
            message = f"a summary has 1 to {MAX_SUMMARY} characters, not {len(self.summary)}"
            raise ValueError(message)


def cards_of(
    verdict: Verdict, *, source: str = "", checked: Checked = ALL_CHECKED
) -> tuple[Card, ...]:
    """
    Draw the card of *verdict*: one or none.

    Args:
        verdict: what `screen` decided.
        source: name of the configured source; part of the card's id, empty in `marrowd screen`.
        checked: without open orders no order is suggested; without the problem list no entry is,
            and `consider_mri`, which stands on it, has no card.
    """
    if not _has_card(verdict, checked):
        return ()
    return (
        Card(
            uuid=card_id(source, verdict),
            kind=verdict.kind,
            indicator=_indicator(verdict),
            summary=summary(verdict),
            detail=detail(verdict, checked),
            suggestions=_suggestions(verdict, checked),
            links=papers(verdict.kind, named_cues(verdict.report)),
        ),
    )


def _has_card(verdict: Verdict, checked: Checked) -> bool:
    if verdict.kind is VerdictKind.CONSIDER_MRI:
        return checked.problems and verdict.policy.consider_mri
    return verdict.kind in WITH_CARD


def _indicator(verdict: Verdict) -> Indicator:
    """Warn of a deficient association only, unless the report names another explanation."""
    is_warning = (
        verdict.kind is VerdictKind.ASSOCIATION
        and verdict.severity is VitaminDClass.DEFICIENT
        and not any(cue in OVERRIDING_CUES for cue in named_cues(verdict.report))
    )
    return Indicator.WARNING if is_warning else Indicator.INFO


def _suggestions(verdict: Verdict, checked: Checked) -> tuple[Suggestion, ...]:
    """Suggest only what is not there yet, and nothing that could not be checked."""
    suggested: list[Suggestion] = []
    is_ordered = any(order.is_vitamin_d and order.is_open for _, order in verdict.open_orders)
    if checked.orders and not is_ordered:
        suggested.append(_laboratory(verdict.kind))
    if (
        checked.problems
        and verdict.severity is VitaminDClass.DEFICIENT
        and not verdict.has_deficiency_on_problem_list
    ):
        suggested.append(Suggestion.ADD_PROBLEM)
    return tuple(suggested)


def _laboratory(kind: VerdictKind) -> Suggestion:
    if kind is VerdictKind.VITAMIN_D_MISSING:
        return Suggestion.ORDER
    if kind is VerdictKind.VITAMIN_D_INDETERMINATE:
        return Suggestion.REPEAT
    return Suggestion.RECHECK
