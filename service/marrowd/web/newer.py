"""
What a call knew and the store did not: told to the inbox, so that the worker fetches it.

A call never writes evidence, because anybody who may call could then write; but a prefetch that is
newer than what is stored says that a notification was lost or is late. Told after the answer, in
the background, and once per version.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from marrowd.cds.call_facts import newer_than_stored
from marrowd.core.facts import Fact
from marrowd.errors import MarrowdError
from marrowd.store.protocols import EventKind, Inbox, NewEvent
from marrowd.telemetry.tracing import traceparent

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewerFacts:
    """Tells the inbox what to fetch."""

    inbox: Inbox
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, source: str, stored: Iterable[Fact], called: Sequence[Fact]) -> None:
        """Compare, and tell in the background what is newer in *called*."""
        newer = newer_than_stored({fact.ref: fact for fact in stored}, called)
        if not newer:
            return
        now = self.clock()
        events = [
            NewEvent(
                source=source,
                kind=EventKind.FETCH,
                key=f"prefetch:{fact.ref}#{fact.version.digest}",
                received_at=now,
                ref=fact.ref,
                trace=traceparent(),
            )
            for fact in newer
        ]
        task = asyncio.create_task(self._accept(events), name="newer-facts")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, events: Sequence[NewEvent]) -> None:
        try:
            if await self.inbox.accept(events):
                self.wake()
        except MarrowdError as exc:
            # The next call with the same prefetch says it again, and the sweep finds it anyway.
            _log.warning("newer_facts_not_told", count=len(events), error=type(exc).__name__)

    async def settle(self) -> None:
        """Wait for what is being told."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
