"""What clinicians did with cards: taken in batches, each thing once, counted by outcome and why."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiohttp import web

from marrowd.cds.feedback import feedback_from
from marrowd.cds.requests import BadHookRequest
from marrowd.store.cards_shown import CardFeedback, Feedback, Receipt
from marrowd.telemetry.metrics import Metrics, OverrideReason
from marrowd.web.answers import refusal
from marrowd.web.bodies import ON_LOOP, free, json_bytes, quick
from marrowd.web.shown import ShownCards

WITHIN_S: Final = 5.0  # a disk may be slow, but who sends feedback does not wait for ever

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackDesk:
    """Where feedback is handed in."""

    store: Feedback
    shown: ShownCards
    metrics: Metrics
    clock: Callable[[], datetime]
    quiet: timedelta  # how long an override keeps its card from being shown
    within_s: float = WITHIN_S
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        """Keep what is new; a repeat, or a card that nobody was shown, is not an error."""
        text = await json_bytes(request)
        body = await quick(text)
        now = self.clock()
        try:
            given = feedback_from(body, now=now, quiet=self.quiet)
        except BadHookRequest as exc:
            raise refusal(422, str(exc)) from None
        finally:
            if len(text) > ON_LOOP:
                await free(body)
        task = asyncio.create_task(self._keep(given, now), name="feedback")
        self._writing.add(task)
        task.add_done_callback(self._written)
        # Not cancelled when time is up: what it has begun to write is then counted all the same,
        # and when it is sent again it is a repeat.
        done, _ = await asyncio.wait({task}, timeout=self.within_s)
        if not done:
            _log.warning("feedback_out_of_time")
            raise refusal(503, "feedback could not be written in time; retry")
        await task
        return web.Response(status=200)

    async def settle(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _keep(self, given: Sequence[CardFeedback], now: datetime) -> None:
        await self.shown.flush()  # a card shown a moment ago is known by then
        taken = await self.store.add_feedback(given, now=now)
        for each, became in zip(given, taken, strict=True):
            if became is not Receipt.REPEATED:
                is_known = became is Receipt.NEW
                reason = each.reason if is_known else OverrideReason.UNKNOWN_CARD
                counter = self.metrics.card_feedback_total
                counter.labels(outcome=each.outcome, reason=reason).inc()

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waited; nobody else is there to hear it
