"""
What to do with a patient's posted card once a new verdict is known: a value, carried out elsewhere.

Only an association is posted, and a posted card never outlives its association: whatever the new
verdict, it is retracted.

    nothing posted --Post--> posted --Replace--> posted (another id)
                               |
                               '----Retract----> nothing posted
"""

from dataclasses import dataclass
from uuid import UUID

from marrowd.core.policy import VitaminDClass
from marrowd.core.verdict import Verdict, VerdictKind


@dataclass(frozen=True, slots=True)
class Post:
    """Post a card where none is."""

    card: UUID


@dataclass(frozen=True, slots=True)
class Replace:
    """Post *card* and retract *former* in one message."""

    card: UUID
    former: UUID


@dataclass(frozen=True, slots=True)
class Retract:
    """Take back *former*; nothing takes its place."""

    former: UUID


Posting = Post | Replace | Retract


def decide_posting(posted: UUID | None, verdict: Verdict, card: UUID) -> Posting | None:
    """
    Compare what is posted with what *verdict* says.

    Args:
        posted: id of the card that now stands in the EHR.
        verdict: the newest.
        card: the id that a card of *verdict* has (`identity.card_id`).

    Returns:
        What to do, or None when what is posted is right as it is.
    """
    if verdict.kind is not VerdictKind.ASSOCIATION:
        return None if posted is None else Retract(posted)
    if posted == card:
        return None
    if not _is_loud_enough(verdict):
        # The evidence of the posted card is gone, and the site does not want to be told of the new.
        return None if posted is None else Retract(posted)
    return Post(card) if posted is None else Replace(card=card, former=posted)


def _is_loud_enough(verdict: Verdict) -> bool:
    return (
        verdict.policy.push_min_severity is not VitaminDClass.DEFICIENT
        or verdict.severity is VitaminDClass.DEFICIENT
    )
