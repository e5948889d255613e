"""
Resources to facts, off the event loop: parsing and reading text take longer than it may wait.

Pure functions of their arguments, run by whatever executor the composition root hands in. But for a
laboratory's result of a few kilobytes: it is read in a fraction of what handing it to a thread and
back costs, and the interpreter runs one of the two at a time anyway.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from marrowd.core.facts import Fact, Version
from marrowd.errors import BadInput
from marrowd.fhir.attachments import Attachments
from marrowd.fhir.facts import (
    Extraction,
    Irrelevant,
    facts_from,
    ignored_because,
    is_withdrawn,
    ref_of,
)
from marrowd.fhir.json import parse_canonical
from marrowd.fhir.members import Resource, kind
from marrowd.fhir.narratives import section_of
from marrowd.fhir.needs import Needs, needs
from marrowd.fhir.subjects import Subject, subject_of
from marrowd.fhir.versions import version

T = TypeVar("T")
_BRIEF = 8_000  # bytes of a result read at once, in under half a millisecond
_FEW = 20  # resources of an answer whose codes are looked at at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a cheap look at a resource tells."""

    resource: Resource
    ref: str
    version: Version
    ignored: Irrelevant | None  # why it cannot matter, from type and codes alone
    subject: Subject
    needs: Needs
    is_withdrawn: bool
    is_brief: bool = False  # a few values, no text: read where one stands


class ResourceReader:
    """How this process reads resources: one extraction per source, one executor for all."""

    def __init__(
        self, extractions: Mapping[str, Extraction], *, executor: Executor | None = None
    ) -> None:
        self._extractions = dict(extractions)
        self._executor = executor

    def rules(self, source: str) -> str:
        """Give the rules version that facts of *source* are read with."""
        return self._extractions[source].rules

    async def look(self, source: str, given: bytes | Resource) -> Looked:
        """
        Look at a resource, parsed or as JSON text.

        Raises:
            BadInput: not JSON, or not a resource with an id.
        """
        how = self._extractions[source]
        if isinstance(given, bytes) and len(given) <= _BRIEF:
            looked = _look(given, how)
            return replace(looked, is_brief=_is_brief(looked, how))
        return await self._off_loop(lambda: _look(given, how))

    async def facts(
        self, source: str, read: Iterable["ToRead"], *, relevant_or: Collection[str] | None = None
    ) -> list[Fact]:
        """
        Read each; what gives no fact is left out.

        Args:
            source: whose resources they are.
            read: the resources.
            relevant_or: leave out, too, what cannot matter, unless its ref is one of these.
        """
        how = self._extractions[source]
        todo = list(read)
        if len(todo) > _FEW:
            return await self._off_loop(lambda: _facts(_wanted(todo, how, relevant_or), how))
        wanted = _wanted(todo, how, relevant_or)
        if all(one.is_brief for one in wanted):
            return _facts(wanted, how)
        return await self._off_loop(lambda: _facts(wanted, how))

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRead:
    """A resource with all that was fetched for it."""

    resource: Resource
    patient: str
    attachments: Attachments | None = None
    is_listed: bool = False  # an Observation that an imaging report lists
    sha256: str = ""
    is_brief: bool = False  # see `Looked`


def _look(given: bytes | Resource, how: Extraction) -> Looked:
    # Half a surrogate pair, legal in JSON where it is escaped, is kept as `canonical` writes it.
    resource = parse_canonical(given) if isinstance(given, bytes) else given
    if not isinstance(resource, dict):
        message = "the payload is not a FHIR resource"
        raise BadInput(message)
    ref = ref_of(resource)
    if ref is None:
        message = "the payload has no usable resourceType and id"
        raise BadInput(message)
    withdrawn = is_withdrawn(resource)
    return Looked(
        resource=resource,
        ref=ref,
        version=version(resource, is_withdrawn=withdrawn, zone=how.zone),
        ignored=ignored_because(resource, how.codes),
        subject=subject_of(resource, resolve=how.resolve),
        needs=needs(resource, how.codes, resolve=how.resolve),
        is_withdrawn=withdrawn,
    )


def _is_brief(looked: Looked, how: Extraction) -> bool:
    return kind(looked.resource) == "Observation" and section_of(looked.resource, how.codes) is None


def _wanted(
    read: Iterable[ToRead], how: Extraction, unless: Collection[str] | None
) -> list[ToRead]:
    return [
        one
        for one in read
        if unless is None
        or ref_of(one.resource) in unless
        or ignored_because(one.resource, how.codes) is None
    ]


def _facts(read: Iterable[ToRead], how: Extraction) -> list[Fact]:
    return [fact for one in read if (fact := _fact(one, how))]


def _fact(one: ToRead, how: Extraction) -> Fact | None:
    read = facts_from(
        one.resource,
        patient=one.patient,
        extraction=how,
        attachments=one.attachments,
        is_listed=one.is_listed,
        sha256=one.sha256,
    )
    return read if isinstance(read, Fact) else None
