"""
The whole line in one process: a FHIR server, the store, every loop, an EHR; only the intake is left
out.

Events are put into the inbox as the intake would. Nothing sleeps but the loops themselves; the
service's clock moves only when told.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from tests.support import ehr as ehrs
from tests.support import fhir_server as fhir_servers
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.patience import PATIENCE_S
from tests.support.reading import PlainReader
from tests.support.store import HandClock, an_event, opened, some_metrics

from marrowd.cds.webhook import WebhookDestination
from marrowd.core.facts import Fact
from marrowd.fhir.client import FhirClient
from marrowd.fhir.facts import Extraction
from marrowd.fhir.subscriptions import interests
from marrowd.fhir.transport import Limits, Transport
from marrowd.rules.codes import load_codes
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store.messages import MessageState
from marrowd.store.protocols import EventKind, EventRow, EventState, Store
from marrowd.telemetry.metrics import Metrics
from marrowd.work.background import BackgroundKeeper
from marrowd.work.canary import canary_of
from marrowd.work.deciding import Decider
from marrowd.work.delivery import DeliveryLoop, DeliveryPace
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.gathering import Gatherer
from marrowd.work.handling import EventHandler, SourceAccess
from marrowd.work.listening import Asking, Listener
from marrowd.work.outcomes import Outcomes
from marrowd.work.reading import ResourceReader
from marrowd.work.rechecks import RecheckLoop
from marrowd.work.retrying import Patience
from marrowd.work.screening import ScreeningLoop, ScreeningPace
from marrowd.work.searching import SweepPace
from marrowd.work.sweep import Sweeper, SweepLoop
from marrowd.work.worker import Worker

SOURCE = "hospital"
RULES = "test-rules"
Resource = Mapping[str, Any]


@dataclass(kw_only=True)
class Line:
    """What a test holds on to."""

    server: FhirServer
    store: Store
    ehr: Ehr
    clock: HandClock
    metrics: Metrics
    client: FhirClient
    handler: EventHandler
    listener: Listener
    worker: Worker
    sweeper: Sweeper
    rechecks: RecheckLoop
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def arrive(self, *resources: Resource) -> None:
        """Bring versions in as notifications with payload do."""
        events = []
        for resource in resources:
            ref = f"{resource['resourceType']}/{resource['id']}"
            payload = json.dumps(resource).encode()
            events.append(an_event(ref, payload=payload, received_at=self.clock()))
        await self.store.accept(events)
        self.worker.wake()

    async def write(self, *resources: Resource) -> None:
        """Write on the FHIR server, which notifies."""
        await self.arrive(*[self.server.put(r) for r in resources])

    async def tell(self, kind: EventKind, ref: str = "", *, payload: bytes | None = None) -> None:
        """Bring in an event without a resource."""
        key = f"{kind}:{ref}#{random.random()}"  # noqa: S311 - only has to differ
        await self.store.accept(
            [an_event(ref, kind=kind, key=key, payload=payload, received_at=self.clock())]
        )
        self.worker.wake()

    async def idle(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until nothing is ready or running, neither event nor message."""
        async with asyncio.timeout(timeout_s):
            while True:
                depth = await self.store.inbox_depth()
                waiting = sum(n for state, n in depth.items() if state is not EventState.PARKED)
                ready = [
                    m
                    for m in await self.store.list_messages(state=MessageState.READY, limit=100)
                    if m.attempts == 0
                ]
                running = await self.store.list_messages(state=MessageState.RUNNING, limit=1)
                if not waiting and not ready and not running:
                    return
                await asyncio.sleep(0.01)

    async def parked(self, count: int = 1) -> list[EventRow]:
        """Wait until so many events are parked."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = await self.store.list_events(state=EventState.PARKED, limit=100)
                if len(rows) >= count:
                    return rows
                await asyncio.sleep(0.01)

    async def put_off(self) -> EventRow:
        """Wait until an event was tried and waits to be tried again."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = await self.store.list_events(state=EventState.READY, limit=100)
                tried = [row for row in rows if row.attempts]
                if tried:
                    return tried[0]
                await asyncio.sleep(0.01)

    async def fact(self, ref: str) -> Fact | None:
        """Give what is stored of *ref*."""
        return (await self.store.versions_of(SOURCE, [ref])).get(ref)

    def shown(self) -> list[tuple[str, str]]:
        """Give (type, patient) of each message that took effect at the EHR."""
        return [(e["type"], e["patient"]) for e in self.ehr.effects]


@asynccontextmanager
async def running_line(folder: Path, *, has_sweeps: bool = False) -> AsyncIterator[Line]:
    """Run the line over a new store in *folder*."""
    async with (
        fhir_servers.running(FhirServer()) as server,
        ehrs.running(Ehr()) as ehr,
        opened(folder) as store,
        aiohttp.ClientSession() as session,
    ):
        line = build_line(server, ehr, store, session, has_sweeps=has_sweeps)
        line.task = asyncio.create_task(line.worker.run(line.stop))
        try:
            yield line
        finally:
            line.stop.set()
            if line.task is not None:
                await line.task


def build_line(
    server: FhirServer,
    ehr: Ehr,
    store: Store,
    session: aiohttp.ClientSession,
    *,
    has_sweeps: bool,
) -> Line:
    """Join the parts."""
    clock = HandClock()
    rng = random.Random(1)  # noqa: S311 - jitter
    metrics = some_metrics()
    outcomes = Outcomes()
    bounds = Bounds()
    limits = Limits(timeout_s=PATIENCE_S, tries=1, max_bytes=1_000_000)
    client = FhirClient(Transport(session, limits=limits, rng=rng), server.base_url)
    codes = load_codes()
    reading = ResourceReader({SOURCE: Extraction(reader=PlainReader(), rules=RULES, codes=codes)})
    decider = Decider(
        policy=policy_from(PolicySettings()),
        rules=RULES,
        base_urls={SOURCE: server.base_url, canary_of(SOURCE): server.base_url},
        destinations={SOURCE: ["ehr"], canary_of(SOURCE): [canary_of(SOURCE)]},
    )
    delivery = DeliveryLoop(
        store,
        WebhookDestination(session, name="ehr", url=ehr.url, clock=clock),
        worker="w",
        clock=clock,
        rng=rng,
        metrics=metrics,
        pace=DeliveryPace(poll=timedelta(milliseconds=50)),
    )
    background = BackgroundKeeper(
        SOURCE, Fetcher(SOURCE, client, bounds=bounds), reading, clock=clock, bounds=bounds
    )
    gatherer = Gatherer(SOURCE, client, reading, background, bounds=bounds)
    sweeper = Sweeper(
        store,
        client,
        source=SOURCE,
        interests=interests(codes),
        clock=clock,
        pace=SweepPace(look_back=timedelta(days=545)),
        wake=lambda: screening.wake(),  # noqa: PLW0108 - defined further down
    )
    sweeps = SweepLoop(sweeper, every=timedelta(days=1), clock=clock, rng=rng)
    listener = Listener(
        store,
        client,
        source=SOURCE,
        clock=clock,
        metrics=metrics,
        ask=Asking(sweep=sweeps.request),
    )
    handler = EventHandler(
        store,
        {
            SOURCE: SourceAccess(
                client=client,
                gatherer=gatherer,
                request_sweep=sweeps.request,
                listener=listener,
            )
        },
        reading,
        decider,
        clock=clock,
        metrics=metrics,
        outcomes=outcomes,
        wake_delivery=delivery.wake,
    )
    screening = ScreeningLoop(
        store,
        handler,
        worker="w",
        clock=clock,
        rng=rng,
        metrics=metrics,
        outcomes=outcomes,
        pace=ScreeningPace(
            poll=timedelta(milliseconds=50),
            drain=timedelta(seconds=1),
            patience=Patience(tries_unknown=2, tries_unusable=2),
        ),
    )
    rechecks = RecheckLoop(
        store,
        decider,
        clock=clock,
        metrics=metrics,
        outcomes=outcomes,
        wake_delivery=delivery.wake,
        every=timedelta(milliseconds=50),
    )
    # A sweep at start would race with what a test brings in.
    optional = [sweeps] if has_sweeps else []
    worker = Worker([screening, delivery, rechecks, *optional], wake=screening.wake)
    return Line(
        server=server,
        store=store,
        ehr=ehr,
        clock=clock,
        metrics=metrics,
        client=client,
        handler=handler,
        listener=listener,
        worker=worker,
        sweeper=sweeper,
        rechecks=rechecks,
    )
