"""
What a search by `_lastUpdated` cannot find: what was deleted, and a report that nothing names.

Deletions are in a type's `_history`, which is asked for where the server offers it. It cannot be
narrowed to codes, so it is read up to a bound; past that bound a deletion is found when it is told
or when something reads the resource again.

A report that carries neither a radiology category nor a known code is in no Subscription and in no
search of ours. But its study is: so the studies of patients whose report is still to come are
looked at again, which asks for reports by order, accession number, patient and day.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from marrowd.core.reading import Modality
from marrowd.core.verdict import VerdictKind
from marrowd.errors import BadInput
from marrowd.fhir.answers import Forbidden
from marrowd.fhir.client import FhirClient
from marrowd.fhir.history import Deletion, deletions, newest, offers_history
from marrowd.store.protocols import EventKind, Evidence, Inbox, NewEvent
from marrowd.telemetry.tracing import traceparent

_log = structlog.get_logger(__name__)
SWEPT = "sweep:"  # opens the key of an event that a sweep found
UNTOLD = "untold:"  # and of one that no Subscription could have told of
_PENDING = "pending:"  # opens the key of a study that is looked at again
_TYPES = ("Observation", "ImagingStudy", "DiagnosticReport")
_SEEN_UNTIL = "deletions seen in "
_LOOKED_UNTIL = "pending looked at"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_OVERLAP = timedelta(minutes=5)
_PAGE_SIZE = 200
_MOST_PAGES = 50  # 10,000 versions of one type in one sweep
_MOST_PATIENTS = 200  # whose report is pending: five searches each


class SweepStore(Inbox, Evidence, Protocol):
    """What a sweep needs of the store."""


def is_swept(key: str) -> bool:
    """Say whether a sweep found what a notification should have told, by the event's *key*."""
    return key.startswith(SWEPT)


def is_of_sweep(key: str) -> bool:
    """Say whether the event with this *key* is one of the many that a sweep put in."""
    return key.startswith((SWEPT, UNTOLD, _PENDING))


def is_pending_look(key: str) -> bool:
    """Say whether the event with this *key* looks at a known study for its report."""
    return key.startswith(_PENDING)


class DeletionSweep:
    """Looks for deletions at one source."""

    def __init__(
        self,
        store: SweepStore,
        client: FhirClient,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._client = client
        self._source = source
        self._clock = clock

    async def sweep(self, *, since: datetime | None = None) -> int:
        """
        Bring in what was deleted since the last time, or since *since*; say how many.

        Raises:
            EhrUnavailable: the server does not answer.
        """
        try:
            capabilities = await self._client.capabilities()
        except (BadInput, Forbidden):
            return 0
        new = 0
        for resource_type in _TYPES:
            if offers_history(capabilities, resource_type):
                try:
                    new += await self._sweep_type(resource_type, since)
                except (BadInput, Forbidden):
                    _log.warning("history_refused", source=self._source, resource=resource_type)
        return new

    async def _sweep_type(self, resource_type: str, since: datetime | None) -> int:
        """
        Read on from the server's own time of the last version seen, never from our clock's.

        Were ours ahead by more than the overlap, what is deleted next would be passed over.
        """
        name = f"{_SEEN_UNTIL}{resource_type}"
        kept = await self._store.cursor(self._source, name)
        last = self._clock() + _OVERLAP  # a time that has not come yet is nobody's: see `sweep`
        if since is None and kept is None:  # before the first sweep there is nothing to lose
            _, reached = await self._read(resource_type, _BEGINNING, most_pages=1, is_taken=False)
            reached = min(reached or _BEGINNING, last)
            await self._store.set_cursor(self._source, name, reached.isoformat())
            return 0
        position = min(datetime.fromisoformat(kept), last) if kept is not None else _BEGINNING
        start = since or max(_BEGINNING, position - _OVERLAP)
        new, reached = await self._read(resource_type, start)
        if since is None and reached is not None and reached > position:
            await self._store.set_cursor(self._source, name, min(reached, last).isoformat())
        return new

    async def _read(
        self,
        resource_type: str,
        start: datetime,
        *,
        most_pages: int = _MOST_PAGES,
        is_taken: bool = True,
    ) -> tuple[int, datetime | None]:
        """Read the history since *start*; say how many deletions are new, and how far it goes."""
        asked = [("_since", _as_instant(start)), ("_count", str(_PAGE_SIZE))]
        new = pages = 0
        reached: list[datetime] = []
        async for bundle, is_last in self._client.history(resource_type, asked):
            if is_taken:
                new += await self._take(deletions(bundle))
            reached += [moment] if (moment := newest(bundle)) is not None else []
            pages += 1
            if pages >= most_pages and not is_last:
                if is_taken:
                    _log.warning("history_cut_short", source=self._source, resource=resource_type)
                break
        return new, max(reached, default=None)

    async def _take(self, found: list[Deletion]) -> int:
        """Have those looked at of which something is stored."""
        stored = await self._store.versions_of(self._source, [one.ref for one in found])
        alive = {ref for ref, fact in stored.items() if not fact.version.is_withdrawn}
        events = [
            NewEvent(
                source=self._source,
                kind=EventKind.DELETED,
                key=f"{SWEPT}deleted:{one.ref}#{one.at}",
                received_at=self._clock(),
                ref=one.ref,
                trace=traceparent(),
            )
            for one in found
            if one.ref in alive
        ]
        return await self._store.accept(events) if events else 0


class PendingLook:
    """Has the studies looked at again whose report is still to come."""

    def __init__(self, store: SweepStore, *, source: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._source = source
        self._clock = clock

    async def look_again(self) -> int:
        """Bring in the studies of so many patients, going on from the last time; say how many."""
        after = await self._store.cursor(self._source, _LOOKED_UNTIL) or ""
        patients = await self._store.patients_judged(
            self._source, VerdictKind.REPORT_PENDING, limit=_MOST_PATIENTS, after=after
        )
        now = self._clock()
        events = [
            NewEvent(
                source=self._source,
                kind=EventKind.FETCH,
                key=f"{_PENDING}{ref}#{now.isoformat()}",
                received_at=now,
                ref=ref,
                trace=traceparent(),
            )
            for patient in patients
            for ref in await self._studies_of(patient)
        ]
        if events:
            await self._store.accept(events)
        following = patients[-1] if len(patients) == _MOST_PATIENTS else ""
        if following != after:
            await self._store.set_cursor(self._source, _LOOKED_UNTIL, following)
        return len(events)

    async def _studies_of(self, patient: str) -> list[str]:
        return [
            fact.ref
            for fact in await self._store.facts_of(self._source, patient)
            if fact.study is not None
            and fact.study.is_foot
            and fact.study.modality is not Modality.NOT_MR
        ]


def _as_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
