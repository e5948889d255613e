"""Forgetting on time: keys of done events go once a redelivery can no longer come."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from marrowd.errors import StoreUnavailable
from marrowd.store.protocols import Inbox
from marrowd.work.bell import Bell
from marrowd.work.retrying import place_of

_log = structlog.get_logger()


class RetentionLoop:
    """Purges done events."""

    name = "retention"

    def __init__(
        self,
        inbox: Inbox,
        *,
        keep_done: timedelta,
        clock: Callable[[], datetime],
        every: timedelta = timedelta(hours=1),  # a purge is one indexed delete
    ) -> None:
        self._inbox = inbox
        self._keep_done = keep_done
        self._clock = clock
        self._every = every
        self._bell = Bell()

    async def run(self, stop: asyncio.Event) -> None:
        """Purge until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                try:
                    count = await self._inbox.purge_done(before=self._clock() - self._keep_done)
                except StoreUnavailable as error:
                    _log.warning("purge_failed", error=place_of(error))
                else:
                    if count:
                        _log.info("purged", count=count)
                await self._bell.nap(self._every.total_seconds())
