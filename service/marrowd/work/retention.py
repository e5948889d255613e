"""
Forgetting on time: what is done, what was taken, and evidence that is too old to speak.

Keys of done events go once a redelivery can no longer come, taken messages once nobody would ask
for them again (`outbox replay` reaches back as far), a patient's evidence once its newest clinical
date is past the years it is kept, and the audit record by its own age. Parked events and messages
wait for an operator.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from marrowd.errors import StoreUnavailable, place_of
from marrowd.store.messages import Outbox
from marrowd.store.protocols import Evidence, Inbox
from marrowd.store.upkeep import Audit, Forgetting
from marrowd.work.bell import Bell

_WALK = (":retention", "evidence")  # where the walk over the patients is remembered
_START = ("", "")
_log = structlog.get_logger(__name__)


class Kept(Inbox, Outbox, Evidence, Forgetting, Audit, Protocol):
    """All that is kept and forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long things are kept, and how much is looked at in one run."""

    queues: timedelta  # done events, taken messages
    evidence: timedelta
    audit: timedelta
    every: timedelta = timedelta(hours=1)  # a purge is one indexed delete
    # 4,000 patients an hour: a million in ten days, a hundredth of a reader's time.
    patients: int = 100
    steps: int = 40


class RetentionLoop:
    """Purges what is kept no longer."""

    name = "retention"

    def __init__(self, store: Kept, *, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._keeping = keeping
        self._clock = clock
        self._bell = Bell()

    async def run(self, stop: asyncio.Event) -> None:
        """Purge until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                old = self._clock() - self._keeping.queues
                await _say("done events", self._store.purge_done(before=old))
                await _say("taken messages", self._store.purge_taken(before=old))
                kept = self._clock() - self._keeping.audit
                await _say("audit", self._store.purge_audit(before=kept))
                await _say("evidence", self._forget(stop))
                await self._bell.nap(self._keeping.every.total_seconds())

    async def _forget(self, stop: asyncio.Event) -> int:
        """Walk on over the patients from where the last run, or another process, came to."""
        before = self._clock() - self._keeping.evidence
        count = 0
        for _ in range(self._keeping.steps):
            if stop.is_set():
                break
            walked = await self._store.forget_evidence(
                before=before, after=await self._place(), limit=self._keeping.patients
            )
            count += walked.forgotten
            await self._store.set_cursor(*_WALK, json.dumps(walked.at or _START))
            if walked.at is None:
                break
        return count

    async def _place(self) -> tuple[str, str]:
        source, patient = json.loads(await self._store.cursor(*_WALK) or json.dumps(_START))
        return source, patient


async def _say(kind: str, purge: Awaitable[int]) -> None:
    try:
        count = await purge
    except StoreUnavailable as error:
        _log.warning("purge_failed", kind=kind, error=place_of(error))
        return
    if count:
        _log.info("purged", kind=kind, count=count)
