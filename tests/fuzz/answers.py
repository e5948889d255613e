"""
What other servers answer, handed to everything that reads it; a status is never a defect of ours.

A FHIR server, a token endpoint, a destination: whoever answers nonsense is told from one that is
down (`EhrUnavailable`) or refuses (`BadInput`), and nothing else comes of it.
"""

import asyncio
import atexit
import json
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from tests.support.answered import FHIR_JSON, Answered
from tests.support.verdicts import verdict

from marrowd.cds.cards import cards_for
from marrowd.cds.webhook import Answer
from marrowd.cds.writeback import FhirDestination
from marrowd.errors import BadInput, EhrUnavailable
from marrowd.fhir.answers import http_date, seconds_to_wait
from marrowd.fhir.client import FhirClient
from marrowd.fhir.history import deletions, newest, offers_history
from marrowd.fhir.json import canonical
from marrowd.fhir.notifications import read_notification, read_status
from marrowd.fhir.patients import merge_fact, replaced_by
from marrowd.fhir.scopes import is_any_granted, not_granted
from marrowd.fhir.subjects import Subject
from marrowd.fhir.subscriptions import ours, plan, wanted
from marrowd.fhir.token_endpoint import TokenEndpoint
from marrowd.fhir.transport import Limits, Transport
from marrowd.rules.codes import load_codes
from marrowd.work.mending import drifted
from marrowd.work.subjects import patient_of

BASE = "https://fhir.example.org/r4"
ENDPOINT = "https://cds.example.org/events/hospital"
CARD = "7a1f4c1e-0000-5000-8000-000000000000"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WANTED = wanted(load_codes(), endpoint=ENDPOINT, secret="a-secret-of-sixteen")
_SAID = {"id": "msg_2", "patient": "Patient/1", "fhirServer": BASE, "sequence": 2}
_SAID |= {"issued": "2026-03-01T12:00:00Z", "about": []}
_MESSAGES = [
    json.dumps(_SAID | {"cards": cards, "retracts": retracts}).encode()
    for cards, retracts in (
        ([cards_for(verdict())[0] | {"uuid": CARD}], []),
        ([], [CARD]),
    )
]
_LOOP = asyncio.new_event_loop()
atexit.register(_LOOP.close)


def server(data: bytes) -> None:
    """Take *data* for whatever a FHIR server was asked for."""
    for read in (_page, _history, _events, _capabilities, _content, _made, _subscriptions, _merge):
        with suppress(BadInput, EhrUnavailable):
            _finished(read(FhirClient(_transport(data), BASE)))


def communications(data: bytes) -> None:
    """Take *data* for what a FHIR destination finds of a card: `send` raises nothing at all."""
    for body in _MESSAGES:
        destination = FhirDestination(Answered(data), name="ehr", url=BASE, clock=lambda: NOW)
        try:
            answer = _finished(destination.send("msg_1", body))
        except BadInput as refused:
            message = "a destination's answer is no input of anybody's"
            raise AssertionError(message) from refused
        assert isinstance(answer, Answer)


def token(data: bytes) -> None:
    """Take *data* for a discovery document, a grant and a refusal."""
    for status in (200, 400):
        session = Answered(data, status=status, headers={"Content-Type": "application/json"})
        endpoint = TokenEndpoint(session, clock=lambda: NOW)
        with suppress(EhrUnavailable):
            _finished(endpoint.discover(BASE, algorithm="ES384"))
        with suppress(EhrUnavailable):
            granted = _finished(endpoint.grant(f"{BASE}/token", assertion="a", scope="system/*.rs"))
            not_granted("system/*.rs", granted.scope)
            is_any_granted("system/*.rs", granted.scope)
            assert 0 < granted.life_s <= 3600


def header(data: bytes) -> None:
    """Take *data* for Retry-After, Date and Content-Type of an answer."""
    text = data.decode("utf-8", "surrogateescape")
    http_date(text)
    wait_s = seconds_to_wait(text, now=NOW)
    assert wait_s is None or wait_s >= 0
    headers = {"Content-Type": text, "Retry-After": text, "Date": text, "Location": text}
    for status in (200, 404, 503):
        with suppress(BadInput, EhrUnavailable):
            answered = Answered(b"{}", status=status, headers=headers)
            _finished(_made(FhirClient(_transport(b"", answered), BASE)))


async def _page(client: FhirClient) -> None:
    async for page in client.pages("Observation", [("code", "x")]):
        for resource in page.resources:
            canonical(resource)


async def _history(client: FhirClient) -> None:
    async for bundle, _ in client.history("Observation", [("_count", "1")]):
        for one in deletions(bundle):
            one.at.encode()  # a part of a key in the store
            assert one.at.isprintable()
        newest(bundle)


async def _events(client: FhirClient) -> None:
    answer = dict(await client.operate("Subscription/1", "$status"))
    status = read_status(answer)
    if status is not None:
        assert status.subscription.isprintable()
        assert (status.count or 0) < 1 << 63
    read_notification(answer)


async def _capabilities(client: FhirClient) -> None:
    offers_history(await client.capabilities(), "Observation")


async def _content(client: FhirClient) -> None:
    await client.content("Binary/1", content_type="application/pdf")


async def _made(client: FhirClient) -> None:
    await client.create({"resourceType": "Subscription"})


async def _subscriptions(client: FhirClient) -> None:
    found = ours(await client.search("Subscription", []), endpoint=ENDPOINT)
    actions = plan(found, WANTED)
    drifted(actions)
    for action in actions:
        for ref in (getattr(action, "ref", None),):
            if ref is not None:
                await client.read(ref)


async def _merge(client: FhirClient) -> None:
    patient = dict(await client.read("Patient/p1"))
    other = replaced_by(patient)
    into = None if other is None else await patient_of(other, client)
    merge_fact(patient, into=into)
    named = await patient_of(Subject(identifiers=("urn:mrn|1",)), client)
    named.encode()


def _transport(data: bytes, answered: Answered | None = None) -> Transport:
    session: Any = answered or Answered(data, headers=FHIR_JSON)
    return Transport(session, limits=Limits(tries=1), clock=lambda: NOW)


def _finished(work: Awaitable[Any]) -> Any:
    return _LOOP.run_until_complete(work)
