"""
Subscriptions that somebody deleted or disabled are made again, and silent ones are asked after.

Only what was once all at work at this endpoint is mended: making them in the first place is an
operator's decision (`marrowd subscriptions sync`), and so is removing them. Bounded: one process at
a time, with pauses that double, because whoever disables a Subscription again and again means it,
and a server that drops what it is given is not to be hammered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import structlog

from marrowd.errors import BadInput
from marrowd.fhir.answers import Forbidden
from marrowd.fhir.client import FhirClient
from marrowd.fhir.notifications import StatusType, SubscriptionStatus, read_status
from marrowd.fhir.subscriptions import NOT_SHOWN, Action, Create, Delete, Keep, Update, Wanted
from marrowd.store.protocols import Evidence
from marrowd.work.listening import Listener
from marrowd.work.subscriptions import sync_subscriptions

_log = structlog.get_logger(__name__)
MADE_FOR = "subscriptions made for"  # the endpoint; "" once an operator has removed them
MENDED_AT = "subscriptions mended at"
_FIRST = timedelta(seconds=30)
_LONGEST = timedelta(hours=1)
_CALM = timedelta(hours=2)  # so long after the last time it counts as the first again


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """When it was last done, and for the how manieth time in a row."""

    at: datetime
    times: int

    @classmethod
    def loads(cls, text: str | None) -> Self | None:
        """Read what `dumps` wrote."""
        at, _, times = (text or "").partition(" ")
        return cls(at=datetime.fromisoformat(at), times=int(times)) if at and times else None

    def dumps(self) -> str:
        """Write it as text for the store."""
        return f"{self.at.isoformat()} {self.times}"

    def may_again(self, now: datetime) -> bool:
        """Say whether the pause is over."""
        return now >= self.at + min(_FIRST * (1 << min(self.times, 20)), _LONGEST)


def drifted(actions: Sequence[Action]) -> bool:
    """Say whether something is not as it was made: gone, changed, disabled or doubled."""
    for action in actions:
        match action:
            case Create() | Delete():
                return True
            case Update(why=why) if why != NOT_SHOWN:
                return True
            case _:
                pass
    return False


class Mender:
    """Mends the Subscriptions of one source."""

    def __init__(
        self,
        evidence: Evidence,
        client: FhirClient,
        listener: Listener,
        *,
        source: str,
        clock: Callable[[], datetime],
        request_sweep: Callable[[], None],
        heartbeat: timedelta | None = None,
    ) -> None:
        """
        Take what is mended and who makes up for the time in between.

        Args:
            evidence: where it is remembered, so that replicas do not mend together.
            client: of the source.
            listener: knows when each topic Subscription was last heard of.
            source: its name.
            clock: gives the time.
            request_sweep: asks for a sweep of the source.
            heartbeat: the period that was asked for; None for rest-hook Subscriptions.
        """
        self._evidence = evidence
        self._client = client
        self._listener = listener
        self._source = source
        self._clock = clock
        self._request_sweep = request_sweep
        self._heartbeat = heartbeat

    async def remember(self, endpoint: str) -> None:
        """Keep that all of them are at work."""
        if await self._evidence.cursor(self._source, MADE_FOR) != endpoint:
            await self._evidence.set_cursor(self._source, MADE_FOR, endpoint)

    async def mend(self, wanted: Sequence[Wanted], *, endpoint: str) -> bool:
        """
        Make them as *wanted* again; say whether it was done.

        Not when they never were, and not when that was just tried.
        """
        if await self._evidence.cursor(self._source, MADE_FOR) != endpoint:
            return False
        now = self._clock()
        kept = await self._evidence.cursor(self._source, MENDED_AT)
        last = Mended.loads(kept)
        if last is not None and not last.may_again(now):
            return False
        times = last.times + 1 if last is not None and now - last.at < _CALM else 0
        mark = Mended(at=now, times=times).dumps()
        if not await self._evidence.replace_cursor(self._source, MENDED_AT, mark, expected=kept):
            return False  # another process has begun
        rows = await sync_subscriptions(self._client, wanted, endpoint=endpoint)
        changed = [row for row in rows if row.done != "kept"]
        _log.warning("subscriptions_mended", source=self._source, count=len(changed))
        self._request_sweep()  # nothing was told meanwhile
        return True

    async def ask_after(self, kept: Sequence[Keep]) -> None:
        """Ask how those of *kept* stand that have missed two heartbeats."""
        if self._heartbeat is None:
            return
        now = self._clock()
        for one in kept:
            counting = await self._listener.counting(one.ref)
            if counting.is_silent(now=now, period=self._heartbeat):
                await self._ask(one.ref, now)

    async def _ask(self, ref: str, now: datetime) -> None:
        _log.warning("subscription_silent", source=self._source)
        try:
            status = read_status(await self._client.operate(ref, "$status"))
        except (BadInput, Forbidden):
            status = None
        if status is None or status.count is None:
            self._request_sweep()
        # Heard of, in either case: the next two periods are silent before it is asked again.
        unknown = SubscriptionStatus(subscription=ref, type=StatusType.OTHER)
        await self._listener.hear(status or unknown, at=now)
