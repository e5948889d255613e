"""
Subscriptions on a FHIR server made what the configuration says, looked at, or taken away.

Each step can be repeated: what to do is planned from what the server holds now
(`fhir.subscriptions.plan`).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import structlog

from marrowd.fhir.answers import Absent, Rejected
from marrowd.fhir.client import FhirClient
from marrowd.fhir.members import text
from marrowd.fhir.subscriptions import (
    Action,
    Create,
    Delete,
    Keep,
    Update,
    Wanted,
    ours,
    plan,
    slug_of,
)

REFUSED = "refused"
# HAPI writes "active" some time after each write of a Subscription, at its worst when its queue is
# tried again after 5 s, and writes it over a deletion too.
_LOOKS_AFTER_S = (1.0, 2.0, 4.0)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """One Subscription as an operator sees it."""

    slug: str
    ref: str
    state: str  # the server's own word: requested, active, error, off
    done: str  # created, updated, kept, removed, refused, or "" when only looked at
    why: str = ""  # of an update: what was not as wanted; of a refusal: the answer


async def list_subscriptions(client: FhirClient, *, endpoint: str) -> list[SubscriptionRow]:
    """Show ours as they are."""
    return [
        SubscriptionRow(
            slug=slug_of(s), ref=f"Subscription/{s['id']}", state=text(s.get("status")), done=""
        )
        for s in await _ours(client, endpoint)
    ]


async def sync_subscriptions(
    client: FhirClient, wanted: Sequence[Wanted], *, endpoint: str
) -> list[SubscriptionRow]:
    """
    Make ours what is wanted; say for each what was done and its state afterwards.

    A server activates a Subscription some time after it was written (HAPI: up to a few seconds), so
    "requested" is a good answer and a later look shows "active". One that the server refuses (it
    has no such type) keeps none of the others from being made.
    """
    rows: list[SubscriptionRow] = []
    for action in plan(await _ours(client, endpoint), wanted):
        try:
            row = await _carried_out(client, action)
        except Rejected as error:
            slug = action.wanted.slug if isinstance(action, Create | Update) else action.slug
            ref = "" if isinstance(action, Create) else action.ref
            row = SubscriptionRow(slug=slug, ref=ref, state="", done=REFUSED, why=str(error))
        _log.info("subscription_synced", subscription=row.slug, outcome=row.done, reason=row.why)
        rows.append(row)
    return rows


async def _carried_out(client: FhirClient, action: Action) -> SubscriptionRow:
    match action:
        case Create(wanted=one):
            ref = await client.create(one.resource())
            return SubscriptionRow(slug=one.slug, ref=ref, state="requested", done="created")
        case Update(ref=ref, wanted=one, why=why):
            await client.update(ref, one.resource())
            return SubscriptionRow(
                slug=one.slug, ref=ref, state="requested", done="updated", why=why
            )
        case Keep(ref=ref, slug=slug, state=state):
            return SubscriptionRow(slug=slug, ref=ref, state=state, done="kept")
        case Delete(ref=ref, slug=slug):
            await _delete(client, ref)
            return SubscriptionRow(slug=slug, ref=ref, state="", done="removed")
        case _:
            assert_never(action)


async def remove_subscriptions(
    client: FhirClient, *, endpoint: str, looks_after_s: Iterable[float] = _LOOKS_AFTER_S
) -> list[SubscriptionRow]:
    """
    Take all of ours away, and after each pause of *looks_after_s* what the server brought back.

    There is a row for each removal. Nobody has seen whether what the last look removed stays away.
    """
    rows = await _removed(client, endpoint)
    for pause in looks_after_s if rows else ():
        await asyncio.sleep(pause)
        rows += await _removed(client, endpoint, why="the server had brought it back")
    return rows


async def _removed(client: FhirClient, endpoint: str, *, why: str = "") -> list[SubscriptionRow]:
    rows = []
    for subscription in await _ours(client, endpoint):
        ref, slug = f"Subscription/{subscription['id']}", slug_of(subscription)
        await _delete(client, ref)
        rows.append(SubscriptionRow(slug=slug, ref=ref, state="", done="removed", why=why))
    return rows


async def differences(
    client: FhirClient, wanted: Sequence[Wanted], *, endpoint: str
) -> tuple[Action, ...]:
    """Say what would make ours what is wanted."""
    return plan(await _ours(client, endpoint), wanted)


async def _ours(client: FhirClient, endpoint: str) -> list[Mapping[str, Any]]:
    # Filtered here as well: a server that does not know `url` may answer with all there are.
    return ours(await client.search("Subscription", [("url", endpoint)]), endpoint=endpoint)


async def _delete(client: FhirClient, ref: str) -> None:
    try:
        await client.delete(ref)
    except Absent:
        _log.info("subscription_already_gone")
