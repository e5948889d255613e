"""
Whether what is stored of a source is kept current, and whether its Subscriptions are at work.

A hook may answer from stored evidence alone only while that evidence is current: the Subscriptions
active, a first sweep finished, the last one recent. Both are remembered in the store, so that a
process that only answers hooks knows them as well as the one that sweeps.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from marrowd.errors import MarrowdError, StoreUnavailable, place_of
from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Action, Create, Keep, Wanted
from marrowd.store.protocols import Evidence
from marrowd.telemetry.metrics import Metrics, Subscribed
from marrowd.work.bell import Bell
from marrowd.work.mending import Mender, drifted
from marrowd.work.refusals import Refusals
from marrowd.work.subscriptions import differences

SWEPT_AT = "swept at"  # when the last whole sweep began
ACTIVE_AT = "subscriptions active at"  # when all Subscriptions were last seen active

_OFTEN = timedelta(minutes=5)  # one search a look
_SOON = timedelta(seconds=5)  # somebody is about to make them: `marrowd subscriptions sync`

_SETTLING_S = 1.0  # one indexed read a second, for as long as a source is not current

_log = structlog.get_logger(__name__)


class SubscriptionWatch:
    """Looks at the Subscriptions of one source on a schedule."""

    def __init__(
        self,
        evidence: Evidence,
        client: FhirClient,
        *,
        source: str,
        wanted: Callable[[], Sequence[Wanted]],
        every: timedelta,
        clock: Callable[[], datetime],
        metrics: Metrics,
        mender: Mender,
    ) -> None:
        """
        Take what is looked at.

        Args:
            evidence: where it is remembered.
            client: of the source.
            source: its name.
            wanted: gives what they should be, at one endpoint, asked at each look; not empty.
            every: how often to look, at least.
            clock: gives the time.
            metrics: where it is shown.
            mender: who makes them again when they have drifted.
        """
        self._evidence = evidence
        self._client = client
        self._source = source
        self._wanted = wanted
        self._every = every
        self._clock = clock
        self._metrics = metrics
        self._mender = mender
        self._refusals = Refusals(evidence, source=source)
        self._bell = Bell()

    @property
    def name(self) -> str:
        """A constant word for logs."""
        return f"watch-{self._source}"

    def request(self) -> None:
        """Ask for a look now."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                is_active = False
                try:
                    is_active = await self.look()
                except MarrowdError as error:
                    _log.warning("watch_failed", source=self._source, error=place_of(error))
                pause = min(self._every, _OFTEN if is_active else _SOON)
                await self._bell.nap(pause.total_seconds())

    async def look(self) -> bool:
        """Say whether every Subscription that the server takes is active, and remember it."""
        every = self._wanted()
        endpoint = every[0].endpoint
        actions = await differences(self._client, every, endpoint=endpoint)
        refused = await self._refusals.among(actions)
        wanted = [one for one in every if one.slug not in refused]
        kept = [action for action in actions if isinstance(action, Keep)]
        is_active = (
            bool(kept) and len(kept) == len(wanted) and all(a.state == "active" for a in kept)
        )
        self._show(is_active=is_active, refused=refused)
        if is_active:
            now = self._clock()
            await self._evidence.set_cursor(self._source, ACTIVE_AT, now.isoformat())
            await self._mender.remember(endpoint)
            if refused:
                await self._refusals.ask_again(self._client, every, endpoint=endpoint, now=now)
        else:
            _log.warning("subscriptions_not_active", source=self._source)
            if drifted([action for action in actions if not _is_of(action, refused)]):
                await self._mender.mend(wanted, endpoint=endpoint)
        await self._mender.ask_after(kept)
        return is_active

    def _show(self, *, is_active: bool, refused: Collection[str]) -> None:
        self._metrics.subscription_active.labels(source=self._source).set(is_active)
        for one in Subscribed:
            gauge = self._metrics.subscriptions_refused
            gauge.labels(source=self._source, subscription=one).set(one in refused)


def _is_of(action: Action, slugs: Collection[str]) -> bool:
    """Say whether an action would make one of *slugs*."""
    return isinstance(action, Create) and action.wanted.slug in slugs


class Currency:
    """Knows, as of a few seconds ago, whether stored evidence is current."""

    name = "currency"

    def __init__(
        self,
        evidence: Evidence,
        *,
        sweep_every: Mapping[str, timedelta],
        unwatched: frozenset[str],
        clock: Callable[[], datetime],
        every: timedelta = timedelta(seconds=10),  # far below any sweep_every
    ) -> None:
        """
        Take what is judged.

        Args:
            evidence: where sweeps and watches are remembered.
            sweep_every: by source.
            unwatched: sources whose Subscriptions are made and looked after by others.
            clock: gives the time.
            every: how old an answer may be.
        """
        self._evidence = evidence
        self._sweep_every = dict(sweep_every)
        self._unwatched = unwatched
        self._clock = clock
        self._every = every
        self._bell = Bell()
        self._since: dict[str, datetime | None] = {}  # the older of the two moments

    def is_current(self, source: str) -> bool:
        """Say whether evidence of *source* can be relied on to be whole."""
        since = self._since.get(source)
        return since is not None and self._clock() - since <= 2 * self._sweep_every[source]

    async def run(self, stop: asyncio.Event) -> None:
        """Keep knowing until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                try:
                    await self.refresh()
                except StoreUnavailable as error:
                    _log.warning("currency_unknown", error=place_of(error))
                await self._bell.nap(self._pause_s())

    def _pause_s(self) -> float:
        """Look often until every source is current: hooks answer 412 until then."""
        is_settled = all(self.is_current(source) for source in self._sweep_every)
        return self._every.total_seconds() if is_settled else _SETTLING_S

    async def refresh(self) -> None:
        """Read what is remembered of every source."""
        for source in self._sweep_every:
            names = [SWEPT_AT] if source in self._unwatched else [SWEPT_AT, ACTIVE_AT]
            kept = [await self._evidence.cursor(source, name) for name in names]
            moments = [datetime.fromisoformat(text) for text in kept if text]
            self._since[source] = min(moments) if len(moments) == len(names) else None
