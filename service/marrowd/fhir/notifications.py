"""
What a FHIR server's notification says has happened: topic Bundles and transactions, read.

Shapes read: R4 backport (`history` Bundle opened by Parameters), R4B and R5 (SubscriptionStatus),
and a transaction or batch of whole resources and deletions. Servers differ in details that do not
matter here: counters may be strings or numbers, `request` may lack (seen: HAPI 8.8.0). The same
status resource comes in answer to `$status`, and the same Bundle in answer to `$events`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeGuard

import orjson

from marrowd.errors import BadInput
from marrowd.fhir.history import deletions
from marrowd.fhir.members import kind, objects, text
from marrowd.fhir.references import is_id, is_type

_TOPIC_BUNDLES = frozenset({"history", "subscription-notification"})
_WHOLE_BUNDLES = frozenset({"transaction", "batch", "collection", "message"})


_BRINGS = frozenset({"event-notification", "query-event"})
_LARGEST = 1 << 62  # counters are positive 64-bit integers; anything larger is not a counter


class StatusType(StrEnum):
    """Why a status was sent."""

    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    EVENT = "event-notification"
    QUERY_STATUS = "query-status"
    QUERY_EVENT = "query-event"
    OTHER = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """What a server says of one Subscription; told with each notification and by `$status`."""

    subscription: str  # "Subscription/1", "" when the server does not say
    type: StatusType
    state: str = ""  # of the Subscription: active, error, off ...; "" when it is not said
    count: int | None = None  # events generated since it began, this notification's included
    numbers: tuple[int, ...] = ()  # of the events told here

    @classmethod
    def loads(cls, text: bytes) -> Self:
        """Read back what orjson wrote of one."""
        kept = orjson.loads(text)
        return cls(
            subscription=kept["subscription"],
            type=StatusType(kept["type"]),
            state=kept["state"],
            count=kept["count"],
            numbers=tuple(kept["numbers"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one notification Bundle brings; without resources for a handshake or a heartbeat."""

    resources: tuple[dict[str, Any], ...] = ()
    fetch: tuple[str, ...] = ()  # refs such as "Observation/1"
    gone: tuple[str, ...] = ()  # refs of what is said to be deleted
    is_ping: bool = False  # something changed, nothing says what
    status: SubscriptionStatus | None = None  # None: not of a topic Subscription

    @classmethod
    def of(
        cls, status: SubscriptionStatus, focuses: tuple[str, ...], entries: list[dict[str, Any]]
    ) -> Self:
        """Join the status of a topic notification and what came with it."""
        if status.type not in _BRINGS:
            return cls(status=status)
        resources = tuple(_resources(entries))
        held = {f"{kind(r)}/{text(r.get('id'))}" for r in resources}
        fetch = tuple(f for f in dict.fromkeys(focuses) if f not in held)
        # An answer to `$events` that holds none says that there are none.
        is_ping = status.type is StatusType.EVENT and not resources and not fetch
        return cls(resources=resources, fetch=fetch, is_ping=is_ping, status=status)


def read_notification(bundle: Mapping[str, Any]) -> Notification:
    """
    Read a Bundle posted to the intake.

    Args:
        bundle: a parsed Bundle.

    Raises:
        BadInput: it is not a Bundle that notifies; the message says where.
    """
    if bundle.get("resourceType") != "Bundle":
        message = "resourceType: expected Bundle"
        raise BadInput(message)
    what = text(bundle.get("type"))
    if what in _WHOLE_BUNDLES:
        return _whole(bundle)
    entries = objects(bundle.get("entry"))
    if what not in _TOPIC_BUNDLES:
        message = "Bundle.type: expected history, subscription-notification or transaction"
        raise BadInput(message)
    found = _status(entries[0].get("resource")) if entries else None
    if found is None:
        message = "Bundle.entry[0].resource: expected Parameters or SubscriptionStatus"
        raise BadInput(message)
    return Notification.of(*found, entries[1:])


def read_status(answer: Mapping[str, Any]) -> SubscriptionStatus | None:
    """Read the answer to `$status`: the status, or a Bundle that holds it; None when it is none."""
    candidates: list[object] = [answer]
    candidates += [entry.get("resource") for entry in objects(answer.get("entry"))]
    found = next(filter(None, map(_status, candidates)), None)
    return found[0] if found else None


def _whole(bundle: Mapping[str, Any]) -> Notification:
    """
    Read a Bundle of whole resources.

    An entry that cannot be read refuses all of it: nothing else would ever tell of that resource,
    and whoever is answered 204 does not send it again.
    """
    given = bundle.get("entry", [])
    entries = [given] if isinstance(given, dict) else given
    if not isinstance(entries, list):
        message = "Bundle.entry: expected a list"
        raise BadInput(message)
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            message = f"Bundle.entry[{place}]: expected an object"
            raise BadInput(message)
        if "resource" in entry and not _is_resource(entry["resource"]):
            message = f"Bundle.entry[{place}].resource: not a FHIR resource (no resourceType)"
            raise BadInput(message)
    gone = tuple(dict.fromkeys(deletion.ref for deletion in deletions(bundle)))
    return Notification(resources=tuple(_resources(entries)), gone=gone)


def _is_resource(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def _resources(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        resource = entry.get("resource")
        if _is_resource(resource):
            yield resource


def _status(resource: object) -> tuple[SubscriptionStatus, tuple[str, ...]] | None:
    """Read a status in either form; give with it the refs of what its events are about."""
    if not isinstance(resource, dict):
        return None
    if resource.get("resourceType") == "SubscriptionStatus":
        values = dict(resource)
        events = objects(resource.get("notificationEvent"))
    elif resource.get("resourceType") == "Parameters":
        parameters = objects(resource.get("parameter"))
        values = {_camel(p.get("name")): _value(p) for p in parameters}
        events = [
            {_camel(part.get("name")): _value(part) for part in objects(p.get("part"))}
            for p in parameters
            if p.get("name") == "notification-event"
        ]
    else:
        return None
    numbers = (_number(event.get("eventNumber")) for event in events)
    status = SubscriptionStatus(
        subscription=next(_local(iter([values.get("subscription")])), ""),
        type=_type(values.get("type")),
        state=text(values.get("status")),
        count=_number(values.get("eventsSinceSubscriptionStart")),
        numbers=tuple(n for n in numbers if n is not None),
    )
    return status, tuple(_local(event.get("focus") for event in events))


def _type(word: object) -> StatusType:
    is_known = isinstance(word, str) and word in frozenset(StatusType)
    return StatusType(str(word)) if is_known else StatusType.OTHER


def _value(parameter: Mapping[str, Any]) -> object:
    """Give the `value[x]` of a parameter, whichever x a server chose."""
    return next((v for name, v in parameter.items() if name.startswith("value")), None)


def _camel(name: object) -> str:
    """Write the name of a Parameters part as SubscriptionStatus does."""
    first, *rest = text(name).split("-")
    return first + "".join(word.capitalize() for word in rest)


def _number(value: object) -> int | None:
    """Read a counter: a string in R5 and the backport, a number elsewhere."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):  # noqa: PLR2004 - digits of 2**64
        return None
    number = int(digits)
    return number if number <= _LARGEST else None


def _local(references: Iterator[Any]) -> Iterator[str]:
    """Give "Type/id" of each reference, absolute and versioned ones included."""
    for reference in references:
        ref = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(ref, str):
            steps = ref.partition("/_history/")[0].rsplit("/", 2)
            name, ident = steps[-2:] if len(steps) > 1 else ("", "")
            if is_type(name) and is_id(ident):
                yield f"{name}/{ident}"
