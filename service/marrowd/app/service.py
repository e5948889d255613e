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
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

import aiohttp
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, disable_created_metrics

from marrowd.app.access import observer, opened
from marrowd.app.clock import Clock, utc_now
from marrowd.app.working import Parts, currency_of, extraction, worker_of
from marrowd.cds.decision import Rules
from marrowd.core.reader import Reader
from marrowd.errors import Unavailable
from marrowd.fhir.addresses import pinned_connector
from marrowd.fhir.parsing_process import ParsingProcess
from marrowd.fhir.texts import TextOf
from marrowd.rules.policies import policy_from
from marrowd.rules.version import RULES_VERSION
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import Settings
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.web.answers import answering
from marrowd.web.events import Intake
from marrowd.web.gathering import HookSource
from marrowd.web.hooks import Budget, Hooks
from marrowd.web.ops import Ops
from marrowd.work.worker import Loop

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
        tasks = {waiting, self.working} if self.working else {waiting}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.working is not None and self.working.done():
            self.working.result()


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
    parts = Parts(
        settings=settings,
        policy=policy_from(settings.policy),
        reader=Reader(load_vocabulary()),
        store=store or open_store(settings.store.url.get_secret_value()),
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
    )
    async with AsyncExitStack() as stack:
        await parts.store.open()
        stack.push_async_callback(parts.store.close)
        wake, working = await _begin_work(parts, stack) if Role.WORK in roles else (_nobody, None)
        ops_port = await _listen(
            stack, _ops_app(parts, working), settings.http.ops_host, settings.http.ops_port
        )
        port = 0
        if Role.WEB in roles:
            app = _public_app(parts, wake, await _begin_hooks(parts, wake, stack))
            port = await _listen(stack, app, settings.http.host, settings.http.port)
        yield Service(
            port=port,
            ops_port=ops_port,
            host=settings.http.host,
            ops_host=settings.http.ops_host,
            store=parts.store,
            working=working,
        )


async def _begin_work(
    parts: Parts, stack: AsyncExitStack
) -> tuple[Callable[[], None], asyncio.Task[None]]:
    accesses = await stack.enter_async_context(
        opened(parts.settings, metrics=parts.metrics, clock=parts.clock, rng=parts.rng)
    )
    urls = [destination.url for destination in parts.settings.destinations]
    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=pinned_connector(urls, per_host=_POOL),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    worker = worker_of(parts, accesses, session, opened=_opening(stack))
    return worker.wake, await _begin(worker, stack)


async def _begin_hooks(parts: Parts, wake: Callable[[], None], stack: AsyncExitStack) -> Hooks:
    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=pinned_connector(_asked_by_hooks(parts.settings), per_host=_POOL),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    currency = currency_of(parts)
    await currency.refresh()
    _ = await _begin(currency, stack)
    hooks = parts.settings.hooks
    return Hooks(
        store=parts.store,
        sources=[
            HookSource(
                name=source.name,
                base_url=source.base_url,
                observe=observer(parts.metrics, source.name),
            )
            for source in parts.settings.sources
        ],
        session=session,
        extraction=extraction(parts, _opening(stack)),
        rules=Rules(policy=parts.policy, version=RULES_VERSION),
        metrics=parts.metrics,
        clock=parts.clock,
        wake=wake,
        is_current=currency.is_current,
        budget=Budget(
            whole_s=hooks.budget.total_seconds(), fetch_s=hooks.fetch_budget.total_seconds()
        ),
    )


def _opening(stack: AsyncExitStack) -> TextOf:
    """Give what opens documents, in a process that ends with the stack; each half has its own."""
    documents = ParsingProcess()
    stack.callback(documents.close)
    return documents.text_of


def _asked_by_hooks(settings: Settings) -> list[str]:
    """Give what hooks may connect to: the sources, and the keys of those who call."""
    keys = [issuer.jwks_url for issuer in settings.hooks.issuers if issuer.jwks_url]
    return [*(source.base_url for source in settings.sources), *keys]


async def _begin(loop: Loop, stack: AsyncExitStack) -> asyncio.Task[None]:
    """Run *loop* until the stack unwinds, and then wait for it."""
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop), name=loop.name)

    async def drain() -> None:
        stop.set()
        await task

    stack.push_async_callback(drain)
    return task


def _public_app(parts: Parts, wake: Callable[[], None], hooks: Hooks) -> web.Application:
    http = parts.settings.http
    app = web.Application(middlewares=[answering], client_max_size=http.max_body)
    Intake(
        inbox=parts.store,
        secrets={
            source.name: [secret.get_secret_value() for secret in source.notification_secret]
            for source in parts.settings.sources
        },
        metrics=parts.metrics,
        wake=wake,
        clock=parts.clock,
    ).add_routes(app)
    hooks.add_routes(app)
    return app


def _ops_app(parts: Parts, working: asyncio.Task[None] | None) -> web.Application:
    app = web.Application(middlewares=[answering])

    async def work() -> None:
        if working is None or working.done():
            message = "the loops are not running"
            raise Unavailable(message)

    checks = {"store": parts.store.ping}
    if working is not None:
        checks["work"] = work
    Ops(
        store=parts.store,
        metrics=parts.metrics,
        checks=checks,
        clock=parts.clock,
        destinations=[destination.name for destination in parts.settings.destinations],
    ).add_routes(app)
    return app


async def _listen(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> int:
    """Serve *app* and give the port it listens on; 0 asks for any free one."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound: int = runner.addresses[0][1]
    return bound


def _nobody() -> None:
    """Wake nobody: in a process without loops the worker finds the event by polling."""
