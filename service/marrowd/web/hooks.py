"""
The hooks over HTTP: a call comes in, its facts are gathered within the budget, cards go out.

What a call may speak for is decided before anything is looked at: the source whose `base_url` is
its `fhirServer`, or the one its issuer is bound to. Everything clinical happens in `cds` and below.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import aiohttp
import orjson
import structlog
from aiohttp import web
from prometheus_client import Counter

from marrowd.cds.decision import Rules
from marrowd.cds.readings import RememberingReader
from marrowd.cds.requests import BadHookRequest, HookRequest, hook_request
from marrowd.cds.services import Hook, Service, discovery
from marrowd.core.cards import Indicator
from marrowd.core.verdict import VerdictKind
from marrowd.errors import StoreUnavailable
from marrowd.fhir.facts import Extraction
from marrowd.rules.orders import OrderRules, load_order_rules
from marrowd.store.cards_shown import AnswerStanding, Asked
from marrowd.store.protocols import Store
from marrowd.store.upkeep import AuditEntry, AuditKind
from marrowd.telemetry.metrics import HookOutcome, Metrics
from marrowd.telemetry.pseudonyms import Whose
from marrowd.web.answers import json_answer, refusal
from marrowd.web.audit import AuditTrail
from marrowd.web.bodies import ON_LOOP, free, json_bytes_at_hand, quick, received
from marrowd.web.feedback import FeedbackDesk
from marrowd.web.gathering import Body, Call, Gathered, Gatherer, HookSource, Missing, same_server
from marrowd.web.newer import NewerFacts
from marrowd.web.remembered import Drawn, Key, Pieces, Remembered, without_ids
from marrowd.web.shown import ShownCards
from marrowd.web.standings import Standings
from marrowd.web.trust import Caller, Trust

_log = structlog.get_logger(__name__)

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # what an HTTP header can carry
_STANDING_SHARE: Final = 0.4  # of the fetch budget: a store that hangs leaves time for the EHR
_IDS: Final = frozenset(str(service) for service in Service)
_CALL_BYTES: Final = 2_000  # of a checked call, besides its body
_NOTHING: Final = b'{"cards":[]}'


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
    trust: Trust | None = None  # None: `hooks.require_jwt` is off
    budget: Budget = Budget()
    override_quiet: timedelta = timedelta(days=90)
    order_rules: OrderRules = field(default_factory=load_order_rules)

    def __post_init__(self) -> None:
        """Prepare what never changes."""
        self._discovery = orjson.dumps(discovery(self.extraction.codes))
        self._by_base = {same_server(source.base_url): source for source in self.sources}
        self._by_name = {source.name: source for source in self.sources}
        reader = RememberingReader(self.extraction.reader)
        self._gatherer = Gatherer(
            evidence=self.store,
            session=self.session,
            extraction=replace(self.extraction, reader=reader),
            rules=self.rules,
            order_rules=self.order_rules,
            is_current=self.is_current,
            clock=self.clock,
            fetch_s=self.budget.fetch_s,
        )
        self._calls: Remembered[tuple[Service, str, Pieces], Call] = Remembered(_size_of_call)
        self._remembered: Remembered[Key, Drawn] = Remembered(_size_of_answer)
        self._standings = Standings(self.store, within_s=self.budget.fetch_s * _STANDING_SHARE)
        self._newer = NewerFacts(inbox=self.store, clock=self.clock, wake=self.wake)
        self._shown = ShownCards(self.store, self.clock)
        self._audit = AuditTrail(self.store)
        self._feedback = FeedbackDesk(
            store=self.store,
            shown=self._shown,
            metrics=self.metrics,
            clock=self.clock,
            quiet=self.override_quiet,
        )
        self._requests = {
            (service, outcome): self.metrics.hook_requests_total.labels(service, outcome)
            for service in Service
            for outcome in HookOutcome
        }
        # Children by label values: looking one up anew costs more than counting.
        self._cards: dict[tuple[str, str], Counter] = {
            (verdict, indicator): self.metrics.cards_shown_total.labels(verdict, indicator)
            for verdict in VerdictKind
            for indicator in Indicator
        }
        # Bound once: a logger of the module is made anew for each line.
        self._line = _log.bind()
        self._durations = {
            service: self.metrics.hook_duration_seconds.labels(service) for service in Service
        }

    def add_routes(self, app: web.Application) -> None:
        """Put the paths on *app*, and what has to end with it."""
        app.router.add_get("/cds-services", self.discover)
        for service in Service:  # spelt out, since a fixed path is found faster than a pattern
            app.router.add_post(f"/cds-services/{service}", partial(self.call, service=service))
        app.router.add_post("/cds-services/{id}", _no_such_service)
        app.router.add_post("/cds-services/{id}/feedback", self.feedback)
        app.cleanup_ctx.append(self._shown.while_serving)
        app.cleanup_ctx.append(self._audit.while_serving)
        app.on_cleanup.append(self._settle)

    async def discover(self, request: web.Request) -> web.Response:
        """Say which services there are."""
        if self.trust is not None:
            await self._caller(request, self.trust)
        return json_answer(self._discovery)

    async def feedback(self, request: web.Request) -> web.Response:
        """Take what clinicians did with cards."""
        if request.match_info["id"] not in _IDS:
            return await _no_such_service(request)
        if self.trust is not None:
            await self._caller(request, self.trust)
        return await self._feedback.take(request)

    async def call(self, request: web.Request, *, service: Service) -> web.Response:
        """Answer one call of a hook."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcome = HookOutcome.UNAUTHORIZED
        call: Call | None = None
        answer: Drawn | Missing | None = None
        whole: Any = None
        try:
            caller = None if self.trust is None else await self._caller(request, self.trust)
            left_s = self.budget.whole_s - (loop.time() - started)  # the body's way not counted
            outcome = HookOutcome.BAD_REQUEST
            body = json_bytes_at_hand(request)
            if body is None:
                body = await received(request)
            call, whole = await self._checked(body, service, caller)
            outcome = HookOutcome.UNAVAILABLE
            answer = await self._within_budget(call, body if whole is None else whole, left_s)
            outcome = _outcome(answer)
        except (StoreUnavailable, web.HTTPServiceUnavailable):
            outcome = HookOutcome.UNAVAILABLE  # also where callers cannot be verified
            raise
        finally:
            duration_s = loop.time() - started
            self._requests[service, outcome].inc()
            self._durations[service].observe(duration_s)
            self._line.info(
                "hook_answered",
                service=service,
                outcome=outcome,
                verdict=answer.verdict if isinstance(answer, Drawn) else "",
                duration_s=round(duration_s, 4),
                **({} if call is None else _about(call)),
            )
            if whole is not None:
                await free(whole)
        if isinstance(answer, Missing):
            raise refusal(412, _said(answer))
        if answer.card:
            self._note_shown(call, service, caller, answer)
        return json_answer(answer.body)

    def _note_shown(
        self, call: Call, service: Service, caller: Caller | None, answer: Drawn
    ) -> None:
        """Remember what was shown and to whom; written later, since a clinician waits."""
        source = call.source_name
        self._cards[answer.verdict, answer.indicator].inc()
        self._shown.note(source, answer)
        self._audit.note(
            AuditEntry(
                at=self.clock(),
                kind=AuditKind.HOOK,
                source=source,
                patient=call.patient,
                card=answer.card,
                verdict=answer.verdict,
                service=service,
                user_id=call.user_id,
                issuer="" if caller is None else caller.issuer,
            )
        )

    async def _caller(self, request: web.Request, trust: Trust) -> Caller:
        try:
            async with asyncio.timeout(self.budget.whole_s):
                return await trust.caller(request)
        except TimeoutError:
            _log.warning("caller_not_verified", reason="out of time")
            raise refusal(503, "callers cannot be verified now; retry") from None

    async def _checked(
        self, body: bytes, service: Service, caller: Caller | None
    ) -> tuple[Call, Mapping[str, Any] | None]:
        """
        Check a call, unless one was checked that differs from it by id and token alone.

        With it comes what a large body was parsed to, so that this is not done twice.
        """
        known_by = (service, "" if caller is None else caller.source, without_ids(body))
        call = self._calls.get(known_by)
        if call is not None:
            return call, None
        parsed = await quick(body)
        try:
            call = self._read(parsed, service, caller, known_by[2])
        except web.HTTPException:
            if len(body) > ON_LOOP:
                await free(parsed)
            raise
        self._calls.put(known_by, call)
        return call, parsed if len(body) > ON_LOOP else None

    def _read(self, body: Any, service: Service, caller: Caller | None, known_by: Pieces) -> Call:  # noqa: ANN401 - JSON is anything
        try:
            hook = hook_request(body, service.hook)
            _check_token(hook)
            source = self._source(hook, caller)
        except BadHookRequest as exc:
            raise refusal(422, str(exc)) from None
        is_bare = not hook.prefetch and hook.hook is not Hook.ORDER_SIGN and not hook.authorization
        # What brings nothing is asked alike by every user at every moment.
        return Call(request=_slim(hook), source=source, brought=() if is_bare else known_by)

    def _source(self, hook: HookRequest, caller: Caller | None) -> HookSource | None:
        """Say what a call speaks for: never more than its issuer was given."""
        server = hook.fhir_server
        named = None if server is None else self._by_base.get(same_server(server))
        if caller is None:
            return named
        bound = self._by_name[caller.source]
        if server is not None and named is not bound:
            raise BadHookRequest(place="fhirServer", must="be the one agreed for this issuer")
        return bound

    async def _within_budget(self, call: Call, body: Body, left_s: float) -> Drawn | Missing:
        """Give the answer drawn before where it still holds, else draw it in what time is left."""
        deadline = asyncio.get_running_loop().time() + left_s
        key = call.keys[bool(call.source_name) and self.is_current(call.source_name)]
        known = self._remembered.get(key)
        try:
            standing = await self._standing(call, "" if known is None else known.card, left_s)
            if known is not None and standing is not None and self._holds(known, standing):
                return _unless_quiet(known, standing, self.clock())
            async with asyncio.timeout_at(deadline):
                return await self._draw(call, body, key, standing)
        except TimeoutError:
            _log.warning("hook_out_of_time", service=call.request.hook)
            raise refusal(503, "no answer within the time budget; retry") from None

    async def _draw(
        self, call: Call, body: Body, key: Key, standing: AnswerStanding | None
    ) -> Drawn | Missing:
        """Gather, decide, remember; *standing* is None when the store is away."""
        gathered = await self._gatherer.gather(call, body, is_store_up=standing is not None)
        if isinstance(gathered, Missing):
            return gathered
        drawn = _drawn(gathered, standing)
        if gathered.is_repeatable and standing is not None:
            self._remembered.put(key, drawn)
        if call.source is not None and gathered.stored is not None:
            self._newer.tell(call.source.name, gathered.stored, gathered.called)
        if drawn.card and standing is not None:
            standing = await self._standing(call, drawn.card, self.budget.whole_s)
        return drawn if standing is None else _unless_quiet(drawn, standing, self.clock())

    async def _standing(self, call: Call, card: str, within_s: float) -> AnswerStanding | None:
        """Read what says whether a known answer holds; None when the store is away."""
        if call.source is None and not card:
            return AnswerStanding(revision=0)
        asking = self._standings.of(Asked(call.source_name, call.patient, card))
        try:
            if within_s < self._standings.longest_s:  # else it ends in time by itself
                return await asyncio.wait_for(asking, within_s)
            return await asking
        except StoreUnavailable as exc:
            _log.warning("standing_not_read", source=call.source_name, error=str(exc))
            return None

    def _holds(self, known: Drawn, standing: AnswerStanding) -> bool:
        is_early = known.good_until is None or self.clock() < known.good_until
        return is_early and known.revision == standing.revision

    async def _settle(self, _app: web.Application) -> None:
        await self._newer.settle()
        await self._feedback.settle()
        if self.trust is not None:
            await self.trust.close()


async def _no_such_service(_request: web.Request) -> web.Response:
    raise refusal(404, "no such service; GET /cds-services lists them")


def _about(call: Call) -> dict[str, object]:
    return {
        "source": call.source_name,
        "patient": Whose(source=call.source_name, patient=call.patient),
    }


def _size_of_call(known_by: tuple[Service, str, Pieces], _call: Call) -> int:
    return sum(map(len, known_by[2])) + _CALL_BYTES


def _size_of_answer(key: Key, drawn: Drawn) -> int:
    return sum(map(len, key.brought)) + len(drawn.body)


def _check_token(hook: HookRequest) -> None:
    if hook.authorization and not _TOKEN.fullmatch(hook.authorization.access_token):
        raise BadHookRequest(
            place="fhirAuthorization.access_token", must="be what an HTTP header can carry"
        )


def _slim(hook: HookRequest) -> HookRequest:
    """
    Leave of *hook* what has to be kept.

    Of what the call brought only which keys came: thousands of parsed objects held while the store
    is read cost more collecting than parsing, and whoever draws an answer reads the body exactly.
    Of its token that there was one: it is another in the next call.
    """
    held = hook.authorization
    return replace(
        hook,
        prefetch=dict.fromkeys(hook.prefetch),
        draft_orders=(),
        authorization=held and replace(held, access_token=""),
    )


def _drawn(gathered: Gathered, standing: AnswerStanding | None) -> Drawn:
    decided = gathered.decided
    card: Mapping[str, Any] = decided.cards[0] if decided.cards else {}
    return Drawn(
        body=orjson.dumps({"cards": decided.cards}),
        verdict=decided.verdict,
        card=card.get("uuid", ""),
        indicator=card.get("indicator", ""),
        revision=0 if standing is None else standing.revision,
        good_until=decided.good_until,
    )


def _unless_quiet(drawn: Drawn, standing: AnswerStanding, now: datetime) -> Drawn:
    """Give *drawn*, or nothing while a clinician's override keeps its card quiet."""
    if standing.quiet_until is None or now >= standing.quiet_until:
        return drawn
    return Drawn(body=_NOTHING, verdict=drawn.verdict)


def _outcome(answer: Drawn | Missing) -> HookOutcome:
    if isinstance(answer, Missing):
        return HookOutcome.PRECONDITION
    return HookOutcome.CARDS if answer.card else HookOutcome.NO_CARDS


def _said(missing: Missing) -> str:
    what = "; ".join(f"prefetch.{key}: {lack}" for key, lack in missing.keys)
    return f"required data could be had neither by prefetch nor from the FHIR server: {what}"
