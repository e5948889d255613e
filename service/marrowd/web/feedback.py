"""What clinicians did with cards: taken in batches, each thing once, counted by outcome and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from marrowd.cds.feedback import feedback_from
from marrowd.cds.requests import BadHookRequest
from marrowd.store.protocols import Feedback, Taken
from marrowd.telemetry.metrics import Metrics, OverrideReason
from marrowd.web.answers import refusal
from marrowd.web.bodies import json_bytes, quick
from marrowd.web.shown import ShownCards


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackDesk:
    """Where feedback is handed in."""

    store: Feedback
    shown: ShownCards
    metrics: Metrics
    clock: Callable[[], datetime]
    quiet: timedelta  # how long an override keeps its card from being shown

    async def take(self, request: web.Request) -> web.Response:
        """Keep what is new; a repeat or a card that nobody was shown is no error."""
        body = await quick(await json_bytes(request))
        now = self.clock()
        try:
            given = feedback_from(body, now=now, quiet=self.quiet)
        except BadHookRequest as exc:
            raise refusal(422, str(exc)) from None
        await self.shown.flush()  # a card shown a moment ago is known by then
        taken = await self.store.add_feedback(given, now=now)
        for each, became in zip(given, taken, strict=True):
            if became is not Taken.REPEATED:
                is_known = became is Taken.NEW
                reason = each.reason if is_known else OverrideReason.UNKNOWN_CARD
                counter = self.metrics.card_feedback_total
                counter.labels(outcome=each.outcome, reason=reason).inc()
        return web.Response(status=200)
