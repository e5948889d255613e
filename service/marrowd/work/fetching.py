"""
Asking a FHIR server for the parts of something: bounded, and what cannot be had left out.

A part that is not there (404, 410), is refused for good or too large is left out and logged; a
server that is down raises, because then nothing is known and the event has to come again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from marrowd.errors import BadInput
from marrowd.fhir.answers import Absent, Forbidden, Rejected
from marrowd.fhir.attachments import Content
from marrowd.fhir.client import FhirClient, Params
from marrowd.fhir.members import Resource

_log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one event may ask for."""

    contents: int = 10  # presented forms of one report
    observations: int = 60  # results that one report lists
    related: int = 20  # studies of a report, reports of a study or of a draw
    pages: int = 20  # of a problem list or the open orders
    content_bytes: int = 20_000_000
    parallel: int = 4  # requests of one event at a time
    together: int = 10  # patients that one search asks about
    searches: int = 8  # of one type that ask about patients, at a time
    kept: int = 1_000  # patients whose background is kept for the rest of a burst


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A resource that is not there (any more), at the server's own time when it says one."""

    ref: str
    at: datetime | None


class Fetcher:
    """Asks one source."""

    def __init__(self, source: str, client: FhirClient, *, bounds: Bounds) -> None:
        self._source = source
        self._client = client
        self._bounds = bounds

    @property
    def base_url(self) -> str:
        """The server's."""
        return self._client.base_url

    async def read(self, refs: Sequence[str]) -> tuple[list[Resource], list[Gone]]:
        """Read each of *refs*; give what is there, and what is not."""
        answers = await self._each(self._read_one, refs)
        found = [a for a in answers if isinstance(a, dict)]
        return found, [a for a in answers if isinstance(a, Gone)]

    async def contents(self, urls: Sequence[str]) -> dict[str, Content | str]:
        """Fetch attachments by url; one that cannot be had is "not_fetched"."""
        wanted = list(urls[: self._bounds.contents])
        answers = await self._each(self._content, wanted)
        return dict(zip(wanted, answers, strict=True))

    async def search(
        self, resource_type: str, params: Params, *, is_private: bool = False
    ) -> list[Resource]:
        """Search for what is related; a search that the server does not know finds nothing."""
        found = await self.listed(resource_type, params, is_private=is_private)
        return (found or [])[: self._bounds.related]

    async def listed(
        self, resource_type: str, params: Params, *, is_private: bool = False
    ) -> list[Resource] | None:
        """Search for all; None when the server does not let us, or does not know how."""
        try:
            return await self.every(resource_type, params, is_private=is_private)
        except (Rejected, Absent, Forbidden) as error:
            _log.warning(
                "search_refused", source=self._source, resource=resource_type, error=str(error)
            )
            return None

    async def every(
        self, resource_type: str, params: Params, *, is_private: bool = False
    ) -> list[Resource]:
        """Search for all; whatever goes wrong is raised."""
        found = await self._client.search(
            resource_type, params, max_pages=self._bounds.pages, is_private=is_private
        )
        return [dict(resource) for resource in found]

    def warn_of_misreading(self, resource_type: str) -> None:
        """Say in the log that the server cannot be asked about several patients at once."""
        _log.warning("patients_asked_one_by_one", source=self._source, resource=resource_type)

    async def _read_one(self, ref: str) -> Resource | Gone | None:
        try:
            return dict(await self._client.read(ref))
        except Absent as absent:
            return Gone(ref=ref, at=absent.at)
        except (BadInput, Forbidden) as error:
            self._left_out(ref.partition("/")[0], error)
            return None

    async def _content(self, url: str) -> Content | str:
        try:
            return await self._client.content(url, max_bytes=self._bounds.content_bytes)
        except (BadInput, Forbidden) as error:
            self._left_out("Binary", error)
            return "not_fetched"

    def _left_out(self, resource_type: str, error: Exception) -> None:
        _log.warning("part_left_out", source=self._source, resource=resource_type, error=str(error))

    async def _each(self, ask: Callable[[str], Awaitable[T]], keys: Sequence[str]) -> list[T]:
        """Ask for each, a few at a time; the first that fails ends the rest and is raised."""
        if not keys:
            return []
        room = asyncio.Semaphore(self._bounds.parallel)

        async def in_turn(key: str) -> T:
            async with room:
                return await ask(key)

        tasks = [asyncio.create_task(in_turn(key)) for key in keys]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def any_of(tokens: Iterable[str]) -> str:
    r"""Write search tokens ("system|value") as one value; `\`, `,` and `$` in them are escaped."""
    written = []
    for token in tokens:
        text = token.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$")
        written.append(text)
    return ",".join(written)
