"""
A posted card as a FHIR `Communication`: the shape of it, and what a later message makes of it.

The card's id is an identifier of the resource, by which it is created only once and found again.
A second identifier holds the sequence of the message that wrote it last: a message sent again, or
late, must neither bring back a card that was taken back nor take back one that was posted anew.

Plain dictionaries, as in `suggestions`; tests build each of them with fhir.resources.R4B.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from marrowd.fhir.members import text
from marrowd.fhir.versions import version_number

Resource = Mapping[str, Any]

# The project owns no domain: see docs/adr/0007-cards.md.
CARD_SYSTEM: Final = "urn:marrowd:card"
SEQUENCE_SYSTEM: Final = "urn:marrowd:sequence"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/communication-category"
_WITHDRAWN: Final = "Withdrawn by marrowd: what it stood on no longer holds"
# A resource of its own; a contained one ("#") cannot be pointed at from outside.
_REFERABLE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


def referable(refs: Sequence[str]) -> list[str]:
    """Give those of *refs* that another resource can point at, each once, in order."""
    return list(dict.fromkeys(ref for ref in refs if _REFERABLE.fullmatch(ref)))


def search_for(card: str) -> list[tuple[str, str]]:
    """Give the search by which the Communication of *card* is found, and created only once."""
    return [("identifier", f"{CARD_SYSTEM}|{card}")]


def is_of(found: Resource, card: str) -> bool:
    """Say whether *found* carries the identifier of *card*."""
    return {"system": CARD_SYSTEM, "value": card} in [
        {"system": i.get("system"), "value": i.get("value")} for i in found.get("identifier", ())
    ]


def completed(message: Mapping[str, Any], card: Mapping[str, Any], *, base_url: str) -> Resource:
    """
    Write *card* as a Communication that was sent.

    Args:
        message: as `posted_message` wrote it, with `about`: refs of what the card stands on.
        card: one of its cards.
        base_url: of the server that is written to. References to another server are absolute.
    """
    topic = card["source"]["topic"]
    written: dict[str, Any] = {
        **_bare(message, str(card["uuid"]), base_url=base_url),
        "status": "completed",
        "topic": {"coding": [topic], "text": topic["display"]},
        "payload": [{"contentString": f"{card['summary']}\n\n{card['detail']}"}],
    }
    about = [_reference(message, ref, base_url) for ref in referable(message.get("about", ()))]
    if about:
        written["about"] = about
    return written


def never_sent(message: Mapping[str, Any], card: str, *, base_url: str) -> Resource:
    """
    Write the withdrawal of *card* where no Communication of it is found.

    It holds the place: should the message that posts the card arrive after all, it finds this.
    """
    return {
        **_bare(message, card, base_url=base_url),
        "status": "entered-in-error",
        "statusReason": {"text": _WITHDRAWN},
    }


def withdrawn(found: Resource, message: Mapping[str, Any]) -> Resource:
    """Give *found* as entered in error; what others have added to it stays."""
    return {
        **found,
        "status": "entered-in-error",
        "statusReason": {"text": _WITHDRAWN},
        "identifier": _identifiers_after(found, message),
    }


def posted_again(found: Resource, wanted: Resource, message: Mapping[str, Any]) -> Resource:
    """Give *found* with all that *wanted* says: the same advice holds again."""
    kept = {name: value for name, value in found.items() if name != "statusReason"}
    return {**kept, **wanted, "identifier": _identifiers_after(found, message)}


def has_passed(found: Resource, message: Mapping[str, Any], *, status: str) -> bool:
    """
    Say whether *message*, which asks for *status*, or a later one is already written in *found*.

    Both sequence and time must say that a later one is. Sequences alone would deceive after the
    store was restored from an older copy, where they begin anew; times alone where two clocks
    differ. Whole seconds, since a server may keep no more.
    """
    sequence, sent = _sequence_of(found), _second(found.get("sent"))
    issued = _second(message["issued"])
    if sequence is None or issued is None:
        return False
    if sequence == message["sequence"] and found.get("status") == status:
        return True
    return bool(sequence >= message["sequence"]) and (sent is None or sent >= issued)


def _bare(message: Mapping[str, Any], card: str, *, base_url: str) -> dict[str, Any]:
    return {
        "resourceType": "Communication",
        "identifier": [
            {"system": CARD_SYSTEM, "value": card},
            {"system": SEQUENCE_SYSTEM, "value": str(message["sequence"])},
        ],
        "category": [{"coding": [{"system": _CATEGORY, "code": "notification"}]}],
        "subject": _reference(message, message["patient"], base_url),
        "sent": message["issued"],
    }


def _reference(message: Mapping[str, Any], ref: str, base_url: str) -> dict[str, str]:
    home = str(message["fhirServer"]).rstrip("/")
    return {"reference": ref if home == base_url.rstrip("/") else f"{home}/{ref}"}


def _identifiers_after(found: Resource, message: Mapping[str, Any]) -> list[Any]:
    held = [i for i in found.get("identifier", ()) if not _is_sequence(i)]
    return [*held, {"system": SEQUENCE_SYSTEM, "value": str(message["sequence"])}]


def _sequence_of(found: Resource) -> int | None:
    values = [text(i.get("value")) for i in found.get("identifier", ()) if _is_sequence(i)]
    return version_number(values[0]) if values else None


def _is_sequence(identifier: object) -> bool:
    return isinstance(identifier, Mapping) and identifier.get("system") == SEQUENCE_SYSTEM


def _second(written: object) -> datetime | None:
    """Read a time with its zone; a server may write the one we gave in another zone."""
    try:
        at = datetime.fromisoformat(text(written))
    except ValueError:
        return None
    return at.replace(microsecond=0) if at.tzinfo is not None else None
