"""Both listeners as the composition root joins them, on one store, for tests of the whole API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from tests.support.hook_calls import POLICY, Bench, hooks_running

from marrowd.errors import StoreUnavailable
from marrowd.web.answers import answering
from marrowd.web.events import Intake
from marrowd.web.openapi import add_openapi
from marrowd.web.ops import Ops
from marrowd.web.ops_page import OpsPage

OF_OPS = frozenset({"/", "/livez", "/readyz", "/metrics"})  # paths of the operators' listener
SECRET = "the-right-secret-of-the-hospital"


@dataclass(kw_only=True)
class Listeners:
    """The public and the operators' listener, and what they were seen to answer."""

    bench: Bench
    ops: TestClient[web.Request, web.Application]
    is_store_up: bool = True
    seen: set[tuple[str, str, str]] = field(default_factory=set)  # method, path, status

    @property
    def public(self) -> TestClient[web.Request, web.Application]:
        """The public listener."""
        return self.bench.client

    async def ask(self, method: str, path: str, url: str, **options: Any) -> ClientResponse:
        """Ask *url*, which is an instance of the documented *path*."""
        client = self.ops if path in OF_OPS else self.public
        answer = await client.request(method, url, **options)
        self.seen.add((method.lower(), path, str(answer.status)))
        return answer


@asynccontextmanager
async def listening(folder: Path, **changed: Any) -> AsyncIterator[Listeners]:
    """Run both."""

    def on_public(app: web.Application, parts: dict[str, Any]) -> None:
        Intake(
            inbox=parts["store"],
            secrets_of={"hospital": [SECRET]}.get,
            metrics=parts["metrics"],
            wake=lambda: None,
            clock=parts["clock"],
        ).add_routes(app)
        add_openapi(app)

    async with hooks_running(folder, also=on_public, **changed) as bench:
        listeners: Listeners

        async def store() -> None:
            if not listeners.is_store_up:
                message = "the store is away"
                raise StoreUnavailable(message)

        ops = web.Application(middlewares=[answering])
        Ops(
            store=bench.store, metrics=bench.metrics, checks={"store": store}, clock=bench.clock
        ).add_routes(ops)
        OpsPage(
            store=bench.store,
            metrics=bench.metrics,
            clock=bench.clock,
            policy=POLICY,
            rules="test",
            version="0",
            sources=(),
            destinations=(),
        ).add_routes(ops)
        async with TestClient(TestServer(ops)) as client:
            listeners = Listeners(bench=bench, ops=client)
            yield listeners
