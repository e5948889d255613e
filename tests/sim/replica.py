"""
One process of the real service in the simulation: all loops and the intake, joined as they are run.

Replaced are only the sockets (two sessions), the threads and the clock. Paces are longer where a
loop would merely look and find nothing: a virtual hour is to cost little.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.sim.loop import Process, SimLoop
from tests.sim.world import BASE, EHR, EhrWire, FhirWire, Notice, status_of

from marrowd.app.access import Access
from marrowd.app.parts import Parts
from marrowd.app.working import worker_of
from marrowd.core.policy import Policy
from marrowd.core.reader import Reader
from marrowd.errors import StoreUnavailable
from marrowd.fhir.breaker import Breaker
from marrowd.fhir.client import FhirClient
from marrowd.fhir.texts import text_of
from marrowd.fhir.transport import Transport
from marrowd.rules.codes import Codes, load_codes
from marrowd.rules.policies import policy_from
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import Destination, Rotation, Settings, Source
from marrowd.store.engine import Engines
from marrowd.store.open import open_store
from marrowd.store.protocols import NewEvent, Store
from marrowd.telemetry.metrics import Metrics
from marrowd.web.events import Intake
from marrowd.work.delivery import DeliveryLoop, DeliveryPace
from marrowd.work.rechecks import RecheckLoop
from marrowd.work.screening import ScreeningLoop, ScreeningPace
from marrowd.work.worker import Worker

T = TypeVar("T")
SOURCE = "hospital"
SECRET = "a-secret-of-the-simulation"
_BACKOFF = 503
_COMPILED: dict[str, Any] = {}
SETTINGS = Settings(
    sources=(
        Source(
            name=SOURCE,
            base_url=BASE,
            notification_secret=(SecretStr(SECRET),),
            subscribe="none",
            sweep_every=timedelta(minutes=5),
        ),
    ),
    destinations=(Destination(name="ehr", url=EHR, source=SOURCE, token=SecretStr("t" * 16)),),
)


@contextmanager
def paced() -> Iterator[None]:
    """Let loops that find nothing look less often."""
    with ExitStack() as stack:
        for loop, changed in (
            (ScreeningLoop, {"pace": ScreeningPace(poll=timedelta(seconds=30))}),
            (DeliveryLoop, {"pace": DeliveryPace(poll=timedelta(seconds=30))}),
            (RecheckLoop, {"every": timedelta(minutes=2)}),
        ):
            stack.enter_context(patch.dict(loop.__init__.__kwdefaults__, changed))
        yield


@cache
def shared() -> tuple[Policy, Reader, Codes]:
    """Give what never changes and takes long to load."""
    return policy_from(SETTINGS.policy), Reader(load_vocabulary()), load_codes()


@dataclass(slots=True)
class Accepting:
    """The inbox as one request sees it; remembers what the store has said it keeps."""

    store: Store
    keys: list[str] = field(default_factory=list)

    async def accept(self, events: Sequence[NewEvent]) -> int:
        """Keep *events*."""
        new = await self.store.accept(events)
        self.keys += [event.key for event in events]
        return new


@dataclass(slots=True, kw_only=True)
class Replica:
    """One process; `intake` is there once it has started."""

    process: Process
    file: Path
    store: Store
    worker: Worker | None = None
    intake: Intake | None = None

    async def take(self, notice: Notice) -> tuple[int, list[str]]:
        """Answer one request as the web half does; give the status and the keys it speaks for."""
        if self.intake is None:
            return _BACKOFF, []
        inbox: Any = Accepting(self.store)
        intake = replace(self.intake, inbox=inbox)
        request: Any = notice
        handler = {"PUT": intake.resource, "DELETE": intake.deleted, "POST": intake.notification}
        try:
            answer = await handler[notice.method](request)
        except web.HTTPException as refused:
            return status_of(refused), []
        except StoreUnavailable:
            return _BACKOFF, []
        return answer.status, list(inbox.keys)


def _share_statements(engines: Engines) -> None:
    """Let all processes use statements compiled once: it is a third of a run's time."""
    for name, engine in (("read", engines.read), ("write", engines.write)):
        engine.dialect, engine._compiled_cache = _COMPILED.setdefault(
            name, (engine.dialect, engine._compiled_cache)
        )


def replica(
    process: Process,
    file: Path,
    loop: SimLoop,
    wires: tuple[FhirWire, EhrWire],
    clock: Callable[[], datetime],
) -> tuple[Replica, Callable[[], Any]]:
    """Give a process of the service over the database in *file*, and what starts it."""

    async def on_thread(work: Callable[[], T]) -> T:
        return await loop.run_in_executor(None, work)

    store = open_store(f"sqlite:///{file}", run=on_thread)
    _share_statements(store._database.engines)  # type: ignore[attr-defined]  # of the SQL store
    made = Replica(process=process, file=file, store=store)

    async def start() -> None:
        await store.open()
        policy, reader, codes = shared()
        rng = random.Random(loop.rng.getrandbits(32))  # noqa: S311 - jitter
        metrics = Metrics(CollectorRegistry(), sources=[SOURCE], destinations=["ehr"])
        source = SETTINGS.sources[0]
        fhir, ehr = wires
        session: Any = fhir
        posting: Any = ehr
        transport = Transport(
            session, breaker=Breaker(clock=loop.time, rng=rng), clock=clock, rng=rng
        )
        access = Access(
            source=source,
            client=FhirClient(transport, BASE),
            codes=codes,
            endpoint="",
            secret=lambda: SECRET,
        )
        parts = Parts(
            settings=SETTINGS,
            policy=policy,
            reader=reader,
            store=store,
            metrics=metrics,
            clock=clock,
            rng=rng,
            rotation=Rotation(),
        )
        made.worker = worker_of(parts, {SOURCE: access}, posting, text_of=text_of)
        made.intake = Intake(
            inbox=store,
            secrets_of={SOURCE: [SECRET]}.get,
            metrics=metrics,
            wake=made.worker.wake,
            clock=clock,
        )

    return made, start
