"""
What an EHR calls with, from its token to the cards it is given.

A call is taken by both parsers of bodies, the quick one and the exact one, and goes the whole way:
checked, its prefetch read to facts, judged, drawn. A refusal may be 4xx and no more.
"""

import asyncio
import atexit
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import jwt
import orjson
from aiohttp import web
from multidict import CIMultiDict
from tests.fuzz.answers import BASE, NOW
from tests.support.answered import Answered
from tests.support.store import some_metrics
from tests.support.tokens import ISSUER, ec_key, encoded, jwks
from tests.support.verdicts import POLICY

from marrowd.cds.decision import Rules, missing
from marrowd.cds.fetching import Fetched
from marrowd.cds.services import Service
from marrowd.core.reader import Reader
from marrowd.fhir.facts import Extraction
from marrowd.rules.codes import load_codes
from marrowd.rules.orders import load_order_rules
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import Issuer, Rotation
from marrowd.web.bodies import exact
from marrowd.web.gathering import Gatherer, HookSource, _sent
from marrowd.web.hooks import Hooks
from marrowd.web.trust import Trust

PUBLIC = "https://cds.example.org"
_LOOP = asyncio.new_event_loop()
atexit.register(_LOOP.close)
_EXTRACTION = Extraction(reader=Reader(load_vocabulary()), codes=load_codes())
_RULES = Rules(policy=POLICY, version="test")


class _Tokens:
    """Remembers no token, and is as strict with its id as a database."""

    async def is_first_use(self, issuer: str, jti: str, *, now: Any, until: Any) -> bool:
        assert f"{issuer}{jti}".encode()
        assert "\0" not in jti
        assert until > now
        return True


def hook_to_cards(data: bytes) -> None:
    """Answer a call without store and server."""
    for service in Service:
        for parsed in (orjson.loads, lambda text: exact(text.decode())):
            try:
                whole = parsed(data)
                call = _HOOKS._read(whole, service, None, ())
                sent = _sent(call, data if parsed is orjson.loads else whole)
            except (ValueError, web.HTTPClientError):
                continue
            had = {key for key, answer in sent.answers.items() if answer.lack is None}
            if not missing(sent.answers, had):
                _check_cards(_GATHERER._decide(call, sent, Fetched(), (), had).decided.cards)


def bearer(data: bytes) -> None:
    """Judge a token: header and claims on a line each, soundly signed, or whatever else it is."""
    _LOOP.run_until_complete(_judged(data))


async def _judged(data: bytes) -> None:
    head, is_to_sign, claims = data.partition(b"\n")
    given = _signed(head, claims) if is_to_sign else data.decode("utf-8", "surrogateescape")
    called = SimpleNamespace(
        path="/cds-services/marrow-vitamin-d-patient-view",
        headers=CIMultiDict({"Authorization": f"Bearer {given}"}),
    )
    with suppress(web.HTTPUnauthorized):
        await _trust().caller(cast("Any", called))


def _signed(head: bytes, claims: bytes) -> str:
    signing_input = f"{encoded(head)}.{encoded(claims)}"
    algorithm = jwt.get_algorithm_by_name("ES384")
    return f"{signing_input}.{encoded(algorithm.sign(signing_input.encode(), ec_key()))}"


def _trust() -> Trust:
    session = cast("Any", Answered(orjson.dumps(jwks())))
    return Trust(
        [Issuer(iss=ISSUER, jwks_url="https://ehr.example.org/jwks", source="hospital")],
        session=session,
        tokens=cast("Any", _Tokens()),
        clock=lambda: NOW,
        public_url=lambda: PUBLIC,
        rotation=Rotation(),
    )


def _check_cards(cards: Any) -> None:
    orjson.dumps({"cards": cards})  # as the answer is written
    assert all(len(card["summary"]) < 140 for card in cards)


_HOOKS = Hooks(
    store=cast("Any", None),
    sources=[HookSource(name="hospital", base_url=BASE)],
    session=cast("Any", None),
    extraction=_EXTRACTION,
    rules=_RULES,
    metrics=some_metrics(),
    clock=lambda: NOW,
    wake=lambda: None,
    is_current=lambda _source: True,
)
_GATHERER = Gatherer(
    evidence=cast("Any", None),
    session=cast("Any", None),
    extraction=_EXTRACTION,
    rules=_RULES,
    order_rules=load_order_rules(),
    is_current=lambda _source: False,
    clock=lambda: NOW,
    fetch_s=0.1,
)
