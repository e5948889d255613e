"""
Topic Subscriptions as R4 and R4B carry them (the Subscriptions backport), built.

The topic itself is the server's: the site names its canonical URL for each type of resource. What
is asked for within it are the criteria of a rest-hook Subscription, as filters. See
hl7.org/fhir/uv/subscriptions-backport.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
PROFILE = f"{_BACKPORT}/backport-subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTerms:
    """How one source is subscribed to by topic."""

    topics: Mapping[str, str]  # canonical URL by resource type
    payload: str = "full-resource"  # or "id-only"
    heartbeat_s: int | None = None  # None: none is asked for


def of_topic(subscription: dict[str, Any], terms: TopicTerms) -> dict[str, Any]:
    """Turn a rest-hook *subscription* into one of a topic; its criteria become a filter."""
    criteria = str(subscription["criteria"])
    channel = {
        **subscription["channel"],
        "_payload": _extended("backport-payload-content", valueCode=terms.payload),
    }
    channel.pop("extension")  # a topic's own triggers say whether deletions are told
    if terms.heartbeat_s is not None:
        channel |= _extended("backport-heartbeat-period", valueUnsignedInt=terms.heartbeat_s)
    return {
        **subscription,
        "meta": {"profile": [PROFILE]},
        "criteria": terms.topics[criteria.partition("?")[0]],
        "_criteria": _extended("backport-filter-criteria", valueString=criteria),
        "channel": channel,
    }


def _extended(name: str, **value: str | int) -> dict[str, Any]:
    return {"extension": [{"url": f"{_BACKPORT}/{name}", **value}]}
