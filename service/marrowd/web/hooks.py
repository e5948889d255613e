"""
The hooks over HTTP: a call comes in, its facts are gathered within the budget, cards go out.

What a call may speak for is decided before anything is looked at: the source whose `base_url` is
its `fhirServer`, or the one its issuer is bound to. Everything clinical happens in `cds` and below.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
import orjson
import structlog
from aiohttp import web

from marrowd.cds.decision import Rules
from marrowd.cds.requests import BadHookRequest, HookRequest, hook_request
from marrowd.cds.services import Service, discovery
from marrowd.fhir.facts import Extraction
from marrowd.rules.orders import OrderRules, load_order_rules
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import HookOutcome, Metrics
from marrowd.web.answers import refusal
from marrowd.web.bodies import json_body
from marrowd.web.gathering import Call, Gathered, Gatherer, HookSource, Lacking
from marrowd.web.remembered import Drawn

log = structlog.get_logger(__name__)

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # what an HTTP header can carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long an answer may take, in seconds, and how much of it store and EHR may take."""

    whole_s: float = 0.5  # CDS Hooks: "within 500 ms"
    fetch_s: float = 0.4


@dataclass(kw_only=True)
class Hooks:
    """What the hooks need; `add_routes` puts them on an application."""

    store: Store
    sources: Sequence[HookSource]
    session: aiohttp.ClientSession  # for call-backs to the EHR's FHIR server
    extraction: Extraction
    rules: Rules
    metrics: Metrics
    clock: Callable[[], datetime]
    wake: Callable[[], None]  # rings the worker when a call knew something newer
    is_current: Callable[[str], bool]  # whether stored evidence of a source is kept current
    budget: Budget = Budget()
    order_rules: OrderRules = field(default_factory=load_order_rules)

    def __post_init__(self) -> None:
        """Prepare what never changes."""
        self._discovery = orjson.dumps(discovery(self.extraction.codes))
        self._by_base = {source.base_url: source for source in self.sources}
        self._gatherer = Gatherer(
            evidence=self.store,
            session=self.session,
            extraction=self.extraction,
            rules=self.rules,
            order_rules=self.order_rules,
            is_current=self.is_current,
            clock=self.clock,
            fetch_s=self.budget.fetch_s,
        )

    def add_routes(self, app: web.Application) -> None:
        """Put the paths on *app*."""
        app.router.add_get("/cds-services", self.discover)
        app.router.add_post("/cds-services/{id}", self.call)

    async def discover(self, _request: web.Request) -> web.Response:
        """Say which services there are."""
        return web.Response(body=self._discovery, content_type="application/json")

    async def call(self, request: web.Request) -> web.Response:
        """Answer one call of a hook."""
        service = _service(request)
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcome = HookOutcome.BAD_REQUEST
        try:
            call = await self._read(request, service)
            outcome = HookOutcome.UNAVAILABLE
            answer = await self._within_budget(call)
            outcome = _outcome(answer)
        finally:
            self.metrics.hook_requests_total.labels(service=service, outcome=outcome).inc()
            duration = self.metrics.hook_duration_seconds.labels(service=service)
            duration.observe(loop.time() - started)
        return self._response(answer)

    async def _read(self, request: web.Request, service: Service) -> Call:
        body, quick = await json_body(request)
        try:
            hook = hook_request(quick, service.hook)
            _check_token(hook)
        except BadHookRequest as exc:
            raise refusal(422, str(exc)) from None
        source = None if hook.fhir_server is None else self._by_base.get(hook.fhir_server)
        return Call(request=hook, body=body, source=source)

    async def _within_budget(self, call: Call) -> Drawn | Lacking:
        try:
            async with asyncio.timeout(self.budget.whole_s):
                gathered = await self._gatherer.gather(call)
        except TimeoutError:
            raise refusal(503, "no answer within the time budget; retry") from None
        return gathered if isinstance(gathered, Lacking) else _drawn(gathered)

    def _response(self, answer: Drawn | Lacking) -> web.Response:
        if isinstance(answer, Lacking):
            raise refusal(412, _said(answer))
        if answer.card:
            shown = self.metrics.cards_shown_total
            shown.labels(verdict=answer.verdict, indicator=answer.indicator).inc()
        return web.Response(body=answer.body, content_type="application/json")


def _service(request: web.Request) -> Service:
    try:
        return Service(request.match_info["id"])
    except ValueError:
        raise refusal(404, "no such service; GET /cds-services lists them") from None


def _check_token(hook: HookRequest) -> None:
    if hook.authorization and not _TOKEN.fullmatch(hook.authorization.access_token):
        raise BadHookRequest(
            place="fhirAuthorization.access_token", must="be what an HTTP header can carry"
        )


def _drawn(gathered: Gathered) -> Drawn:
    decided = gathered.decided
    card: Mapping[str, Any] = decided.cards[0] if decided.cards else {}
    return Drawn(
        body=orjson.dumps({"cards": decided.cards}),
        verdict=decided.verdict,
        card=card.get("uuid", ""),
        indicator=card.get("indicator", ""),
        good_until=decided.good_until,
    )


def _outcome(answer: Drawn | Lacking) -> HookOutcome:
    if isinstance(answer, Lacking):
        return HookOutcome.PRECONDITION
    return HookOutcome.CARDS if answer.card else HookOutcome.NO_CARDS


def _said(lacking: Lacking) -> str:
    what = "; ".join(f"prefetch.{key}: {lack}" for key, lack in lacking.keys)
    return f"required data could be had neither by prefetch nor from the FHIR server: {what}"
