"""
The listening half: both listeners, and what answers on them.

The public one takes notifications and hook calls; the operators' one shows what is going on and
changes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version

from aiohttp import web

from marrowd.app.access import observer
from marrowd.app.parts import Parts, begin, extraction, opening
from marrowd.app.sessions import session_to
from marrowd.cds.decision import Rules
from marrowd.errors import BadConfiguration, Unavailable
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Settings, Source
from marrowd.telemetry.tracing import OFF
from marrowd.web.answers import answering
from marrowd.web.connections import Runner
from marrowd.web.cors import cors
from marrowd.web.events import Intake
from marrowd.web.gathering import HookSource
from marrowd.web.hooks import Budget, Hooks
from marrowd.web.openapi import add_openapi
from marrowd.web.ops import Ops
from marrowd.web.ops_page import OpsPage
from marrowd.web.tracing import traced
from marrowd.web.trust import trust_from
from marrowd.work.watching import Currency

_CLOSE_S = 5.0  # a request under way may end within this


@dataclass(slots=True)
class Address:
    """Where the public listener is reached, known only once a free port was found, and whether."""

    url: str = ""
    is_open: bool = False

    async def check(self) -> None:
        """Raise Unavailable while nobody is listened to: at start, and once the drain has begun."""
        if not self.is_open:
            message = "the public listener is not open"
            raise Unavailable(message)


async def public_app(
    parts: Parts, wake: Callable[[], None], address: Address, stack: AsyncExitStack
) -> web.Application:
    """
    Give what answers on the public listener.

    Raises:
        BadConfiguration: the hooks would be open to anybody, or an issuer has no usable keys.
    """
    http = parts.settings.http
    tracing = [] if parts.tracer is OFF else [traced(parts.tracer)]
    app = web.Application(
        middlewares=[*tracing, cors(parts.settings.hooks.origins), answering],
        client_max_size=http.max_body,
    )
    Intake(
        inbox=parts.store,
        secrets_of=_secrets_of(parts),
        metrics=parts.metrics,
        wake=wake,
        clock=parts.clock,
    ).add_routes(app)
    (await _hooks(parts, wake, address, stack)).add_routes(app)
    add_openapi(app)
    return app


def ops_app(
    parts: Parts, working: asyncio.Task[None] | None, address: Address | None
) -> web.Application:
    """
    Give what answers on the operators' listener.

    Args:
        parts: of the service.
        working: the loops, if this process runs them.
        address: of the public listener, if this process has one.
    """
    app = web.Application(middlewares=[answering])

    async def work() -> None:
        if working is None or working.done():
            message = "the loops are not running"
            raise Unavailable(message)

    checks = {"store": parts.store.ping}
    if working is not None:
        checks["work"] = work
    if address is not None:
        checks["web"] = address.check
    Ops(
        store=parts.store,
        metrics=parts.metrics,
        checks=checks,
        clock=parts.clock,
        destinations=[destination.name for destination in parts.settings.destinations],
    ).add_routes(app)
    OpsPage(
        store=parts.store,
        metrics=parts.metrics,
        clock=parts.clock,
        policy=parts.policy,
        rules=RULES_VERSION,
        version=version("marrowd"),
        sources=parts.settings.sources,
        destinations=parts.settings.destinations,
    ).add_routes(app)
    return app


async def listen(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> int:
    """
    Serve *app* and give the port it listens on; 0 asks for any free one.

    Raises:
        BadConfiguration: the address is not ours, or somebody else listens there.
    """
    runner = Runner(app, access_log=None, shutdown_timeout=_CLOSE_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as exc:
        message = (
            f"{host}:{port} cannot be listened on ({exc.strerror or 'no such address'}): stop what "
            "holds it, or set another in [http]"
        )
        raise BadConfiguration(message) from None
    bound: int = runner.addresses[0][1]
    return bound


def _secrets_of(parts: Parts) -> Callable[[str], Sequence[str] | None]:
    held = {
        source.name: parts.rotation.hold(source, _let_in, place=f"sources {source.name}")
        for source in parts.settings.sources
    }

    def secrets_of(source: str) -> Sequence[str] | None:
        secrets = held.get(source)
        return None if secrets is None else secrets()

    return secrets_of


def _let_in(source: Source) -> Sequence[str]:
    return [secret.get_secret_value() for secret in source.notification_secret]


async def _hooks(
    parts: Parts, wake: Callable[[], None], address: Address, stack: AsyncExitStack
) -> Hooks:
    session = await stack.enter_async_context(session_to(_asked_by_hooks(parts.settings)))
    currency = _currency(parts)
    await currency.refresh()
    _ = await begin(currency, stack)
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
        extraction=extraction(parts, opening(stack)),
        rules=Rules(policy=parts.policy, version=RULES_VERSION),
        metrics=parts.metrics,
        clock=parts.clock,
        wake=wake,
        is_current=currency.is_current,
        trust=trust_from(
            hooks,
            parts.settings.http.host,
            session=session,
            tokens=parts.store,
            clock=parts.clock,
            public_url=lambda: address.url,
            rotation=parts.rotation,
        ),
        override_quiet=parts.settings.policy.override_quiet,
        budget=Budget(
            whole_s=hooks.budget.total_seconds(), fetch_s=hooks.fetch_budget.total_seconds()
        ),
    )


def _asked_by_hooks(settings: Settings) -> list[str]:
    """Give what hooks may connect to: the sources, and the keys of those who call."""
    keys = [issuer.jwks_url for issuer in settings.hooks.issuers if issuer.jwks_url]
    return [*(source.base_url for source in settings.sources), *keys]


def _currency(parts: Parts) -> Currency:
    """Give what knows whether stored evidence may be relied on."""
    sources = parts.settings.sources
    return Currency(
        parts.store,
        sweep_every={source.name: source.sweep_every for source in sources},
        unwatched=frozenset(s.name for s in sources if s.subscribe == "none"),
        clock=parts.clock,
    )
