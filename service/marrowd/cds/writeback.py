"""
A destination that is a FHIR server: each card becomes a `Communication` there.

One message is several requests, and each of them may be the last before a crash. So each is written
to be repeated: a card is created on the condition that none of its identifier is there, a
withdrawal is written only over the version that was read, and what a later message has written is
left alone (`communication.has_passed`). What a card replaces is withdrawn first, so that no instant
shows both. The answer of the first request that fails is the answer to the message.

Requests are made here and not by `fhir.client`, whose errors are made for events: a delivery is
decided by the status itself, as with any other destination.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from yarl import URL

from marrowd.cds import communication
from marrowd.cds.communication import Resource
from marrowd.cds.webhook import Answer, Credentials, mark_of
from marrowd.errors import BadInput
from marrowd.fhir.answers import seconds_to_wait
from marrowd.fhir.json import canonical, parse
from marrowd.fhir.members import text
from marrowd.fhir.references import is_id
from marrowd.fhir.versions import version_text
from marrowd.telemetry.tracing import add_traceparent

REQUEST_S: Final = 15.0
WHOLE_S: Final = 60.0  # all requests of a message: inside the lease of a delivery
MAX_BYTES: Final = 2_000_000  # a page of one card's Communications is a few kilobytes
_JSON: Final = "application/fhir+json"
_DONE: Final = Answer(status=HTTPStatus.OK)
# Somebody else wrote meanwhile, or deleted: what there is, is looked for with the next try.
_CONFLICTS: Final = {
    "POST": frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}),
    "PUT": frozenset(
        {
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.GONE,  # that Communication, not this destination
            HTTPStatus.PRECONDITION_FAILED,
        }
    ),
}


class _NotTaken(Exception):
    """No error: what the other side answered, on its way up."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


class FhirDestination:
    """A FHIR server that cards are written to."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        name: str,
        url: str,
        shown: Callable[[], Credentials] = Credentials,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: float = REQUEST_S,
    ) -> None:
        self._name = name
        self._session = session
        self._base_url = url.rstrip("/")
        self._type = URL(self._base_url) / "Communication"
        self._shown = shown
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    @property
    def name(self) -> str:
        """The destination's configured name."""
        return self._name

    @property
    def mark(self) -> str:
        """Names the address."""
        return mark_of(self._base_url)

    async def send(self, message_id: str, body: bytes) -> Answer:  # noqa: ARG002 - the cards' own
        # ids are what makes a repeat known here
        """
        Write what *body* says, or what is still missing of it.

        Args:
            message_id: the message's own; the server knows cards by theirs.
            body: a message as `posted_message` writes it, with `about`.
        """
        message = parse(body)
        try:
            async with asyncio.timeout(WHOLE_S):
                for card in message["retracts"]:
                    await self._withdraw(message, card)
                for card in message["cards"]:
                    await self._post(message, card)
        except _NotTaken as not_taken:
            return not_taken.answer
        except BadInput:  # nested so deeply that it cannot be written back
            return Answer(problem="not_fhir")
        except TimeoutError:
            return Answer(problem="timeout")
        except (aiohttp.ClientError, OSError):
            return Answer(problem="connection")
        return _DONE

    async def _withdraw(self, message: Mapping[str, Any], card: str) -> None:
        found = await self._found(card)
        if not found and message["sequence"] > 1:
            # An earlier message may have posted it and been set aside. The first cannot have been
            # preceded: this server was told nothing before, so there is nothing to take back.
            await self._create(
                card, communication.never_sent(message, card, base_url=self._base_url)
            )
        for one in found:
            await self._mark_withdrawn(one, message)

    async def _post(self, message: Mapping[str, Any], card: Mapping[str, Any]) -> None:
        wanted = communication.completed(message, card, base_url=self._base_url)
        found = await self._found(card["uuid"])
        if not found:
            await self._create(card["uuid"], wanted)
            return
        first, *others = found
        if not communication.has_passed(first, message, status="completed"):
            await self._update(first, communication.posted_again(first, wanted, message))
        for one in others:  # two requests crossed at the server: one of them is enough
            await self._mark_withdrawn(one, message)

    async def _mark_withdrawn(self, one: Resource, message: Mapping[str, Any]) -> None:
        if not communication.has_passed(one, message, status="entered-in-error"):
            await self._update(one, communication.withdrawn(one, message))

    async def _found(self, card: str) -> Sequence[Resource]:
        """Give the Communications of *card*, the oldest first."""
        url = self._type.with_query(communication.search_for(card))
        # HAPI answers an equal search from its cache for a minute.
        said = await self._ask("GET", url, headers={"Cache-Control": "no-cache"})
        try:
            bundle = parse(said)
            entries = [entry["resource"] for entry in bundle.get("entry", ())]
            found = [one for one in entries if one["resourceType"] == "Communication"]
            if not all(communication.is_of(one, card) for one in found):
                # The server ignored the search parameter: what it gave is somebody else's.
                raise _NotTaken(Answer(problem="not_searched"))
            return sorted(found, key=_age)
        except (BadInput, KeyError, TypeError, AttributeError):
            raise _NotTaken(Answer(problem="not_fhir")) from None

    async def _create(self, card: str, resource: Resource) -> None:
        condition = URL.build(query=communication.search_for(card)).raw_query_string
        await self._ask("POST", self._type, resource, headers={"If-None-Exist": condition})

    async def _update(self, found: Resource, resource: Resource) -> None:
        headers = {}
        if found.get("meta", {}).get("versionId") is not None:
            headers["If-Match"] = f'W/"{_sound(version_text(dict(found)))}"'
        await self._ask("PUT", self._type / _sound(found["id"]), resource, headers=headers)

    async def _ask(
        self,
        method: str,
        url: URL,
        resource: Resource | None = None,
        *,
        headers: Mapping[str, str],
    ) -> bytes:
        """Make one request and give the body of a 2xx answer."""
        sent = {"Accept": _JSON, **headers}
        token = self._shown().token
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        add_traceparent(sent)
        if resource is not None:
            sent["Content-Type"] = _JSON
        async with self._session.request(
            method,
            url,
            data=None if resource is None else canonical(resource),
            headers=sent,
            allow_redirects=False,  # a token is for this URL only
            timeout=self._timeout,
        ) as response:
            if response.status in _CONFLICTS.get(method, ()):
                raise _NotTaken(Answer(problem="conflict"))
            if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                wait_s = seconds_to_wait(response.headers.get("Retry-After"), now=self._clock())
                raise _NotTaken(Answer(status=response.status, retry_after_s=wait_s))
            if resource is not None:
                return b""  # what was written; that it was is all that counts
            body = await response.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and (more := await response.content.read(MAX_BYTES)):
                body += more
            if len(body) > MAX_BYTES:
                raise _NotTaken(Answer(problem="too_large"))
            return body


def _sound(ident: object) -> str:
    """Give an id, or a version, that can stand in an address and a header."""
    if not isinstance(ident, str) or not is_id(ident) or ident in {".", ".."}:
        raise _NotTaken(Answer(problem="not_fhir"))
    return ident


def _age(resource: Resource) -> tuple[str, int, str]:
    ident = text(resource["id"])
    return (text(resource.get("meta", {}).get("lastUpdated")), len(ident), ident)
