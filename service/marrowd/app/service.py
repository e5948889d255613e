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

from prometheus_client import CollectorRegistry, disable_created_metrics

from marrowd.app.access import opened
from marrowd.app.clock import Clock, utc_now
from marrowd.app.listening import Address, listen, ops_app, public_app
from marrowd.app.parts import Parts, begin, opening
from marrowd.app.sessions import session_to
from marrowd.app.tracing import tracing
from marrowd.app.working import worker_of
from marrowd.core.reader import Reader
from marrowd.rules.policies import policy_from
from marrowd.rules.version import RULES_VERSION
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import Rotation, Settings, StoreSettings
from marrowd.store.engine import same_database
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.work.secrets import SecretWatch


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
    parts = _parts_of(settings, store, clock, rng or random.SystemRandom())
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(tracing(settings.tracing, parts.metrics))
        parts = replace(parts, tracer=tracer)
        await parts.store.open()
        stack.push_async_callback(parts.store.close)
        wake, working = await _begin_work(parts, stack) if Role.WORK in roles else (_nobody, None)
        address = Address() if Role.WEB in roles else None
        ops = ops_app(parts, working, address)
        ops_port = await listen(stack, ops, settings.http.ops_host, settings.http.ops_port)
        port = await _serve_public(parts, wake, address, stack) if address is not None else 0
        # By now everybody who uses a secret holds it.
        watch = SecretWatch(parts.rotation, parts.metrics)
        rotating = await begin(watch, stack) if parts.rotation.is_needed else None
        yield Service(
            port=port,
            ops_port=ops_port,
            host=settings.http.host,
            ops_host=settings.http.ops_host,
            store=parts.store,
            working=working,
            rotating=rotating,
        )


def _parts_of(settings: Settings, store: Store | None, clock: Clock, rng: random.Random) -> Parts:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # it takes and gives nothing
    rotation = Rotation()
    return Parts(
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
        rng=rng,
        rotation=rotation,
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
    session = await stack.enter_async_context(session_to(urls))
    worker = worker_of(parts, accesses, session, text_of=opening(stack))
    return worker.wake, await begin(worker, stack)


async def _serve_public(
    parts: Parts, wake: Callable[[], None], address: Address, stack: AsyncExitStack
) -> int:
    """Serve events and hooks; give the port."""
    http = parts.settings.http
    app = await public_app(parts, wake, address, stack)
    port = await listen(stack, app, http.host, http.port)
    address.url = http.public_url or f"http://{http.host}:{port}"

    def close() -> None:
        address.is_open = False

    address.is_open = True
    stack.callback(close)
    return port


def _store_of(section: StoreSettings, rotation: Rotation) -> Store:
    url = section.url.get_secret_value()
    login_of = rotation.hold(
        section, lambda now: same_database(url, now.url.get_secret_value()), place="store"
    )
    return open_store(url, login_of=login_of)


def _nobody() -> None:
    """Wake nobody: in a process without loops the worker finds the event by polling."""
