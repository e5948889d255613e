"""
A call of a hook as a value: read strictly, so that a broken call is told which member is broken.

The specification does not lay down what a service answers to a broken request; the service answers
4xx and names the place. Values never appear in the message: they may be a patient's, or a token.
Optional members may be missing, unknown ones are ignored, extra claims are no error: EHRs differ.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from marrowd.cds.services import Hook, PrefetchKey
from marrowd.errors import BadInput
from marrowd.fhir.json import Number

_UUID: Final = re.compile(r"(?:urn:uuid:)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_BLANK: Final = re.compile(r"\s")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_ENTRY: Final = "context.draftOrders.entry"


class BadHookRequest(BadInput):
    """A call that cannot be answered as sent; `place` is the member at fault, as a path."""

    def __init__(self, *, place: str, must: str) -> None:
        self.place = place
        super().__init__(f"{place} must {must}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirAuthorization:
    """The right to read for this one call; the token is used, never kept, never shown."""

    access_token: str = field(repr=False)
    scope: str
    expires_in_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """One call of a hook, checked."""

    hook: Hook
    hook_instance: str
    patient_id: str  # logical id, without "Patient/"
    user_id: str  # as sent; nothing is decided by it
    encounter_id: str | None = None
    fhir_server: str | None = None  # without trailing slash
    authorization: FhirAuthorization | None = None
    draft_orders: tuple[Mapping[str, Any], ...] = ()
    prefetch: Mapping[PrefetchKey, object] = field(default_factory=dict)  # as sent; null is None


def hook_request(body: object, hook: Hook) -> HookRequest:
    """
    Check the parsed *body* of a call to the service that answers *hook*.

    Raises:
        BadHookRequest: a required member is missing or a member is not what it has to be.
    """
    call = _object(body, "the request")
    if call.get("hook") != hook:
        raise BadHookRequest(place="hook", must=f"be {hook}, which is what this service answers")
    context = _object(call.get("context"), "context")
    server = _server(call)
    return HookRequest(
        hook=hook,
        hook_instance=_matching(call, "hookInstance", _UUID, "be a UUID"),
        patient_id=_matching(context, "context.patientId", _FHIR_ID, "be the id of a Patient"),
        user_id=_text(context, "context.userId"),
        encounter_id=_encounter(context, hook),
        fhir_server=server,
        authorization=_authorization(call, server),
        draft_orders=_draft_orders(context, hook),
        prefetch=_prefetch(call),
    )


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadHookRequest(place=place, must="be an object")
    return value


def _text(parent: Mapping[str, Any], place: str) -> str:
    value = parent.get(place.rpartition(".")[2])
    if not isinstance(value, str) or not value:
        raise BadHookRequest(place=place, must="be a text that is not empty")
    return value


def _matching(parent: Mapping[str, Any], place: str, pattern: re.Pattern[str], must: str) -> str:
    value = _text(parent, place)
    if not pattern.fullmatch(value):
        raise BadHookRequest(place=place, must=must)
    return value


def _encounter(context: Mapping[str, Any], hook: Hook) -> str | None:
    """Read the encounter, which only `encounter-start` requires."""
    if "encounterId" not in context and hook is not Hook.ENCOUNTER_START:
        return None
    return _matching(context, "context.encounterId", _FHIR_ID, "be the id of an Encounter")


def _server(call: Mapping[str, Any]) -> str | None:
    if "fhirServer" not in call:
        return None
    url = _text(call, "fhirServer")
    if _BLANK.search(url) or not _is_web_address(url):
        raise BadHookRequest(place="fhirServer", must="be an absolute http or https URL")
    return url.rstrip("/")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _authorization(call: Mapping[str, Any], server: str | None) -> FhirAuthorization | None:
    if "fhirAuthorization" not in call:
        return None
    if server is None:
        raise BadHookRequest(place="fhirServer", must="be there when fhirAuthorization is")
    given = _object(call["fhirAuthorization"], "fhirAuthorization")
    if _text(given, "fhirAuthorization.token_type") != "Bearer":
        raise BadHookRequest(place="fhirAuthorization.token_type", must="be Bearer")
    expires = _whole(given.get("expires_in"))
    if expires is None:
        raise BadHookRequest(
            place="fhirAuthorization.expires_in", must="be a whole number of seconds"
        )
    scope = given.get("scope")
    if not isinstance(scope, str):
        raise BadHookRequest(place="fhirAuthorization.scope", must="be a text")
    return FhirAuthorization(
        access_token=_text(given, "fhirAuthorization.access_token"),
        scope=scope,
        expires_in_s=expires,
    )


def _whole(value: object) -> int | None:
    """Give a whole number, however it was parsed; None for what is none."""
    if isinstance(value, Number):
        return int(value) if _WHOLE.fullmatch(value.text) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _draft_orders(context: Mapping[str, Any], hook: Hook) -> tuple[Mapping[str, Any], ...]:
    """Read the orders being signed: the resources of the Bundle that `order-sign` requires."""
    if hook is not Hook.ORDER_SIGN:
        return ()
    bundle = _object(context.get("draftOrders"), "context.draftOrders")
    entries = bundle.get("entry", [])
    if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list):
        raise BadHookRequest(place="context.draftOrders", must="be a Bundle")
    return tuple(
        _object(_object(entry, _ENTRY).get("resource"), f"{_ENTRY}.resource") for entry in entries
    )


def _prefetch(call: Mapping[str, Any]) -> Mapping[PrefetchKey, object]:
    """Keep the keys that were asked for, as sent: what each is worth is judged key by key."""
    sent = _object(call.get("prefetch", {}), "prefetch")
    return {key: sent[key] for key in PrefetchKey if key in sent}
