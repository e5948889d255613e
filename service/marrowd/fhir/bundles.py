"""
What a document holds: the resources of a Bundle of any type, or one resource, and deletions.

A `history` Bundle says that a resource is gone with an entry that has a DELETE request and no
resource. An entry that cannot be read is reported with its place and stops nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from marrowd.errors import BadInput
from marrowd.fhir.members import Resource, kind, obj, text
from marrowd.fhir.references import is_id, is_type, split_url
from marrowd.fhir.types import R4_TYPES
from marrowd.fhir.versions import version_number, version_text

_VERSION_TAG = '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource of a document, with the address it was found at."""

    resource: Resource
    full_url: str = ""
    ref: str | None = None  # "Type/id": the resource's own id, else that of its address


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedEntry:
    """A resource that no longer exists."""

    ref: str
    last_updated: object = None  # `response.lastModified`, as written
    version_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEntry:
    """An entry that holds nothing that can be read as a resource."""

    place: str


Item = Entry | DeletedEntry | BrokenEntry


def items(document: object) -> Iterator[Item]:
    """
    Walk the resources of a parsed document, Bundles inside Bundles included.

    Raises:
        BadInput: it is neither a Bundle nor another resource.
    """
    if not isinstance(document, dict) or kind(document) not in R4_TYPES:
        message = "not a FHIR resource"
        raise BadInput(message)
    if kind(document) != "Bundle":
        yield Entry(resource=document, ref=_ref(document, "", {}))
        return
    waiting: list[Iterator[Item]] = [_entries(document)]
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
        elif isinstance(item, Entry) and kind(item.resource) == "Bundle":
            waiting.append(_entries(item.resource))
        else:
            yield item


def _entries(bundle: Resource) -> Iterator[Item]:
    ident = bundle.get("id")
    name = f"Bundle/{ident}" if is_id(ident) else "Bundle"
    given = bundle.get("entry")
    if given is None:
        return
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list):
        yield BrokenEntry(place=name)
        return
    for index, entry in enumerate(given):
        item = _item(entry)
        if isinstance(item, DeletedEntry) and item.last_updated is None:
            yield _dated(item, given)
        elif item is not None:
            yield item
        elif not _is_bare(entry):
            yield BrokenEntry(place=f"{name}.entry[{index}]")


def _item(entry: object) -> Item | None:
    member = obj(entry)
    request = obj(member.get("request"))
    full_url = text(member.get("fullUrl"))
    resource = member.get("resource")
    if isinstance(resource, dict) and is_type(resource.get("resourceType")):
        return Entry(resource=resource, full_url=full_url, ref=_ref(resource, full_url, request))
    if resource is None and text(request.get("method")).upper() == "DELETE":
        return _deletion(member, request, full_url)
    return None


def _is_bare(entry: object) -> bool:
    """Say whether an entry is whole without a resource: a response, a GET, an unresolved id."""
    return isinstance(entry, dict) and entry.get("resource") is None


def _ref(resource: Resource, full_url: str, request: Resource) -> str | None:
    """Give "Type/id" by the id, else by the PUT that writes it, else by the fullUrl."""
    name = kind(resource)
    if "id" in resource and resource["id"] not in (None, ""):
        return f"{name}/{resource['id']}" if is_id(resource["id"]) else None
    if text(request.get("method")).upper() == "PUT":
        split = split_url(text(request.get("url")))
        if split is not None and split[1] == name:
            return f"{name}/{split[2]}"
    for scheme in ("urn:uuid:", "urn:oid:"):
        ident = full_url.removeprefix(scheme)
        if ident != full_url:
            return f"{name}/{ident}" if is_id(ident) else None
    split = split_url(full_url)
    return f"{name}/{split[2]}" if split is not None and split[1] == name else None


def _deletion(entry: Resource, request: Resource, full_url: str) -> DeletedEntry | None:
    url = text(request.get("url"))
    split = split_url(url) or split_url(full_url)
    if split is None:
        return None
    response = obj(entry.get("response"))
    tag = text(response.get("etag")).removeprefix("W/").strip(_VERSION_TAG)
    version = tag or url.partition("/_history/")[2]
    return DeletedEntry(
        ref=f"{split[1]}/{split[2]}",
        last_updated=response.get("lastModified"),
        version_id=version or None,
    )


def _dated(deletion: DeletedEntry, entries: list[object]) -> DeletedEntry:
    """
    Date a deletion that has a version but no date, as some servers write it.

    It came after the version before it: with that one's date and its own, higher, number it stands
    right behind it and before whatever was written later.
    """
    number = version_number(deletion.version_id)
    if number is None:
        return deletion
    before: tuple[int, object] = (-1, None)
    for entry in entries:
        resource = obj(obj(entry).get("resource"))
        if f"{kind(resource)}/{text(resource.get('id'))}" == deletion.ref:
            found = version_number(version_text(resource))
            if found is not None and before[0] < found < number:
                before = (found, obj(resource.get("meta")).get("lastUpdated"))
    return replace(deletion, last_updated=before[1])
