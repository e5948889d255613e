"""A real SQLite store in a folder, and a clock that only moves when told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from tests.support.patience import PATIENCE_S

from marrowd.store.open import open_store
from marrowd.store.protocols import EventKind, NewEvent, Store
from marrowd.telemetry.metrics import Metrics

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """Gives the same time until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    """Open a new store in *folder*."""
    store = open_store(f"sqlite:///{folder}/marrowd.sqlite3")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def some_metrics(*, source: str = "hospital", destination: str = "ehr") -> Metrics:
    """Give metrics with a registry of their own."""
    return Metrics(CollectorRegistry(), sources=[source], destinations=[destination])


def count_of(metrics: Metrics, name: str, **labels: str) -> float:
    """Give the value of one sample, 0 when there is none."""
    return metrics.registry.get_sample_value(f"marrowd_{name}", labels) or 0.0


def an_event(
    ref: str = "Observation/1",
    *,
    payload: bytes | None = b"{}",
    kind: EventKind = EventKind.RESOURCE,
    key: str | None = None,
    source: str = "hospital",
    received_at: datetime = NOON,
) -> NewEvent:
    """Give an event as the intake would write it."""
    return NewEvent(
        source=source,
        kind=kind,
        key=key or f"{ref}#{hash(payload)}",
        received_at=received_at,
        ref=ref,
        payload=payload,
    )


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until *condition*, which may be a coroutine function, holds."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.01)
