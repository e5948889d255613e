"""
Cards as CDS Hooks 2.0 JSON: the same from a hook, in a posted card and in `screen`.

Imports nothing beyond the core, because `marrowd screen` draws cards too and has to start quickly.
"""

from typing import Any, Final

from marrowd.cds.suggestions import suggestion_json
from marrowd.core.cards import Card, cards_of
from marrowd.core.verdict import ALL_CHECKED, Checked, Verdict, VerdictKind

_LABEL: Final = "marrowd: vitamin D and foot marrow edema"
# Where a reader learns what stands behind the cards: the literature, until the service has its own
# page.
_URL: Final = "https://pubmed.ncbi.nlm.nih.gov/?term=bone+marrow+edema+foot+ankle+vitamin+D"
# No terminology has codes for these, and the project owns no domain: see docs/adr/0007-cards.md.
TOPIC_SYSTEM: Final = "urn:marrowd:card-topic"
OVERRIDE_SYSTEM: Final = "urn:marrowd:override-reason"

_TOPICS: Final = {
    VerdictKind.ASSOCIATION: "Low vitamin D with marrow edema of the foot or ankle",
    VerdictKind.POSSIBLE_ASSOCIATION: "Low vitamin D, possible marrow edema of the foot or ankle",
    VerdictKind.VITAMIN_D_MISSING: "Marrow edema of the foot or ankle without a 25(OH)D result",
    VerdictKind.VITAMIN_D_INDETERMINATE: "Marrow edema of the foot or ankle, 25(OH)D unclassified",
    VerdictKind.REPORT_UNREADABLE: "Low vitamin D with an unread MRI report of the foot or ankle",
    VerdictKind.CONSIDER_MRI: "Low vitamin D with lasting pain of the foot or ankle",
}
# Why a clinician may set a card aside: rules.md section 4, "overrideReasons".
OVERRIDE_REASONS: Final = {
    "already-treated": "Already treated",
    "explained-by-injury": "Explained by injury",
    "known-and-monitored": "Known and monitored",
    "not-relevant-to-this-visit": "Not relevant to this visit",
    "disagree-with-reading": "Disagree with the reading of the report",
}


def cards_for(
    verdict: Verdict, *, source: str = "", checked: Checked = ALL_CHECKED
) -> list[dict[str, Any]]:
    """
    Give the cards of *verdict* as an EHR takes them; an empty list when it has none.

    Args:
        verdict: what `screen` decided.
        source: name of the configured source, part of the card's id; empty in `marrowd screen`.
        checked: what could be looked at.
    """
    cards = cards_of(verdict, source=source, checked=checked)
    return [_card_json(card, verdict) for card in cards]


def _card_json(card: Card, verdict: Verdict) -> dict[str, Any]:
    """Write *card* without any empty member: CDS Hooks allows none."""
    written: dict[str, Any] = {
        "uuid": str(card.uuid),
        "summary": card.summary,
        "indicator": str(card.indicator),
        "detail": card.detail,
        "source": {
            "label": _LABEL,
            "url": _URL,
            "topic": {
                "system": TOPIC_SYSTEM,
                "code": str(card.kind),
                "display": _TOPICS[card.kind],
            },
        },
        "overrideReasons": [
            {"system": OVERRIDE_SYSTEM, "code": code, "display": display}
            for code, display in OVERRIDE_REASONS.items()
        ],
        "links": [
            {"label": paper.label, "url": paper.url, "type": "absolute"} for paper in card.links
        ],
    }
    if card.suggestions:
        written["suggestions"] = [
            suggestion_json(suggestion, verdict, card.uuid) for suggestion in card.suggestions
        ]
        written["selectionBehavior"] = "any"
    return written
