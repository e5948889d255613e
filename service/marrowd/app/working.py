"""
The working half: loops that screen, post, sweep and look again, joined for one process.

In order: events are screened; what is decided is posted; sources are swept for what was missed; and
patients are looked at again when time alone may have changed their verdict.
"""

import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import aiohttp

from marrowd.app.access import Access
from marrowd.app.clock import Clock
from marrowd.app.inbound import Inbound, inbound_of
from marrowd.app.parts import Parts, extraction
from marrowd.cds.webhook import (
    CardDestination,
    Credentials,
    WebhookDestination,
    credentials,
)
from marrowd.cds.writeback import FhirDestination
from marrowd.fhir.texts import TextOf
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Destination
from marrowd.work.background import BackgroundKeeper
from marrowd.work.canary import CanaryLoop, canary_of
from marrowd.work.deciding import Decider
from marrowd.work.delivery import DeliveryLoop
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.gathering import Gatherer
from marrowd.work.handling import EventHandler, SourceAccess
from marrowd.work.outcomes import Outcomes
from marrowd.work.reading import ResourceReader
from marrowd.work.rechecks import RecheckLoop
from marrowd.work.retention import Keeping, RetentionLoop
from marrowd.work.screening import ScreeningLoop
from marrowd.work.worker import Loop, Worker

_READERS = 2  # threads that read resources, so that a long report never holds the event loop


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """What the loops that decide share: the decider, writes under way, whom to wake for posting."""

    decider: Decider
    outcomes: Outcomes
    wake_delivery: Callable[[], None]


def worker_of(
    parts: Parts,
    accesses: Mapping[str, Access],
    session: aiohttp.ClientSession,
    *,
    text_of: TextOf,
) -> Worker:
    """
    Join the loops.

    Args:
        parts: what the process shares.
        accesses: the ways to the sources, by name.
        session: posts cards.
        text_of: opens documents.
    """
    process = f"{socket.gethostname()}-{os.getpid()}"
    deliveries = [_delivery(parts, to, session, process) for to in parts.settings.destinations]

    def wake_delivery() -> None:
        for delivery in deliveries:
            delivery.wake()

    def wake_screening() -> None:
        screening.wake()

    judging = _Judging(decider=_decider(parts), outcomes=Outcomes(), wake_delivery=wake_delivery)
    inbound = {
        source: inbound_of(parts, access, wake=wake_screening)
        for source, access in accesses.items()
    }
    executor = ThreadPoolExecutor(_READERS, thread_name_prefix="reading")
    reading = ResourceReader(dict.fromkeys(accesses, extraction(parts, text_of)), executor=executor)
    sources = {
        source: _source_access(access, inbound[source], reading, parts.clock)
        for source, access in accesses.items()
    }
    screening = _screening(parts, sources, reading, judging, process)
    loops: list[Loop] = [
        screening,
        *deliveries,
        *(loop for one in inbound.values() for loop in one.loops),
        *_canaries(parts, process, screening.wake),
        _rechecks(parts, judging),
        _retention(parts),
    ]
    return Worker(loops, wake=screening.wake)


def _delivery(
    parts: Parts, destination: Destination, session: aiohttp.ClientSession, process: str
) -> DeliveryLoop:
    return DeliveryLoop(
        parts.store,
        _destination(destination, session, parts),
        worker=process,
        clock=parts.clock,
        rng=parts.rng,
        metrics=parts.metrics,
        tracer=parts.tracer,
    )


def _screening(
    parts: Parts,
    sources: Mapping[str, SourceAccess],
    reading: ResourceReader,
    judging: _Judging,
    process: str,
) -> ScreeningLoop:
    handler = EventHandler(
        parts.store,
        sources,
        reading,
        judging.decider,
        clock=parts.clock,
        metrics=parts.metrics,
        outcomes=judging.outcomes,
        wake_delivery=judging.wake_delivery,
    )
    return ScreeningLoop(
        parts.store,
        handler,
        worker=process,
        clock=parts.clock,
        rng=parts.rng,
        metrics=parts.metrics,
        outcomes=judging.outcomes,
        tracer=parts.tracer,
    )


def _rechecks(parts: Parts, judging: _Judging) -> RecheckLoop:
    return RecheckLoop(
        parts.store,
        judging.decider,
        clock=parts.clock,
        metrics=parts.metrics,
        outcomes=judging.outcomes,
        wake_delivery=judging.wake_delivery,
        tracer=parts.tracer,
    )


def _retention(parts: Parts) -> RetentionLoop:
    kept = parts.settings.retention
    return RetentionLoop(
        parts.store,
        keeping=Keeping(queues=kept.inbox, evidence=kept.evidence, audit=kept.audit),
        clock=parts.clock,
    )


def _canaries(parts: Parts, process: str, wake: Callable[[], None]) -> list[CanaryLoop]:
    return [
        CanaryLoop(
            parts.store,
            source=source.name,
            worker=process,
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


def _source_access(
    access: Access, inbound: Inbound, reading: ResourceReader, clock: Clock
) -> SourceAccess:
    source, bounds = access.source.name, Bounds()
    fetcher = Fetcher(source, access.client, bounds=bounds)
    background = BackgroundKeeper(source, fetcher, reading, clock=clock, bounds=bounds)
    return SourceAccess(
        client=access.client,
        gatherer=Gatherer(source, access.client, reading, background, bounds=bounds),
        request_sweep=inbound.sweep.request,
        listener=inbound.listener,
    )


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
