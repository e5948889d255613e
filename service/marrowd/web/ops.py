"""
The operators' listener: alive, ready, metrics. No patient, no secret, nothing that changes state.

`/livez` touches nothing, so that a slow database never gets the process killed; `/readyz` asks
every dependency.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from marrowd.errors import MarrowdError
from marrowd.store.protocols import EventState, Store
from marrowd.telemetry.metrics import Metrics

CHECK_TIMEOUT_S = 2.0  # a probe that hangs is an answer too
Check = Callable[[], Awaitable[None]]
_WAITING = (EventState.READY, EventState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ops:
    """What the operators' listener shows."""

    store: Store
    metrics: Metrics
    checks: Mapping[str, Check]  # by dependency; raises when it is not usable
    clock: Callable[[], datetime]
    destinations: Sequence[str] = ()

    def add_routes(self, app: web.Application) -> None:
        """Put the paths on *app*."""
        app.router.add_get("/livez", self.livez)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.exposition)

    async def livez(self, _request: web.Request) -> web.Response:
        """Say that the event loop turns."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """Ask every dependency; 503 when one is not usable."""
        names = list(self.checks)
        states = await asyncio.gather(*(_ask(self.checks[name]) for name in names))
        is_ready = all(state == "ok" for state in states)
        body = {
            "status": "ok" if is_ready else "unavailable",
            "dependencies": dict(zip(names, states, strict=True)),
        }
        return web.json_response(body, status=200 if is_ready else 503)

    async def exposition(self, request: web.Request) -> web.Response:
        """Give the metrics, in OpenMetrics when asked for it."""
        await self._refresh()
        if "application/openmetrics-text" in request.headers.get("Accept", ""):
            body = await asyncio.to_thread(generate_openmetrics, self.metrics.registry)
            return web.Response(body=body, headers={"Content-Type": OPENMETRICS})
        body = await asyncio.to_thread(generate_latest, self.metrics.registry)
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=body, headers=headers)

    async def _refresh(self) -> None:
        """Read depth and age from the store; when it is down the last known values stand."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                depth = await self.store.inbox_depth()
                oldest = await self.store.oldest_waiting()
                queued = await self.store.outbox_depth()
                first = await self.store.oldest_message()
                stopped = await self.store.stopped_destinations()
        except (MarrowdError, TimeoutError):
            return
        now = self.clock()
        self.metrics.inbox_depth.set(sum(depth.get(state, 0) for state in _WAITING))
        self.metrics.inbox_oldest_seconds.set(_age(oldest, now))
        for destination in self.destinations:
            depth_now = queued.get(destination, 0)
            self.metrics.outbox_depth.labels(destination=destination).set(depth_now)
            age = _age(first.get(destination), now)
            self.metrics.outbox_oldest_seconds.labels(destination=destination).set(age)
            is_stopped = float(destination in stopped)
            self.metrics.destination_stopped.labels(destination=destination).set(is_stopped)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except MarrowdError as exc:
        return str(exc)
    return "ok"


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
