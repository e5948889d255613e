"""
What a FHIR server's notification says has happened: topic Bundles and transactions, read.

Shapes read: R4 backport (`history` Bundle opened by Parameters), R4B and R5 (SubscriptionStatus),
and a transaction or batch of whole resources. Servers differ in details that do not matter here:
counters may be strings or numbers, `request` may lack (seen: HAPI 8.8.0).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marrowd.errors import BadInput

_TOPIC_BUNDLES = frozenset({"history", "subscription-notification"})
_WHOLE_BUNDLES = frozenset({"transaction", "batch", "collection", "message"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one notification Bundle brings; all empty for a handshake or a heartbeat."""

    resources: tuple[dict[str, Any], ...] = ()
    fetch: tuple[str, ...] = ()  # refs such as "Observation/1"
    is_ping: bool = False  # something changed, nothing says what


def read_notification(bundle: Mapping[str, Any]) -> Notification:
    """
    Read a Bundle posted to the intake.

    Args:
        bundle: a parsed Bundle.

    Raises:
        BadInput: it is no Bundle of a kind that notifies; the message says where.
    """
    if bundle.get("resourceType") != "Bundle":
        message = "resourceType: expected Bundle"
        raise BadInput(message)
    kind = bundle.get("type")
    entries = [e for e in _list(bundle.get("entry")) if isinstance(e, dict)]
    if kind in _WHOLE_BUNDLES:
        return Notification(resources=tuple(_resources(entries)))
    if kind not in _TOPIC_BUNDLES:
        message = "Bundle.type: expected history, subscription-notification or transaction"
        raise BadInput(message)
    status = _status(entries)
    if status is None:
        message = "Bundle.entry[0].resource: expected Parameters or SubscriptionStatus"
        raise BadInput(message)
    what, focuses = status
    if what in {"handshake", "heartbeat"}:
        return Notification()
    resources = tuple(_resources(entries[1:]))
    held = {f"{r.get('resourceType')}/{r.get('id')}" for r in resources}
    fetch = tuple(f for f in dict.fromkeys(focuses) if f not in held)
    return Notification(resources=resources, fetch=fetch, is_ping=not resources and not fetch)


def _resources(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        resource = entry.get("resource")
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            yield resource


def _status(entries: list[dict[str, Any]]) -> tuple[str, list[str]] | None:
    first = entries[0].get("resource") if entries else None
    if not isinstance(first, dict):
        return None
    if first.get("resourceType") == "SubscriptionStatus":
        events = [e for e in _list(first.get("notificationEvent")) if isinstance(e, dict)]
        return str(first.get("type")), list(_local(e.get("focus") for e in events))
    if first.get("resourceType") == "Parameters":
        parameters = [p for p in _list(first.get("parameter")) if isinstance(p, dict)]
        types = [p.get("valueCode") for p in parameters if p.get("name") == "type"]
        parts = [
            part
            for p in parameters
            if p.get("name") == "notification-event"
            for part in _list(p.get("part"))
            if isinstance(part, dict)
        ]
        focuses = (p.get("valueReference") for p in parts if p.get("name") == "focus")
        return str(types[0] if types else ""), list(_local(focuses))
    return None


def _local(references: Iterator[Any]) -> Iterator[str]:
    """Give "Type/id" of each reference, absolute and versioned ones included."""
    for reference in references:
        text = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(text, str):
            steps = text.partition("/_history/")[0].rsplit("/", 2)
            if len(steps) >= 2:  # noqa: PLR2004 - a type and an id
                yield f"{steps[-2]}/{steps[-1]}"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
