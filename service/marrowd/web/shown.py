"""
Cards shown, counted in memory and told to the store every few seconds.

A hook must not wait for a disk to say that it has shown a card. A crash loses the counts of the
last seconds; metrics and statistics can bear that.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

import structlog
from aiohttp import web

from marrowd.errors import StoreUnavailable
from marrowd.store.cards_shown import Feedback, ShownCard
from marrowd.web.remembered import Drawn

FLUSH_EVERY_S: Final = 5.0
_MOST: Final = 10_000  # cards waiting while the store is away; more are not counted

_log = structlog.get_logger(__name__)


class ShownCards:
    """What was shown since the store was last told."""

    def __init__(self, store: Feedback, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._sources: dict[str, tuple[str, Drawn]] = {}  # by card
        self._times: Counter[str] = Counter()

    def note(self, source: str, drawn: Drawn) -> None:
        """Count the card of *drawn*; as little as can be done, since a clinician waits."""
        if drawn.card not in self._sources:
            if len(self._sources) >= _MOST:
                return
            self._sources[drawn.card] = (source, drawn)
        self._times[drawn.card] += 1

    async def flush(self) -> None:
        """Tell the store; what it does not take waits for the next time."""
        sources, self._sources = self._sources, {}
        times, self._times = self._times, Counter()
        now = self._clock()
        shown = [
            ShownCard(
                card=card,
                source=source,
                verdict=drawn.verdict,
                indicator=drawn.indicator,
                last_at=now,
                times=times[card],
            )
            for card, (source, drawn) in sources.items()
        ]
        try:
            await self._store.add_shown(shown)
        except StoreUnavailable:
            _log.warning("shown_cards_not_written", count=len(shown))
            self._sources = sources | self._sources
            self._times += times

    async def while_serving(self, _app: web.Application) -> AsyncIterator[None]:
        """Flush from time to time, and once more at the end."""
        task = asyncio.create_task(self._keep_flushing(), name="shown-cards")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.flush()

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            if self._sources:
                await self.flush()
