"""
Subscriptions that a server refused, remembered: it was asked, said no, and the sweep stands in.

A server that takes some of ours and refuses another cannot do that one: the credential, the secret
and the endpoint are the same for all. So it is not missed, it is told, and asked for again once a
day, because servers learn. One that refuses all of ours has something that a person can mend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Action, Create, Wanted
from marrowd.store.protocols import Evidence
from marrowd.work.subscriptions import REFUSED, SubscriptionRow, sync_subscriptions

_REFUSED = "subscriptions refused"
_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Which of ours the server does not take, and when it was last asked."""

    at: datetime
    slugs: frozenset[str]

    @classmethod
    def loads(cls, text: str | None) -> Self | None:
        """Read what `dumps` wrote; None for none."""
        if not text:
            return None
        at, *slugs = text.split()
        return cls(at=datetime.fromisoformat(at), slugs=frozenset(slugs))

    def dumps(self) -> str:
        """Write it as text for the store."""
        return " ".join([self.at.isoformat(), *sorted(self.slugs)])


def slugs_refused(rows: Sequence[SubscriptionRow]) -> frozenset[str]:
    """Say what of a sync the server cannot do: refused, while it took others."""
    refused = frozenset(row.slug for row in rows if row.done == REFUSED and not row.ref)
    has_taken = any(row.state for row in rows)
    return refused if has_taken else frozenset()


class Refusals:
    """What one source refuses."""

    def __init__(self, evidence: Evidence, *, source: str) -> None:
        self._evidence = evidence
        self._source = source

    async def known(self) -> Refused | None:
        """Give what is remembered."""
        return Refused.loads(await self._evidence.cursor(self._source, _REFUSED))

    async def remember(self, rows: Sequence[SubscriptionRow], *, at: datetime) -> None:
        """Keep what came of a sync of all of them."""
        slugs = slugs_refused(rows)
        if slugs or await self._evidence.cursor(self._source, _REFUSED):
            told = Refused(at=at, slugs=slugs).dumps() if slugs else ""
            await self._evidence.set_cursor(self._source, _REFUSED, told)

    async def among(self, actions: Sequence[Action]) -> frozenset[str]:
        """Say which of those that are not there were refused."""
        known = await self.known()
        missing = {action.wanted.slug for action in actions if isinstance(action, Create)}
        return frozenset() if known is None else known.slugs & missing

    async def ask_again(
        self, client: FhirClient, wanted: Sequence[Wanted], *, endpoint: str, now: datetime
    ) -> bool:
        """Have the server take all of *wanted* when it has not been asked for a day; say if so."""
        kept = await self._evidence.cursor(self._source, _REFUSED)
        known = Refused.loads(kept)
        if known is None or now < known.at + _AGAIN_AFTER:
            return False
        mark = Refused(at=now, slugs=known.slugs).dumps()
        if not await self._evidence.replace_cursor(self._source, _REFUSED, mark, expected=kept):
            return False  # another process asks
        rows = await sync_subscriptions(client, wanted, endpoint=endpoint)
        await self.remember(rows, at=now)
        return True
