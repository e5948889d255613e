"""
The facts of one call, gathered from three places at once: the call, the store, the EHR's server.

None of the three can hold an answer up: the store and the server have their share of the budget,
and what has not come by then counts as not had. What the call knows better than the store is told
to the inbox afterwards, so that the worker fetches it; the call itself never writes evidence.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

import aiohttp
import structlog
from yarl import URL

from marrowd.cds.call_facts import merged, read_facts
from marrowd.cds.decision import EVIDENCED, Decided, Rules, decide, missing
from marrowd.cds.drafts import drafts_of
from marrowd.cds.fetching import Fetched, Fetching
from marrowd.cds.prefetched import KeyAnswer, Lack, Owner, answers_of, full_urls
from marrowd.cds.requests import HookRequest
from marrowd.cds.services import Hook, PrefetchKey, prefetch_templates
from marrowd.core.facts import Fact
from marrowd.errors import StoreUnavailable
from marrowd.fhir.authorization import FixedAuthorization
from marrowd.fhir.client import FhirClient
from marrowd.fhir.facts import Extraction
from marrowd.fhir.members import Resource
from marrowd.fhir.transport import Limits, Observe, Transport
from marrowd.rules.orders import OrderRules
from marrowd.store.protocols import Evidence
from marrowd.telemetry.metrics import CallOutcome, Operation
from marrowd.telemetry.tracing import SpanName, Told, inner
from marrowd.web.audit import storable
from marrowd.web.bodies import exact
from marrowd.web.remembered import Key, Pieces

_log = structlog.get_logger(__name__)

Body: TypeAlias = bytes | Mapping[str, Any]
MAX_ANSWER: Final = 5_000_000  # bytes of one answer of the EHR's server
_SEARCHED: Final = frozenset(PrefetchKey) - {PrefetchKey.PATIENT}
_LONGEST_BASE: Final = 2_000  # characters: caches, yarl's own too, must not fill with what is sent


def unobserved(_operation: Operation, _outcome: CallOutcome, _seconds: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSource:
    """A source as a hook knows it: its name, and the FHIR server that calls name."""

    name: str
    base_url: str
    observe: Observe = unobserved  # told how long its server took


def same_server(url: str) -> str:
    """Give *url* as every spelling of one FHIR server's base is compared: host in lower case."""
    return _spelled(url) if len(url) <= _LONGEST_BASE else url


@lru_cache(maxsize=1_024)
def _spelled(url: str) -> str:
    try:
        return str(URL(url)).rstrip("/")
    except ValueError:
        return url


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    A checked call, without what is read from its body once more when an answer is drawn.

    What is asked of it each time is worked out when it is made: the same call comes again.
    """

    request: HookRequest  # of prefetch the keys only, no draft orders, no token: see `_sent`
    source: HookSource | None = None  # what it may speak for
    brought: Pieces = ()  # what tells it from other calls for the same patient
    patient: str = field(init=False)  # as facts name one
    source_name: str = field(init=False)  # "" when it speaks for none
    user_id: str = field(init=False)  # as the audit record takes it
    keys: tuple[Key, Key] = field(init=False)  # of its answer: by whether evidence is current

    def __post_init__(self) -> None:
        """Work out what follows."""
        name = "" if self.source is None else self.source.name
        patient = f"Patient/{self.request.patient_id}"
        for given, value in (
            ("patient", patient),
            ("source_name", name),
            ("user_id", storable(self.request.user_id)),
            ("keys", _keys(name, patient, self.brought)),
        ):
            object.__setattr__(self, given, value)


def _keys(source: str, patient: str, brought: Pieces) -> tuple[Key, Key]:
    stale, current = (Key(source, patient, is_current, brought) for is_current in (False, True))
    return stale, current


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Required data could be had neither way."""

    keys: tuple[tuple[PrefetchKey, Lack], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was decided, and the facts that only the call knew."""

    decided: Decided
    called: tuple[Fact, ...]
    stored: tuple[Fact, ...] | None  # None: the store was not asked or did not answer
    is_repeatable: bool  # the same call on the same evidence would be answered the same


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What came with the call, with numbers as written."""

    request: HookRequest
    answers: Mapping[PrefetchKey, KeyAnswer]
    owner: Owner

    @property
    def resources(self) -> list[Resource]:
        return [
            resource
            for key, answer in self.answers.items()
            if key in _SEARCHED
            for resource in answer.resources
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Gathers and decides; the same for every call."""

    evidence: Evidence
    session: aiohttp.ClientSession
    extraction: Extraction
    rules: Rules
    order_rules: OrderRules
    is_current: Callable[[str], bool]
    clock: Callable[[], datetime]
    fetch_s: float

    async def gather(
        self, call: Call, body: Body, *, is_store_up: bool = True
    ) -> Gathered | Missing:
        """
        Gather the facts of *call* and decide on its patient.

        Args:
            call: checked, its source chosen.
            body: of this very call, as it came or parsed exactly.
            is_store_up: False when the store has just let a read hang: it is not asked again.
        """
        sent = await asyncio.to_thread(_sent, call, body)
        had = {key for key, answer in sent.answers.items() if answer.lack is None}
        is_current = call.source is not None and self.is_current(call.source.name)
        open_keys = _SEARCHED - had - (EVIDENCED if is_current else frozenset())
        fetched = Fetched()
        stored, _ = await asyncio.gather(
            self._stored(call, is_store_up=is_store_up),
            self._fetch(call, sent, open_keys, fetched),
        )
        if stored is not None and is_current:
            had |= EVIDENCED
        had |= {key for key, answer in fetched.answers.items() if answer.lack is None}
        lacks = missing(sent.answers, had)
        if lacks:
            return Missing(keys=tuple(lacks))
        with inner(SpanName.SCREEN) as span:
            gathered = await asyncio.to_thread(self._decide, call, sent, fetched, stored, had)
            span.tell(Told.VERDICT, gathered.decided.verdict)
        return gathered

    async def _stored(self, call: Call, *, is_store_up: bool) -> tuple[Fact, ...] | None:
        """Read the evidence of the call's source; None when it cannot be had in time."""
        if call.source is None or not is_store_up:
            return None
        try:
            async with asyncio.timeout(self.fetch_s):
                return await self.evidence.facts_of(call.source.name, call.patient)
        except (TimeoutError, StoreUnavailable) as exc:
            _log.warning("evidence_not_read", source=call.source.name, error=type(exc).__name__)
            return None

    async def _fetch(
        self, call: Call, sent: _Sent, keys: AbstractSet[PrefetchKey], into: Fetched
    ) -> None:
        """Ask the configured server, and no other, with the token of the call."""
        authorization = sent.request.authorization
        if call.source is None or authorization is None:
            return
        transport = Transport(
            self.session,
            authorization=FixedAuthorization(f"Bearer {authorization.access_token}"),
            limits=Limits(timeout_s=self.fetch_s, tries=1, max_bytes=MAX_ANSWER),
            clock=self.clock,
            observe=call.source.observe,
        )
        fetching = Fetching(
            client=FhirClient(transport, call.source.base_url),
            templates=prefetch_templates(self.extraction.codes),
            owner=sent.owner,
            extraction=self.extraction,
        )
        await fetching.fetch(keys, sent.resources, into, seconds=self.fetch_s)

    def _decide(
        self,
        call: Call,
        sent: _Sent,
        fetched: Fetched,
        stored: tuple[Fact, ...] | None,
        had: AbstractSet[PrefetchKey],
    ) -> Gathered:
        """Read, join and judge; runs on a thread."""
        found = [r for answer in fetched.answers.values() for r in answer.resources]
        called = read_facts(
            [*sent.resources, *found, *fetched.resources],
            patient=call.patient,
            extraction=self.extraction,
            resolve=sent.owner.resolve,
            attachments=fetched.attachments,
        )
        drafts = drafts_of(
            sent.request.draft_orders, codes=self.extraction.codes, rules=self.order_rules
        )
        decided = decide(
            merged(stored or (), called),
            patient=call.patient,
            source=call.source_name,
            had=had,
            rules=self.rules,
            now=self.clock(),
            drafts=drafts,
        )
        if sent.request.hook is Hook.ORDER_SIGN and not drafts.is_relevant:
            decided = replace(decided, cards=())  # orders about something else show nothing
        return Gathered(
            decided=decided,
            called=called,
            stored=stored,
            is_repeatable=not fetched.is_used and (stored is not None or call.source is None),
        )


def _sent(call: Call, body: Body) -> _Sent:
    """Read, exactly, what came with the call: numbers as written, no name twice."""
    request = call.request
    whole = exact(body) if isinstance(body, bytes) else body
    prefetch = {key: whole["prefetch"][key] for key in request.prefetch}
    orders: Sequence[Mapping[str, Any]] = ()
    if request.hook is Hook.ORDER_SIGN:
        entries = whole["context"]["draftOrders"].get("entry", [])
        orders = [entry["resource"] for entry in entries]
    authorization = request.authorization
    if authorization is not None:
        token = whole["fhirAuthorization"]["access_token"]
        authorization = replace(authorization, access_token=token)
    request = replace(
        request, prefetch=prefetch, draft_orders=tuple(orders), authorization=authorization
    )
    resolve = full_urls(prefetch)
    answers = answers_of(prefetch, request.patient_id, resolve=resolve)
    owner = Owner(patient_id=request.patient_id, resolve=resolve)
    return _Sent(request=request, answers=answers, owner=owner)
