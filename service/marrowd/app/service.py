"""
The service from first breath to last: what is begun in which order, and ended in reverse.

The store first, because nothing may be acknowledged without it; then the ways to the sources; then
the loops; the listeners last, so that whoever can reach the service finds it able to work. At the
end the public listener closes first: nothing more comes in while what was begun is finished.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version

import aiohttp
import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics

from marrowd.app.access import opened
from marrowd.app.clock import Clock, utc_now
from marrowd.app.listening import Address, listen, ops_app, public_app
from marrowd.app.tracing import tracing
from marrowd.app.working import Parts, begin, opening, worker_of
from marrowd.core.reader import Reader
from marrowd.fhir.addresses import pinned_connector
from marrowd.rules.policies import policy_from
from marrowd.rules.version import RULES_VERSION
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import Rotation, Settings, StoreSettings
from marrowd.store.engine import same_database
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.work.secrets import SecretWatch

_POOL = 20  # connections to one host from hooks
_CLOSE_S = 5.0  # a request under way may end within this

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does; one may do both."""

    WEB = "web"
    WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service."""

    port: int
    ops_port: int
    host: str
    ops_host: str
    store: Store
    working: asyncio.Task[None] | None
    rotating: asyncio.Task[None] | None

    @property
    def public_url(self) -> str:
        """Where hooks and notifications arrive on this machine."""
        return f"http://{self.host}:{self.port}"

    @property
    def ops_url(self) -> str:
        """Where operators look."""
        return f"http://{self.ops_host}:{self.ops_port}"

    async def until(self, stopping: asyncio.Event) -> None:
        """Wait until *stopping* is set; a loop that dies is raised at once."""
        waiting = asyncio.create_task(stopping.wait())
        running = [task for task in (self.working, self.rotating) if task is not None]
        try:
            await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        for task in running:
            if task.done():
                task.result()


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    roles: frozenset[Role] = frozenset(Role),
    store: Store | None = None,
    clock: Clock = utc_now,
    rng: random.Random | None = None,
) -> AsyncIterator[Service]:
    """
    Run the service while the block lasts, then drain and stop.

    Args:
        settings: the whole configuration.
        roles: what this process does.
        store: another store than the configured one (tests); opened here all the same.
        clock: gives the time; a simulation hands in its own.
        rng: gives jitter; likewise.

    Raises:
        BadConfiguration: a policy, schema or destination that cannot be used.
        StoreUnavailable: the store cannot be opened.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # it takes and gives nothing
    rotation = Rotation()
    parts = Parts(
        settings=settings,
        policy=policy_from(settings.policy),
        reader=Reader(load_vocabulary()),
        store=store or _store_of(settings.store, rotation),
        metrics=Metrics(
            CollectorRegistry(),
            sources=[source.name for source in settings.sources],
            watched=[source.name for source in settings.sources if source.subscribe != "none"],
            destinations=[destination.name for destination in settings.destinations],
            version=version("marrowd"),
            rules=RULES_VERSION,
        ),
        clock=clock,
        rng=rng or random.SystemRandom(),
        rotation=rotation,
    )
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(tracing(settings.tracing, parts.metrics))
        parts = replace(parts, tracer=tracer)
        await parts.store.open()
        stack.push_async_callback(parts.store.close)
        wake, working = await _begin_work(parts, stack) if Role.WORK in roles else (_nobody, None)
        ops_port = await listen(
            stack, ops_app(parts, working), settings.http.ops_host, settings.http.ops_port
        )
        port = 0
        if Role.WEB in roles:
            address = Address()
            app = await public_app(parts, wake, address, stack)
            port = await listen(stack, app, settings.http.host, settings.http.port)
            address.url = settings.http.public_url or f"http://{settings.http.host}:{port}"
        # By now everybody who uses a secret holds it.
        watch = SecretWatch(rotation, parts.metrics)
        rotating = await begin(watch, stack) if rotation.is_needed else None
        yield Service(
            port=port,
            ops_port=ops_port,
            host=settings.http.host,
            ops_host=settings.http.ops_host,
            store=parts.store,
            working=working,
            rotating=rotating,
        )


async def _begin_work(
    parts: Parts, stack: AsyncExitStack
) -> tuple[Callable[[], None], asyncio.Task[None]]:
    accesses = await stack.enter_async_context(
        opened(
            parts.settings,
            metrics=parts.metrics,
            clock=parts.clock,
            rng=parts.rng,
            rotation=parts.rotation,
        )
    )
    urls = [destination.url for destination in parts.settings.destinations]
    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=pinned_connector(urls, per_host=_POOL),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    worker = worker_of(parts, accesses, session, opened=opening(stack))
    return worker.wake, await begin(worker, stack)


def _store_of(section: StoreSettings, rotation: Rotation) -> Store:
    url = section.url.get_secret_value()
    login_of = rotation.hold(
        section, lambda now: same_database(url, now.url.get_secret_value()), place="store"
    )
    return open_store(url, login_of=login_of)


def _nobody() -> None:
    """Wake nobody: in a process without loops the worker finds the event by polling."""
