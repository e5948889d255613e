"""
What belongs to an event's resource and no Subscription brings, fetched and read.

    a 25(OH)D result   the laboratory's report that lists it (which results are of one draw)
    an imaging report  its contents (Binary), the Observations it lists, the study it is of
    an MR study        reports on it that no Subscription named, each with what it needs in turn
    any of these       the patient's problem list and open orders (work.background)

Reports of a draw, problem list and orders are fetched only when a decision lacks them
(core.lacking), the study only when the one that the report names is not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from marrowd.core.facts import Fact, Report, Study
from marrowd.core.lacking import Lacking, Sought
from marrowd.core.linking import ties
from marrowd.core.reading import Modality
from marrowd.core.verdict import Checked
from marrowd.errors import BadInput
from marrowd.fhir.client import FhirClient
from marrowd.fhir.members import Resource
from marrowd.fhir.references import UID_SYSTEM
from marrowd.work.background import Background, BackgroundKeeper, Stored
from marrowd.work.fetching import Bounds, Fetcher, any_of
from marrowd.work.reading import Looked, ResourceReader, ToRead
from marrowd.work.retrying import NoSubject
from marrowd.work.subjects import patient_of

_RESULTS_PER_SEARCH = 10  # a laboratory writes a report for each draw: a search gives up to 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All facts that one event brings."""

    main: Fact
    related: tuple[Fact, ...] = ()
    backgrounds: Mapping[str, Background] = field(default_factory=dict)  # by patient
    searched: frozenset[str] = frozenset()  # Observations whose laboratory reports were asked for
    # Something is stored of the event's resource, or may be: what the event takes away may matter,
    # though the event says nothing that does.
    is_change: bool = True

    @property
    def facts(self) -> list[Fact]:
        """Every fact, the event's own first."""
        background = chain.from_iterable(each.facts for each in self.backgrounds.values())
        return [self.main, *self.related, *background]

    @property
    def checked(self) -> Checked:
        """Say what could be looked at of every patient asked for."""
        each = [background.checked for background in self.backgrounds.values()]
        return Checked(
            problems=all(one.problems for one in each), orders=all(one.orders for one in each)
        )

    @property
    def sought(self) -> Sought:
        """What it raises, and what of that was asked for."""
        is_merge = self.main.ref.startswith("Patient/")
        return Sought(
            bears_on_advice=is_merge
            or self.is_change
            or any(matters(fact) for fact in (self.main, *self.related)),
            is_merge=is_merge,
            results=frozenset(fact.ref for fact in (self.main, *self.related) if fact.results),
            looked_at=frozenset(self.backgrounds),
            searched=self.searched,
        )


class Gatherer:
    """Gathers for the events of one source."""

    def __init__(
        self,
        source: str,
        client: FhirClient,
        reading: ResourceReader,
        background: BackgroundKeeper,
        *,
        bounds: Bounds,
    ) -> None:
        self._source = source
        self._client = client
        self._reading = reading
        self._background = background
        self._bounds = bounds
        self._fetcher = Fetcher(source, client, bounds=bounds)

    async def gather(
        self, looked: Looked, patient: str, stored: Stored, *, is_change: bool
    ) -> Gathered:
        """
        Fetch and read what *looked* itself needs.

        Args:
            looked: the event's resource.
            patient: whose it is.
            stored: gives what is kept of the patient.
            is_change: something is kept of that resource.
        """
        main, parts = await self._whole(looked, patient)
        related = [*parts, *await self._related_to(main, looked, stored)]
        return Gathered(main=main, related=tuple(related), is_change=is_change)

    async def more(
        self,
        gathered: Gathered,
        lacking: Lacking,
        stored: Callable[[str], Awaitable[Sequence[Fact]]],
        *,
        since: datetime,
    ) -> Gathered:
        """
        Fetch what a decision lacks.

        Args:
            gathered: what there is.
            lacking: what there is not.
            stored: gives what is kept of a patient.
            since: when the event came in.
        """
        reports = await self._reports_listing(lacking.results)
        backgrounds = await asyncio.gather(
            *(
                self._background.of(patient, partial(stored, patient), since=since)
                for patient in lacking.patients
            )
        )
        return replace(
            gathered,
            related=(*gathered.related, *reports),
            backgrounds={
                **gathered.backgrounds,
                **dict(zip(lacking.patients, backgrounds, strict=True)),
            },
            searched=gathered.searched | set(lacking.results),
        )

    async def _whole(self, looked: Looked, patient: str) -> tuple[Fact, list[Fact]]:
        """Read a resource with its contents; give with it the Observations that hold its text."""
        attachments = await self._fetcher.contents(looked.needs.contents)
        whole = ToRead(
            resource=looked.resource,
            patient=patient,
            attachments=attachments,
            is_brief=looked.is_brief,
        )
        facts = await self._reading.facts(self._source, [whole])
        if not facts:
            message = "the resource gives no fact"
            raise BadInput(message)
        if facts[0].report is None:  # a laboratory's report lists results that come by themselves
            return facts[0], []
        listed, _ = await self._fetcher.read(looked.needs.observations[: self._bounds.observations])
        return facts[0], await self._facts(listed, is_listed=True)

    async def _related_to(self, main: Fact, looked: Looked, stored: Stored) -> list[Fact]:
        if main.report is not None:
            named = any(ties(main.report.links))
            if named and has_study(main.report, await stored()):
                return []  # every study has a Subscription: news of it comes by itself
            return await self._facts(await self._studies_of(main.report, looked))
        if main.study is not None and main.study.modality is not Modality.NOT_MR:
            return await self._wholes(await self._reports_of(main.study, main.patient))
        return []

    async def _reports_listing(self, results: Sequence[str]) -> list[Fact]:
        """Read the reports that list *results*: which of them are of one draw."""
        facts: list[Fact] = []
        for start in range(0, len(results), _RESULTS_PER_SEARCH):
            some = results[start : start + _RESULTS_PER_SEARCH]
            found = await self._fetcher.search("DiagnosticReport", [("result", any_of(some))])
            facts += await self._wholes(found)
        return facts

    async def _studies_of(self, report: Report, looked: Looked) -> list[Resource]:
        links = report.links
        studies, _ = await self._fetcher.read(looked.needs.studies[: self._bounds.related])
        keys = [*(f"{UID_SYSTEM}|urn:oid:{uid}" for uid in links.uids), *links.accessions]
        if not studies and keys:
            studies = await self._fetcher.search(
                "ImagingStudy", [("identifier", any_of(keys))], is_private=True
            )
        if not studies and (orders := _orders(links.based_on)):
            studies = await self._fetcher.search("ImagingStudy", [("basedon", any_of(orders))])
        return studies

    async def _reports_of(self, study: Study, patient: str) -> list[Resource]:
        links, started = study.links, study.started
        reports: list[Resource] = []
        if orders := _orders(links.based_on):
            reports = await self._fetcher.search("DiagnosticReport", [("based-on", any_of(orders))])
        if not reports and links.accessions:
            reports = await self._fetcher.search(
                "DiagnosticReport", [("identifier", any_of(links.accessions))], is_private=True
            )
        if not reports and study.is_foot and started is not None and started.instant is not None:
            # The local day is among these, whatever the site's zone.
            first, last = (started.instant + timedelta(days=days) for days in (-1, 1))
            reports = await self._fetcher.search(
                "DiagnosticReport",
                [
                    ("patient", patient),
                    ("date", f"ge{first.date()}"),
                    ("date", f"le{last.date()}"),
                ],
            )
        return reports

    async def _wholes(self, reports: Iterable[Resource]) -> list[Fact]:
        facts: list[Fact] = []
        for report in reports:
            looked = await self._reading.look(self._source, report)
            patient = await self._patient(looked)
            if patient is not None:
                main, parts = await self._whole(looked, patient)
                facts += [main, *parts]
        return facts

    async def _facts(self, resources: Sequence[Resource], *, is_listed: bool = False) -> list[Fact]:
        todo = []
        for resource in resources:
            patient = await self._patient(await self._reading.look(self._source, resource))
            if patient is not None:
                todo.append(ToRead(resource=resource, patient=patient, is_listed=is_listed))
        return await self._reading.facts(self._source, todo)

    async def _patient(self, looked: Looked) -> str | None:
        """Say whose a related resource is: its own word, which need not be the event's patient."""
        try:
            return await patient_of(looked.subject, self._client)
        except NoSubject:
            return None


def has_study(report: Report, stored: Iterable[Fact]) -> bool:
    """Say whether all studies that *report* names most strongly are among *stored*."""
    kept = [fact for fact in stored if fact.study is not None]
    if report.links.studies:
        return {fact.ref for fact in kept}.issuperset(report.links.studies)
    strongest = next((set(tie) for tie in ties(report.links) if tie), set())
    told = {
        key
        for fact in kept
        if fact.study is not None and fact.study.modality is Modality.MR
        for tie in ties(fact.study.links)
        for key in tie
    }
    return bool(strongest) and told.issuperset(strongest)


def matters(fact: Fact) -> bool:
    """Say whether a fact can make a verdict that problem list or orders have a part in."""
    if fact.results:
        return True
    if fact.study is not None:
        return fact.study.is_foot and fact.study.modality is not Modality.NOT_MR
    if fact.report is None or fact.report.modality is Modality.NOT_MR:
        return False
    readings = [piece.reading for piece in fact.report.pieces if piece.reading is not None]
    return fact.report.is_foot or any(r.statements or r.exam.regions for r in readings)


def _orders(based_on: Iterable[str]) -> list[str]:
    return [key for key in based_on if key.startswith("ServiceRequest/")]
