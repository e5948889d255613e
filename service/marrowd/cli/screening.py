"""
One patient of the spool to one line, in this process or in others.

A job is all that is needed, as bytes, so that it can go to a worker process; a worker keeps the
report reader and everything else that is the same for every patient.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from marrowd.cds.cards import cards_for
from marrowd.cli.lines import line_of
from marrowd.cli.spool import Kept, Role
from marrowd.core.facts import Fact, Unreadable, Version
from marrowd.core.policy import Policy
from marrowd.core.reading import Reading, Section
from marrowd.core.screening import verdict_at
from marrowd.core.timeline import build_timeline
from marrowd.errors import BadConfiguration
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

# Below this a pool costs more than it saves: a process takes a third of a second to start, and a
# patient a few milliseconds.
_WORTH_A_POOL = 256
_CHUNK = 32  # patients that go to a worker at once
_CHUNK_BYTES = 2 * 1024 * 1024  # or fewer, when they bring large attachments
_AHEAD = 4  # chunks that wait for each worker: enough to keep it busy, few enough for flat memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One patient: what is kept about them and what their reports refer to."""

    patient: str
    kept: tuple[Kept, ...]
    listed: tuple[Kept, ...] = ()  # Observations that hold text of the reports
    contents: dict[str, bytes] = field(default_factory=dict)  # Binaries by the url asked for
    addresses: dict[str, str] = field(default_factory=dict)  # urn -> "Type/id"

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
        if self._reader is None:
            from marrowd.core.reader import Reader  # noqa: PLC0415
            from marrowd.rules.vocabulary import load_vocabulary  # noqa: PLC0415

            self._reader = Reader(load_vocabulary())
        return self._reader.read(text, title=title, section=section)


class Screener:
    """Turns jobs into lines."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._reader = LateReader()

    def line(self, job: Job) -> bytes:
        """Give the line of one patient."""
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
            _fact(kept, resource, job.patient, extraction, attachments)
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
        return line_of(verdict, cards=cards_for(verdict), dates=dates)


def lines(jobs: Iterable[Job], terms: Terms, *, workers: int, patients: int) -> Iterator[bytes]:
    """
    Turn jobs into lines, in their order.

    Args:
        jobs: one a patient.
        terms: what they are judged by.
        workers: processes; 0 is one a core.
        patients: how many there are; few are never worth another process.
    """
    count = workers or os.cpu_count() or 1
    if count > 1 and patients >= _WORTH_A_POOL:
        return _shared(jobs, terms, count)
    screener = Screener(terms)
    return (screener.line(job) for job in jobs)


def _shared(jobs: Iterable[Job], terms: Terms, count: int) -> Iterator[bytes]:
    """Share the jobs among processes; only so many are handed out that memory stays flat."""
    # Imported here: most runs are of one patient, and start sooner without.
    from concurrent.futures import Future, ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_start, initargs=(terms,)
    ) as pool:
        ahead: deque[Future[bytes]] = deque()
        for chunk in _chunks(jobs):
            ahead.append(pool.submit(_work, chunk))
            if len(ahead) >= count * _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _chunks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
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


_SCREENERS: list[Screener] = []  # of a worker process: one


def _start(terms: Terms) -> None:
    _SCREENERS[:] = [Screener(terms)]


def _work(jobs: list[Job]) -> bytes:
    return b"".join(_SCREENERS[0].line(job) for job in jobs)


def _fact(
    kept: Kept,
    resource: Resource,
    patient: str,
    extraction: Extraction,
    attachments: Attachments,
) -> Fact:
    fact = None
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
        except Exception:  # noqa: BLE001 - a resource never stops the rest: it is told
            fact = None
    if isinstance(fact, Fact):
        return fact
    ref = kept.ref.partition("#")[0]
    told = Unreadable(ref=ref, reason=RESOURCE)
    return Fact(
        ref=kept.ref, patient=patient, version=Version(digest=kept.sha256), unreadable=(told,)
    )
