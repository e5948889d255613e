"""
Feedback as values: what a clinician did with cards, read strictly, free text let go.

A batch may name several cards and one card several times (first ignored, then acted upon). What a
clinician wrote beside an override is not kept: nobody here reads it, and it may name anybody.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from marrowd.cds.cards import OVERRIDE_REASONS, OVERRIDE_SYSTEM
from marrowd.cds.requests import BadHookRequest
from marrowd.store.cards_shown import CardFeedback, CardOutcome

NO_REASON: Final = "none"
OTHER_REASON: Final = "other"
MOST: Final = 1_000  # in one call
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_LEAP_SECOND: Final = re.compile(r":60(?=[.Z+-])")  # of RFC 3339, and no second of Python's
_MAX_ID: Final = 255


def feedback_from(body: object, *, now: datetime, quiet: timedelta) -> list[CardFeedback]:
    """
    Read the parsed *body* of a feedback call.

    Args:
        body: as sent.
        now: an override is never dated later than this.
        quiet: for how long an override keeps its card from being shown.

    Raises:
        BadHookRequest: a member is missing or is not what it has to be; nothing is taken then.
    """
    given = body.get("feedback") if isinstance(body, dict) else None
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise BadHookRequest(place="feedback", must=f"be a list of 1 to {MOST} entries")
    return [_entry(entry, f"feedback[{n}]", now, quiet) for n, entry in enumerate(given)]


def _entry(value: object, place: str, now: datetime, quiet: timedelta) -> CardFeedback:
    entry = _object(value, place)
    card = _id(entry.get("card"), f"{place}.card")
    at = _instant(entry.get("outcomeTimestamp"), f"{place}.outcomeTimestamp")
    outcome = entry.get("outcome")
    if outcome == CardOutcome.ACCEPTED:
        _check_accepted(entry.get("acceptedSuggestions"), f"{place}.acceptedSuggestions")
        return CardFeedback(card=card, outcome=CardOutcome.ACCEPTED, at=at, reason=NO_REASON)
    if outcome != CardOutcome.OVERRIDDEN:
        raise BadHookRequest(place=f"{place}.outcome", must="be accepted or overridden")
    return CardFeedback(
        card=card,
        outcome=CardOutcome.OVERRIDDEN,
        at=at,
        reason=_reason(entry, f"{place}.overrideReason"),
        quiet_until=min(at, now) + quiet,
    )


def _check_accepted(value: object, place: str) -> None:
    if not isinstance(value, list) or not value:
        raise BadHookRequest(place=place, must="name what was accepted")
    for suggestion in value:
        _id(_object(suggestion, place).get("id"), f"{place}.id")


def _reason(entry: Mapping[str, Any], place: str) -> str:
    if "overrideReason" not in entry:
        return NO_REASON
    given = _object(entry["overrideReason"], place)
    comment = given.get("userComment")
    if comment is not None and not isinstance(comment, str):
        raise BadHookRequest(place=f"{place}.userComment", must="be a text")
    if "reason" not in given:
        return NO_REASON if comment is None else OTHER_REASON
    coding = _object(given["reason"], f"{place}.reason")
    code = _id(coding.get("code"), f"{place}.reason.code")
    is_ours = coding.get("system", OVERRIDE_SYSTEM) == OVERRIDE_SYSTEM and code in OVERRIDE_REASONS
    return code if is_ours else OTHER_REASON


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadHookRequest(place=place, must="be an object")
    return value


def _id(value: object, place: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID or "\x00" in value:
        raise BadHookRequest(place=place, must=f"be a text of 1 to {_MAX_ID} characters")
    return value.lower()


def _instant(value: object, place: str) -> datetime:
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        try:
            return datetime.fromisoformat(_LEAP_SECOND.sub(":59", value.upper()))
        except ValueError:
            pass
    raise BadHookRequest(place=place, must="be a time by RFC 3339")
