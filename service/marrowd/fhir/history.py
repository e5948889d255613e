"""What a type's history says was deleted, and whether a server keeps one to be asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marrowd.fhir.dates import instant
from marrowd.fhir.members import obj, objects, text

_OF_URL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A resource that was deleted."""

    ref: str
    at: str  # the server's own word for when, or for which version, in ASCII; "" for neither


def deletions(bundle: Mapping[str, Any]) -> list[Deletion]:
    """Give what a history Bundle says was deleted."""
    found = []
    for entry in objects(bundle.get("entry")):
        request, response = obj(entry.get("request")), obj(entry.get("response"))
        if text(request.get("method")) != "DELETE":
            continue
        match = _OF_URL.search(text(request.get("url"))) or _OF_URL.search(
            text(entry.get("fullUrl"))
        )
        if match:
            at = text(response.get("lastModified")) or text(response.get("etag"))
            found.append(Deletion(ref=match[1], at=ascii(at)[1:-1]))
    return found


def newest(bundle: Mapping[str, Any]) -> datetime | None:
    """Give the latest moment that a history Bundle tells of, by the server's own clock."""
    moments = []
    for entry in objects(bundle.get("entry")):
        told = obj(entry.get("response")).get("lastModified")
        written = obj(obj(entry.get("resource")).get("meta")).get("lastUpdated")
        moments += [instant(word, zone=UTC) for word in (told, written)]
    return max((moment for moment in moments if moment is not None), default=None)


def offers_history(capabilities: Mapping[str, Any], resource_type: str) -> bool:
    """Say whether a CapabilityStatement offers the history of a type."""
    return any(
        text(interaction.get("code")) == "history-type"
        for rest in objects(capabilities.get("rest"))
        for resource in objects(rest.get("resource"))
        if text(resource.get("type")) == resource_type
        for interaction in objects(resource.get("interaction"))
    )
