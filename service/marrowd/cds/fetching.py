"""
What a call did not bring along, fetched from the FHIR server that the call itself gives access to.

Everything is asked for at the same moment and whatever has come when the time is up is used: a
search that is not finished simply leaves its key not had. The token of the call goes to the one
configured server and nowhere else, and is gone with the call.
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

import structlog

from marrowd.cds.call_facts import needs_of
from marrowd.cds.prefetched import KeyAnswer, Owner, of_patient
from marrowd.cds.services import PrefetchKey
from marrowd.errors import MarrowdError
from marrowd.fhir.attachments import Content
from marrowd.fhir.client import FhirClient
from marrowd.fhir.facts import Extraction
from marrowd.fhir.members import Resource

MAX_PAGES: Final = 5  # of one search: 1,000 resources at the page size asked for
MAX_NEEDS: Final = 40  # contents and resources behind reports, all together
MAX_CONTENT: Final = 5_000_000  # bytes of one attachment
_PATIENT: Final = "{{context.patientId}}"

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What has come so far; filled while the fetching goes on."""

    answers: dict[PrefetchKey, KeyAnswer] = field(default_factory=dict)
    attachments: dict[str, Content | str] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    is_used: bool = False  # something was asked for, whatever came of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """One call's right to read, and what it is used for."""

    client: FhirClient
    templates: Mapping[str, str]
    owner: Owner
    extraction: Extraction

    async def fetch(
        self,
        keys: AbstractSet[PrefetchKey],
        sent: Sequence[Resource],
        into: Fetched,
        *,
        seconds: float,
    ) -> None:
        """
        Fetch *keys* and what reports need, into *into*; give up after *seconds*.

        Args:
            keys: those that the call and the evidence left open.
            sent: resources that came with the call: their texts may have to be fetched too.
            into: where each piece is put the moment it comes.
            seconds: for all of it together.
        """
        into.is_used = into.is_used or bool(keys)
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(self._contents(sent, into))
                for key in keys:
                    group.create_task(self._search(key, into))
        except TimeoutError:
            _log.warning("fetch_cut_short", count=len(keys) - len(into.answers))

    async def _search(self, key: PrefetchKey, into: Fetched) -> None:
        kind, _, query = self.templates[key].partition("?")
        params = parse_qsl(query.replace(_PATIENT, self.owner.patient_id))
        try:
            found = await self.client.search(kind, params, max_pages=MAX_PAGES)
        except MarrowdError as exc:
            _log.warning(
                "fetch_failed", operation="search", resource=kind, error=type(exc).__name__
            )
            return
        answer = of_patient(KeyAnswer(resources=tuple(map(dict, found))), self.owner)
        if key is PrefetchKey.REPORTS:
            await self._contents(answer.resources, into)
        into.answers[key] = answer

    async def _contents(self, resources: Sequence[Resource], into: Fetched) -> None:
        """Fetch what the reports among *resources* point to: their texts, results and studies."""
        wanted = needs_of(resources, extraction=self.extraction, resolve=self.owner.resolve)
        urls = dict.fromkeys(url for needs in wanted for url in needs.contents)
        refs = dict.fromkeys(ref for needs in wanted for ref in needs.observations + needs.studies)
        into.is_used = into.is_used or bool(wanted)
        async with asyncio.TaskGroup() as group:
            for url in list(urls)[:MAX_NEEDS]:
                group.create_task(self._content(url, into))
            for ref in list(refs)[:MAX_NEEDS]:
                group.create_task(self._read(ref, into))

    async def _content(self, url: str, into: Fetched) -> None:
        try:
            into.attachments[url] = await self.client.content(url, max_bytes=MAX_CONTENT)
        except MarrowdError as exc:
            _log.warning("fetch_failed", operation="content", error=type(exc).__name__)

    async def _read(self, ref: str, into: Fetched) -> None:
        try:
            resource = dict(await self.client.read(ref))
        except MarrowdError as exc:
            _log.warning("fetch_failed", operation="read", error=type(exc).__name__)
            return
        if self.owner.owns(resource):
            into.resources.append(resource)
