"""
One patient of the spool to one line.

A job is all that is needed, as bytes, so that it can go to another process; a screener keeps the
report reader and everything else that is the same for every patient.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from marrowd.cds.cards import cards_for
from marrowd.cli.gathered import Role
from marrowd.cli.lines import line_of
from marrowd.cli.spool import Kept
from marrowd.core.facts import Fact, Unreadable, Version
from marrowd.core.policy import Policy
from marrowd.core.reading import Reading, Section
from marrowd.core.screening import verdict_at
from marrowd.core.timeline import build_timeline
from marrowd.errors import BadConfiguration, BadInput, place_of
from marrowd.fhir.attachments import Attachments, binary_content
from marrowd.fhir.facts import Extraction, facts_from
from marrowd.fhir.json import parse_canonical
from marrowd.fhir.members import Resource
from marrowd.fhir.observations import reported_dates
from marrowd.fhir.orders import orders_by_identifier
from marrowd.fhir.reasons import RESOURCE
from marrowd.fhir.reports import ReportReader
from marrowd.rules.codes import Codes
from marrowd.rules.version import RULES_VERSION

_CHUNK = 32  # patients that go to another process at once
_CHUNK_BYTES = 2 * 1024 * 1024  # or fewer, when they bring large attachments


class Job(NamedTuple):
    """One patient: what is kept about them and what their reports refer to."""

    patient: str
    kept: tuple[Kept, ...]
    listed: tuple[Kept, ...]  # Observations that hold text of the reports
    contents: Mapping[str, bytes]  # Binaries by the url asked for
    addresses: Mapping[str, str]  # urn -> "Type/id"

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        bodies = chain((kept.body for kept in (*self.kept, *self.listed)), self.contents.values())
        return sum(map(len, bodies))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run is judged by; the same for every patient."""

    policy: Policy
    now: datetime
    codes: Codes


class LateReader:
    """The report reader, made when the first text comes: a run without reports starts faster."""

    def __init__(self) -> None:
        self._reader: ReportReader | None = None

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:
        """Read one text."""
        return self.made().read(text, title=title, section=section)

    def made(self) -> ReportReader:
        """Give the reader, now at the latest."""
        if self._reader is None:
            from marrowd.core.reader import Reader  # noqa: PLC0415
            from marrowd.rules.vocabulary import load_vocabulary  # noqa: PLC0415

            self._reader = Reader(load_vocabulary())
        return self._reader


class Screener:
    """Turns jobs into lines."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._reader = LateReader()

    def prepare(self) -> None:
        """Load what is only loaded when it is needed."""
        self._reader.made()

    def line(self, job: Job) -> tuple[bytes, list[str]]:
        """Give the line of one patient, and what has to be reported with it."""
        told: list[str] = []
        policy = self._terms.policy
        resources = [(kept, parse_canonical(kept.body)) for kept in job.kept]
        listed = [(kept, parse_canonical(kept.body)) for kept in job.listed]
        extraction = Extraction(
            reader=self._reader,
            rules=RULES_VERSION,
            codes=self._terms.codes,
            zone=policy.zone,
            resolve=job.addresses.get,
            orders=orders_by_identifier(resource for _, resource in resources),
        )
        attachments = {
            url: binary_content(parse_canonical(body)) for url, body in job.contents.items()
        }
        facts = [
            _fact(kept, resource, job.patient, extraction, attachments, told)
            for kept, resource in (*resources, *listed)
        ]
        verdict = verdict_at(
            build_timeline(job.patient, facts, policy=policy),
            policy=policy,
            now=self._terms.now,
            rules_version=RULES_VERSION,
        )
        dates: dict[str, str] = {}
        for kept, resource in resources:
            dates |= reported_dates(resource, ref=kept.ref)
        return line_of(verdict, cards=cards_for(verdict), dates=dates), told


def chunks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Gather jobs that are worth a message to another process, few where they are large."""
    chunk: list[Job] = []
    size = 0
    for job in jobs:
        chunk.append(job)
        size += job.size
        if len(chunk) == _CHUNK or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _fact(
    kept: Kept,
    resource: Resource,
    patient: str,
    extraction: Extraction,
    attachments: Attachments,
    told: list[str],
) -> Fact:
    fact = None
    ref = kept.ref.partition("#")[0]
    if kept.role is not Role.BROKEN:
        try:
            fact = facts_from(
                resource,
                patient=patient,
                extraction=extraction,
                attachments=attachments,
                is_listed=kept.role is Role.TEXT,
                sha256=kept.sha256,
            )
        except BadConfiguration:
            raise  # a vocabulary that cannot be loaded is nobody's resource
        except BadInput:
            pass
        except Exception as exc:  # noqa: BLE001 - a mistake of ours never stops the rest
            told.append(f"unreadable {ref}: {RESOURCE} ({place_of(exc)})\n")
    if isinstance(fact, Fact):
        return fact
    unreadable = Unreadable(ref=ref, reason=RESOURCE)
    return Fact(
        ref=kept.ref, patient=patient, version=Version(digest=kept.sha256), unreadable=(unreadable,)
    )
