"""
Problem list and open orders: what no Subscription brings, fetched once per burst of events.

What was active or open before and is not listed any more is looked at again, since it has ended or
was deleted: a suggestion must not rest on an order that was cancelled last week.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from marrowd.core.facts import Fact
from marrowd.core.verdict import Checked
from marrowd.fhir.facts import ref_of, tombstone
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.listing import PatientLists
from marrowd.work.reading import ResourceReader, ToRead
from marrowd.work.sharing import Shared

Stored = Callable[[], Awaitable[Sequence[Fact]]]
_OPEN = "active,draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Facts of problem list and orders, and whether they could be looked at."""

    facts: tuple[Fact, ...]
    checked: Checked


class BackgroundKeeper:
    """Fetches the background of the patients of one source."""

    def __init__(
        self,
        source: str,
        fetcher: Fetcher,
        reading: ResourceReader,
        *,
        clock: Callable[[], datetime],
        bounds: Bounds,
    ) -> None:
        self._source = source
        self._fetcher = fetcher
        self._reading = reading
        self._clock = clock
        self._shared: Shared[Background] = Shared(clock=clock, most=bounds.kept)
        self._problems = PatientLists(fetcher, "Condition", bounds=bounds)
        self._orders = PatientLists(fetcher, "ServiceRequest", [("status", _OPEN)], bounds=bounds)

    async def of(self, patient: str, stored: Stored, *, since: datetime) -> Background:
        """
        Give the background of *patient*.

        Args:
            patient: "Patient/1".
            stored: gives the facts that are kept of the patient.
            since: when the event came in that asks; what was fetched before is fetched again.
        """
        return await self._shared.get(patient, lambda: self._fetch(patient, stored), since=since)

    async def _fetch(self, patient: str, stored: Stored) -> Background:
        problems, orders = await asyncio.gather(
            self._problems.of(patient), self._orders.of(patient)
        )
        checked = Checked(problems=problems is not None, orders=orders is not None)
        listed = [*(problems or ()), *(orders or ())]
        missing = _missing(
            await stored(),
            {ref_of(resource) for resource in listed},
            checked,
        )
        again, gone = await self._fetcher.read(list(missing))
        facts = await self._reading.facts(
            self._source,
            [ToRead(resource=r, patient=patient) for r in (*listed, *again)],
            relevant_or=set(missing),
        )
        facts += [tombstone_of(g.ref, missing[g.ref], at=g.at or self._clock()) for g in gone]
        return Background(
            facts=tuple(facts),
            checked=checked,
        )


def tombstone_of(ref: str, stored: Fact | None, *, at: datetime) -> Fact:
    """
    Give the fact that *ref* was not there at *at*; it wins over *stored* although a clock be slow.

    Every version written before *at* is dead, so an older one that arrives late revives nothing.
    """
    if stored is None:
        return tombstone(ref, last_updated=at)
    last = max(at, stored.version.last_updated or at)
    return tombstone(ref, patient=stored.patient, last_updated=last, version_id=stored.version_id)


def _missing(stored: Iterable[Fact], seen: set[str | None], checked: Checked) -> dict[str, Fact]:
    """Give the problems and open orders that are kept and were not listed."""
    return {
        fact.ref: fact
        for fact in stored
        if fact.ref not in seen
        and (
            (checked.problems and fact.problem is not None)
            or (checked.orders and fact.order is not None and fact.order.is_open)
        )
    }
