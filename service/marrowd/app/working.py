"""
The working half: loops that screen, post, sweep and look again, joined for one process.

In order: events are screened; what is decided is posted; sources are swept for what was missed; and
patients are looked at again when time alone may have changed their verdict.
"""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import aiohttp

from marrowd.app.access import Access, codes_from
from marrowd.app.clock import Clock
from marrowd.app.inbound import inbound_of
from marrowd.cds.webhook import (
    CardDestination,
    Credentials,
    WebhookDestination,
    credentials,
)
from marrowd.cds.writeback import FhirDestination
from marrowd.core.policy import Policy
from marrowd.core.reader import Reader
from marrowd.fhir.facts import Extraction
from marrowd.fhir.parsing_process import ParsingProcess
from marrowd.fhir.texts import TextOf
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Destination, Rotation, Settings
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import OFF, Tracer
from marrowd.work.background import BackgroundKeeper
from marrowd.work.canary import CanaryLoop, canary_of
from marrowd.work.deciding import Decider
from marrowd.work.delivery import DeliveryLoop
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.gathering import Gatherer
from marrowd.work.handling import EventHandler, SourceAccess
from marrowd.work.outcomes import Outcomes
from marrowd.work.reading import Reading
from marrowd.work.rechecks import RecheckLoop
from marrowd.work.retention import Keeping, RetentionLoop
from marrowd.work.screening import ScreeningLoop
from marrowd.work.watching import Currency
from marrowd.work.worker import Loop, Worker

_READERS = 2  # threads that read resources, so that a long report never holds the event loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every part of the process shares."""

    settings: Settings
    policy: Policy
    reader: Reader
    store: Store
    metrics: Metrics
    clock: Clock
    rng: random.Random
    rotation: Rotation
    tracer: Tracer = OFF


def extraction(parts: Parts, opened: TextOf) -> Extraction:
    """Say how resources are read here, and documents *opened*: the same for every source."""
    policy = parts.settings.policy
    return Extraction(
        reader=parts.reader,
        rules=RULES_VERSION,
        codes=codes_from(policy),
        zone=ZoneInfo(policy.site_zone),
        opened=opened,
    )


def worker_of(
    parts: Parts,
    accesses: Mapping[str, Access],
    session: aiohttp.ClientSession,
    *,
    opened: TextOf,
) -> Worker:
    """Join the loops; *opened* gives the text of a document."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    outcomes = Outcomes()
    deliveries = [
        DeliveryLoop(
            parts.store,
            _destination(destination, session, parts),
            worker=name,
            clock=parts.clock,
            rng=parts.rng,
            metrics=parts.metrics,
            tracer=parts.tracer,
        )
        for destination in parts.settings.destinations
    ]

    def wake_delivery() -> None:
        for delivery in deliveries:
            delivery.wake()

    decider = _decider(parts)
    executor = ThreadPoolExecutor(_READERS, thread_name_prefix="reading")
    reading = Reading(dict.fromkeys(accesses, extraction(parts, opened)), executor=executor)

    def wake_screening() -> None:
        screening.wake()

    inbound = {
        source: inbound_of(
            access,
            parts.store,
            parts.settings.policy,
            clock=parts.clock,
            rng=parts.rng,
            metrics=parts.metrics,
            wake=wake_screening,
            tracer=parts.tracer,
        )
        for source, access in accesses.items()
    }
    handler = EventHandler(
        parts.store,
        {
            source: SourceAccess(
                client=access.client,
                gatherer=_gatherer(source, access, reading, parts.clock),
                request_sweep=inbound[source].sweep.request,
                listener=inbound[source].listener,
            )
            for source, access in accesses.items()
        },
        reading,
        decider,
        clock=parts.clock,
        metrics=parts.metrics,
        outcomes=outcomes,
        wake_delivery=wake_delivery,
    )
    screening = ScreeningLoop(
        parts.store,
        handler,
        worker=name,
        clock=parts.clock,
        rng=parts.rng,
        metrics=parts.metrics,
        outcomes=outcomes,
        tracer=parts.tracer,
    )
    rechecks = RecheckLoop(
        parts.store,
        decider,
        clock=parts.clock,
        metrics=parts.metrics,
        outcomes=outcomes,
        wake_delivery=wake_delivery,
        tracer=parts.tracer,
    )
    kept = parts.settings.retention
    retention = RetentionLoop(
        parts.store,
        keeping=Keeping(queues=kept.inbox, evidence=kept.evidence, audit=kept.audit),
        clock=parts.clock,
    )
    loops: list[Loop] = [
        screening,
        *deliveries,
        *(loop for one in inbound.values() for loop in one.loops),
        *_canaries(parts, worker=name, wake=screening.wake),
        rechecks,
        retention,
    ]
    return Worker(loops, wake=screening.wake)


def currency_of(parts: Parts) -> Currency:
    """Give what knows whether stored evidence may be relied on."""
    sources = parts.settings.sources
    return Currency(
        parts.store,
        sweep_every={source.name: source.sweep_every for source in sources},
        unwatched=frozenset(s.name for s in sources if s.subscribe == "none"),
        clock=parts.clock,
    )


def _canaries(parts: Parts, *, worker: str, wake: Callable[[], None]) -> list[CanaryLoop]:
    return [
        CanaryLoop(
            parts.store,
            source=source.name,
            worker=worker,
            clock=parts.clock,
            metrics=parts.metrics,
            wake=wake,
            tracer=parts.tracer,
        )
        for source in parts.settings.sources
        if source.canary
    ]


def _decider(parts: Parts) -> Decider:
    destinations: dict[str, list[str]] = {}
    for destination in parts.settings.destinations:
        destinations.setdefault(destination.source, []).append(destination.name)
    base_urls = {source.name: source.base_url for source in parts.settings.sources}
    for source in parts.settings.sources:
        if source.canary:
            base_urls[canary_of(source.name)] = source.base_url
            destinations[canary_of(source.name)] = [canary_of(source.name)]
    return Decider(
        policy=parts.policy,
        rules=RULES_VERSION,
        base_urls=base_urls,
        destinations=destinations,
        writing_fhir=[d.name for d in parts.settings.destinations if d.kind == "fhir"],
    )


def _gatherer(source: str, access: Access, reading: Reading, clock: Clock) -> Gatherer:
    bounds = Bounds()
    fetcher = Fetcher(source, access.client, bounds=bounds)
    background = BackgroundKeeper(source, fetcher, reading, clock=clock, bounds=bounds)
    return Gatherer(source, access.client, reading, background, bounds=bounds)


def _destination(
    destination: Destination, session: aiohttp.ClientSession, parts: Parts
) -> CardDestination:
    kind = FhirDestination if destination.kind == "fhir" else WebhookDestination
    place = f"destinations {destination.name}"
    return kind(
        session,
        name=destination.name,
        url=destination.url,
        shown=parts.rotation.hold(destination, _credentials, place=place),
        clock=parts.clock,
    )


def _credentials(destination: Destination) -> Credentials:
    return credentials(
        destination.name,
        secrets=[secret.get_secret_value() for secret in destination.secret or ()],
        token=destination.token.get_secret_value() if destination.token else None,
    )


def opening(stack: AsyncExitStack) -> TextOf:
    """Give what opens documents, in a process that ends with the stack; each half has its own."""
    documents = ParsingProcess()
    stack.callback(documents.close)
    return documents.text_of


async def begin(loop: Loop, stack: AsyncExitStack) -> asyncio.Task[None]:
    """Run *loop* until the stack unwinds, and then wait for it."""
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop), name=loop.name)

    async def drain() -> None:
        stop.set()
        await task

    stack.push_async_callback(drain)
    return task
