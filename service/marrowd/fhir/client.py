"""
A FHIR server as the service uses it: read, search by pages, write, fetch a report's content.

Answers are plain JSON (numbers exactly as written) and are not validated here: most of what comes
back is looked at for a handful of fields. Nothing outside the configured base URL is ever asked
for, whatever a resource, a page link or an attachment says.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yarl import URL

from marrowd.errors import BadInput
from marrowd.fhir.answers import TooLarge, Unusable
from marrowd.fhir.attachments import Content, decode_base64
from marrowd.fhir.json import TooDeep, canonical, parse
from marrowd.fhir.members import objects, text
from marrowd.fhir.references import is_id
from marrowd.fhir.transport import Ask, Reply, Transport
from marrowd.telemetry.metrics import Operation

Resource = Mapping[str, Any]
Params = Sequence[tuple[str, str]]

_TYPE = re.compile(r"[A-Z][A-Za-z]+")
_JSON = "application/fhir+json"
_JSON_TYPES = frozenset({_JSON, "application/json", "application/json+fhir", "text/json"})
_MOST_EMPTY = 20  # pages in a row: a server may filter what it has put on a page
_BIG = 200_000  # bytes whose parsing would hold up the event loop for more than about 5 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a search: the matches, without what was included or an OperationOutcome."""

    resources: tuple[Resource, ...]
    is_last: bool


class FhirClient:
    """One FHIR server."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport = transport
        self.base_url = base_url.rstrip("/")
        self._base = URL(self.base_url)

    async def read(self, ref: str) -> Resource:
        """
        Read the current version of *ref* ("Observation/1").

        Raises:
            Absent: there is none (any more).
            BadInput: *ref* is not a relative reference, or the answer is another resource.
        """
        url = self._of_ref(ref)
        ask = Ask(operation=Operation.READ, method="GET", url=url, headers={"Accept": _JSON})
        resource = await _resource_of(await self._transport.exchange(ask))
        if [resource.get("resourceType"), resource.get("id")] != ref.split("/"):
            message = "the server answered a read with another resource"
            raise Unusable(message)
        return resource

    async def search(
        self, resource_type: str, params: Params, *, max_pages: int = 20, is_private: bool = False
    ) -> list[Resource]:
        """
        Give every match of a search that is known to be small.

        Args:
            resource_type: such as "Condition".
            params: search parameters in order; a name may occur twice.
            max_pages: how many pages to read at most.
            is_private: send the parameters in a body, because they identify a person
                (an accession number); URLs end up in access logs.

        Raises:
            TooLarge: more than *max_pages* pages. A part of the answer would be taken for all of
            it.
        """
        found: list[Resource] = []
        pages = 0
        async for page in self.pages(resource_type, params, is_private=is_private):
            found.extend(page.resources)
            pages += 1
            if page.is_last:
                return found
            if pages >= max_pages:
                break
        message = f"a search of {resource_type} has more than {max_pages} pages"
        raise TooLarge(message)

    async def pages(
        self, resource_type: str, params: Params, *, is_private: bool = False
    ) -> AsyncIterator[Page]:
        """Give a search's pages one by one, each fetched when it is asked for."""
        url = self._of_type(resource_type)
        # HAPI answers an equal search from its cache for a minute: what just came would be missed.
        headers = {"Accept": _JSON, "Cache-Control": "no-cache"}
        if is_private:
            ask = Ask(
                operation=Operation.SEARCH,
                method="POST",
                url=url / "_search",
                headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
                body=URL.build(query=list(params)).raw_query_string.encode("ascii"),
            )
        else:
            ask = Ask(
                operation=Operation.SEARCH,
                method="GET",
                url=url.with_query(list(params)),
                headers=headers,
            )
        async for bundle, is_last in self._bundles(ask):
            yield Page(resources=_matches(bundle, resource_type), is_last=is_last)

    async def history(
        self, resource_type: str, params: Params
    ) -> AsyncIterator[tuple[Resource, bool]]:
        """Give the Bundles of a type's history, newest first, each with whether it is the last."""
        ask = Ask(
            operation=Operation.SEARCH,
            method="GET",
            url=(self._of_type(resource_type) / "_history").with_query(list(params)),
            headers={"Accept": _JSON, "Cache-Control": "no-cache"},
        )
        async for bundle, is_last in self._bundles(ask):
            yield bundle, is_last

    async def _bundles(self, ask: Ask) -> AsyncIterator[tuple[Resource, bool]]:
        """Follow the links from page to page."""
        headers = {name: v for name, v in ask.headers.items() if name != "Content-Type"}
        seen: set[URL] = set()
        before: Any = None
        empty = 0
        while True:
            bundle = await _resource_of(await self._transport.exchange(ask))
            link, entries = _next_of(bundle), bundle.get("entry")
            yield bundle, link is None  # first: a wrong link makes what is here no less true
            if link is None:
                return
            following = self._under_base(link)
            empty = 0 if entries else empty + 1
            if following in seen or (entries and entries == before) or empty > _MOST_EMPTY:
                message = "the pages of a search lead in a circle"
                raise Unusable(message)
            before = entries
            seen.add(following)
            ask = Ask(operation=Operation.SEARCH, method="GET", url=following, headers=headers)

    async def content(
        self, url: str, *, content_type: str = "", max_bytes: int | None = None
    ) -> Content:
        """
        Fetch an attachment by its *url*: a Binary, raw or in its FHIR wrapper, or other bytes.

        Raises:
            BadInput: the URL does not lie under this server's base; the wrapper holds no base64.
        """
        wanted = content_type if content_type.isascii() and content_type.isprintable() else ""
        ask = Ask(
            operation=Operation.READ,
            method="GET",
            url=self._under_base(url),
            headers={"Accept": f"{wanted or '*/*'}, {_JSON};q=0.5"},
            max_bytes=max_bytes,
        )
        reply = await self._transport.exchange(ask)
        if reply.content_type in _JSON_TYPES:
            wrapper = await _resource_of(reply)
            if wrapper.get("resourceType") == "Binary":
                data = decode_base64(text(wrapper.get("data")))
                return Content(data=data, content_type=text(wrapper.get("contentType")))
        return Content(data=reply.body, content_type=reply.content_type)

    async def create(self, resource: Resource, *, if_none_exist: Params = ()) -> str:
        """Create *resource* unless the search *if_none_exist* finds one; give its reference."""
        resource_type = str(resource["resourceType"])
        headers = {"Accept": _JSON, "Content-Type": _JSON}
        if if_none_exist:
            headers["If-None-Exist"] = URL.build(query=list(if_none_exist)).raw_query_string
        ask = Ask(
            operation=Operation.WRITE,
            method="POST",
            url=self._of_type(resource_type),
            headers=headers,
            body=canonical(resource),
            is_repeatable=bool(if_none_exist),  # else a lost answer would make it twice
        )
        reply = await self._transport.exchange(ask)
        match = re.search(
            rf"(?:^|/)({resource_type}/[A-Za-z0-9\-._]+)", reply.headers.get("Location", "")
        )
        if match:
            return match[1]
        made = await _resource_of(reply)
        return f"{resource_type}/{text(made.get('id'))}"

    async def update(self, ref: str, resource: Resource, *, if_match: str | None = None) -> None:
        """Write *resource* at *ref*; with *if_match* (a version id) only over that version."""
        headers = {"Accept": _JSON, "Content-Type": _JSON}
        if if_match is not None:
            headers["If-Match"] = f'W/"{if_match}"'
        ask = Ask(
            operation=Operation.WRITE,
            method="PUT",
            url=self._of_ref(ref),
            headers=headers,
            body=canonical({**resource, "id": ref.partition("/")[2]}),
        )
        await self._transport.exchange(ask)

    async def delete(self, ref: str) -> None:
        """Delete *ref*."""
        url = self._of_ref(ref)
        ask = Ask(operation=Operation.WRITE, method="DELETE", url=url, headers={"Accept": _JSON})
        await self._transport.exchange(ask)

    async def operate(self, ref: str, name: str, params: Params = ()) -> Resource:
        """Run the operation *name* ("$status"), one that changes nothing, on *ref*."""
        url = self._of_ref(ref) / name
        ask = Ask(
            operation=Operation.READ,
            method="GET",
            url=url.with_query(list(params)),
            headers={"Accept": _JSON, "Cache-Control": "no-cache"},
        )
        return await _resource_of(await self._transport.exchange(ask))

    async def capabilities(self) -> Resource:
        """Read what the server says of itself (a reachability check)."""
        ask = Ask(
            operation=Operation.READ,
            method="GET",
            url=self._base / "metadata",
            headers={"Accept": _JSON},
        )
        return await _resource_of(await self._transport.exchange(ask))

    def _of_type(self, resource_type: str) -> URL:
        if not _TYPE.fullmatch(resource_type):
            message = "not a resource type"
            raise BadInput(message)
        return self._base / resource_type

    def _of_ref(self, ref: str) -> URL:
        resource_type, _, ident = ref.partition("/")
        if not is_id(ident) or ident in {".", ".."}:
            message = "not a reference to a resource of this server"
            raise BadInput(message)
        return self._of_type(resource_type) / ident  # the id is quoted, whatever it holds

    def _under_base(self, link: str) -> URL:
        """Resolve *link* against the base; refuse what lies elsewhere, however it is spelt."""
        message = "a link leads outside the FHIR server's base URL"
        try:
            url = URL(f"{self.base_url}/").join(URL(link))
            base = self._base
            has_same_origin = url.origin() == base.origin()
        except ValueError:
            raise BadInput(message) from None
        steps = url.path.split("/")  # decoded
        home = base.path.rstrip("/")
        is_inside = url.path.rstrip("/") == home or url.path.startswith(f"{home}/")
        if not has_same_origin or not is_inside or ".." in steps or url.user or url.password:
            raise BadInput(message)
        return url.with_fragment(None)


def _next_of(bundle: Resource) -> str | None:
    for link in objects(bundle.get("link")):
        if link.get("relation") == "next":
            return text(link.get("url"))
    return None


async def _resource_of(reply: Reply) -> Resource:
    if reply.content_type not in _JSON_TYPES:
        message = "the server answered something that is not FHIR JSON"
        raise Unusable(message)
    try:
        if len(reply.body) > _BIG:
            found = await asyncio.to_thread(parse, reply.body)
        else:
            found = parse(reply.body)
    except TooDeep:
        message = "the server answered something that is nested too deeply"
        raise TooLarge(message) from None
    except BadInput:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        message = "the server answered something that is not FHIR JSON"
        raise Unusable(message)
    return found


def _matches(bundle: Resource, resource_type: str) -> tuple[Resource, ...]:
    if bundle.get("resourceType") != "Bundle":
        message = "the server answered a search with something other than a Bundle"
        raise Unusable(message)
    resources = (entry.get("resource") for entry in objects(bundle.get("entry")))
    return tuple(
        r for r in resources if isinstance(r, dict) and r.get("resourceType") == resource_type
    )
