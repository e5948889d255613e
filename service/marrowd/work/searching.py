"""
One search of a sweep: page by page, from where the last one ended, each position kept on the way.

The position is the server's own time of the last resource that is safely in the inbox: a search
that dies goes on from there. A page that is too large to be read is asked for in smaller ones; a
resource that is too large by itself has its page listed without content, and what is missing on it
is read one by one by the worker, which sets aside what it cannot hold.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from marrowd.core.facts import Version
from marrowd.errors import BadInput
from marrowd.fhir.answers import Rejected, TooLarge
from marrowd.fhir.client import FhirClient, Resource
from marrowd.fhir.json import canonical, digest
from marrowd.fhir.references import is_id
from marrowd.fhir.subscriptions import Interest
from marrowd.fhir.versions import version, version_text
from marrowd.store.protocols import EventKind, EventState, NewEvent
from marrowd.telemetry.tracing import traceparent
from marrowd.work.refusals import Refusals
from marrowd.work.unlisted import SWEPT, UNTOLD, SweepStore

_log = structlog.get_logger(__name__)
_SMALLER = 10  # the part of a page that is asked for when the whole is too large
# Either leaves the content out; which of the two a server heeds only a try shows.
_SHORTENED = (("_elements", "id,meta"), ("_summary", "true"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPace:
    """How far back, and how gently."""

    look_back: timedelta  # of the first sweep: recency and the window before a study
    overlap: timedelta = timedelta(minutes=5)  # longer than a server's slowest transaction
    page_size: int = 100
    longest_queue: int = 2_000  # events waiting in the inbox before the next page is asked for
    pause: timedelta = timedelta(seconds=1)  # while the inbox is that full


@dataclass(slots=True)
class Found:
    """What one search has come to so far."""

    seen: int = 0  # resources that the server listed
    new: int = 0  # of them, versions put into the inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How pages are asked for."""

    size: int
    shortened: tuple[str, str] | None = None  # what leaves the content out; None: nothing does


class Search:
    """One search of one source."""

    def __init__(
        self,
        store: SweepStore,
        client: FhirClient,
        interest: Interest,
        *,
        source: str,
        clock: Callable[[], datetime],
        pace: SweepPace,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._client = client
        self.interest = interest
        self._name = _cursor_name(interest)
        self._source = source
        self._clock = clock
        self._pace = pace
        self._wake = wake
        self._refusals = Refusals(store, source=source)
        self._opening = SWEPT  # of the keys
        # What was too large lies before: to find it out anew would be three pages of 20 MB.
        self._listed_until: datetime | None = None

    async def run(self, *, since: datetime | None) -> Found:
        """
        Bring in what was written since the last time, or since *since*.

        Raises:
            TooLarge: the server puts one that cannot be read on a page, and cannot list without
                content.
            BadInput, EhrUnavailable: see `fhir.answers`; what was found is kept.
        """
        found = Found()
        refused = await self._refusals.known()
        is_untold = refused is not None and self.interest.slug in refused.slugs
        self._opening = UNTOLD if is_untold else SWEPT
        start = self._start(await self._position(), since)
        if self._listed_until is not None and start > self._listed_until:
            self._listed_until = None
        errors: list[BadInput] = []
        for form in self._forms():
            try:
                await self._pages(since, form, found)
            except TooLarge as error:
                errors.append(error)
            except Rejected as error:
                if form.shortened is None:
                    raise
                errors.append(error)
            else:
                return found
        self._listed_until = None  # where it listed once, it does not any more
        raise next((error for error in errors if isinstance(error, TooLarge)), errors[0])

    def _forms(self) -> Sequence[_Form]:
        """Give in order what is tried."""
        size = self._pace.page_size
        listings = [_Form(size=size, shortened=shortened) for shortened in _SHORTENED]
        if self._listed_until is not None:
            return listings
        whole = [_Form(size=size)]
        while size > 1:
            size = max(1, size // _SMALLER)
            whole.append(_Form(size=size))
        return [*whole, *listings]

    async def _pages(self, since: datetime | None, form: _Form, found: Found) -> None:
        position = await self._position()
        params = [
            *self.interest.params,
            ("_lastUpdated", f"ge{_as_instant(self._start(position, since))}"),
            ("_sort", "_lastUpdated"),
            ("_count", str(form.size)),
        ]
        if form.shortened is not None:
            _log.warning("sweep_listed", source=self._source, kind=self.interest.slug)
            params.append(form.shortened)
        found.seen = 0  # what a smaller page shows again is not seen twice
        latest = reached = position
        last = self._last()
        is_sorted = True
        async for page in self._client.pages(self.interest.type, params):
            found.new += await self._take(page.resources, has_content=form.shortened is None)
            found.seen += len(page.resources)
            times = [min(t, last) for t in _times(page.resources)]
            ordered = [*([reached] if reached and found.seen > len(times) else []), *times]
            is_sorted = is_sorted and ordered == sorted(ordered)
            reached = max([t for t in (reached, *times) if t is not None], default=None)
            # Half-way, a position is only true if the server keeps to the order asked for.
            if reached is not None and (is_sorted or page.is_last) and reached != latest:
                latest = reached
                await self._store.set_cursor(self._source, self._name, latest.isoformat())
            await wait_for_room(self._store, self._pace)
        if form.shortened is not None:
            self._listed_until = self._listed_until or reached

    async def _position(self) -> datetime | None:
        kept = await self._store.cursor(self._source, self._name)
        return min(datetime.fromisoformat(kept), self._last()) if kept else None

    def _last(self) -> datetime:
        # A time of the server's that has not come yet is a slip of its clock, or of whoever wrote
        # the resource: going on from there would pass over all that is written until then.
        return self._clock() + self._pace.overlap

    def _start(self, position: datetime | None, since: datetime | None) -> datetime:
        if since is not None:
            return since
        if position is not None:
            return position - self._pace.overlap
        return self._clock() - self._pace.look_back

    async def _take(self, listed: Sequence[Resource], *, has_content: bool) -> int:
        """Put what is newer than what is stored into the inbox."""
        resources = [r for r in listed if is_id(r.get("id"))]
        if not resources:
            return 0
        stored = await self._store.versions_of(self._source, [_ref(r) for r in resources])
        missed = []
        for resource in resources:
            fact = stored.get(_ref(resource))
            if fact is None or _place(resource) > fact.version.order[:4]:
                missed.append(self._event(resource, has_content=has_content))
        new = await self._store.accept(missed) if missed else 0
        if new:
            self._wake()
        return new

    def _event(self, resource: Resource, *, has_content: bool) -> NewEvent:
        if not has_content:
            return self._to_read(resource)
        try:
            return self._whole(resource)
        except BadInput:  # nested so deeply that it cannot be written: it is set aside by itself
            return self._to_read(resource)

    def _whole(self, resource: Resource) -> NewEvent:
        ref = _ref(resource)
        return NewEvent(
            source=self._source,
            kind=EventKind.RESOURCE,
            key=f"{self._opening}{ref}#{digest(resource)}",
            received_at=self._clock(),
            ref=ref,
            payload=canonical(resource),
            trace=traceparent(),
        )

    def _to_read(self, resource: Resource) -> NewEvent:
        """Have one version of a resource read by itself: once, also if that comes to nothing."""
        ref, found = _ref(resource), _version(resource)
        at = "" if found.last_updated is None else found.last_updated.isoformat()
        return NewEvent(
            source=self._source,
            kind=EventKind.FETCH,
            key=(
                f"{self._opening}{ref}#listed:{at}/"
                f"{ascii(version_text(dict(resource)) or '')[1:-1]}"
            ),
            received_at=self._clock(),
            ref=ref,
            trace=traceparent(),
        )


async def wait_for_room(inbox: SweepStore, pace: SweepPace) -> None:
    """Wait until the inbox has room for more."""

    async def waiting() -> int:
        return (await inbox.inbox_depth()).get(EventState.READY, 0)

    while await waiting() > pace.longest_queue:  # noqa: ASYNC110 - in the store
        await asyncio.sleep(pace.pause.total_seconds())


def _cursor_name(interest: Interest) -> str:
    # With other criteria (a new code) the search is another, and begins anew.
    told = hashlib.sha256(interest.criteria.encode()).hexdigest()[:12]
    return f"sweep {interest.slug} {told}"


def _ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _place(resource: Resource) -> tuple[object, ...]:
    """Give the place among versions by what the server says: time, then number."""
    return _version(resource).order[:4]


def _times(resources: Sequence[Resource]) -> list[datetime]:
    versions = (_version(resource).last_updated for resource in resources)
    return [at for at in versions if at is not None]


def _version(resource: Resource) -> Version:
    # Without digest and status: they only order versions that the server itself cannot tell apart.
    return version(dict(resource), is_withdrawn=False, zone=UTC, sha256="-")


def _as_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
