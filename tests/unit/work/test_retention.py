"""What is kept no longer goes, a bounded piece at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.store import HandClock, an_event, opened, until
from tests.support.stored import Quiet, lab, saying

from marrowd.errors import StoreUnavailable
from marrowd.store.protocols import Store
from marrowd.work.retention import Keeping, RetentionLoop

KEEPING = Keeping(
    queues=timedelta(days=7),
    evidence=timedelta(days=3650),
    audit=timedelta(days=2190),
    patients=2,
    steps=2,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@asynccontextmanager
async def running(store: Store, clock: HandClock) -> AsyncIterator[None]:
    loop = RetentionLoop(store, keeping=KEEPING, clock=clock)
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def come_to(store: Store, place: str) -> None:
    async def is_there() -> bool:
        return await store.cursor(":retention", "evidence") == place

    await until(is_there)


async def left(store: Store) -> list[bool]:
    return [bool(await store.facts_of("main", f"Patient/{number}")) for number in range(6)]


async def test_done_events_and_taken_messages_go_after_a_while(
    store: Store, clock: HandClock
) -> None:
    await store.accept([an_event()])
    until_then = clock() + timedelta(minutes=1)
    [event] = await store.claim(worker="w", limit=9, now=clock(), until=until_then)
    await store.apply("main", [], saying(), now=clock(), event=event, patients=["Patient/1"])
    [message] = await store.claim_messages(
        "ehr", worker="w", limit=9, now=clock(), until=until_then
    )
    await store.taken(message, now=clock())

    async with running(store, clock):
        await asyncio.sleep(0.1)
    assert await store.show_message(message.id) is not None

    async def is_gone() -> bool:
        shown = (await store.show_message(message.id), await store.show_event(event.id))
        return shown == (None, None)

    clock.move(timedelta(days=8))
    async with running(store, clock):
        await until(is_gone)


async def test_the_walk_is_bounded_and_goes_on_after_a_restart(
    store: Store, clock: HandClock
) -> None:
    for number in range(6):
        fact = lab(f"Observation/{number}", patient=f"Patient/{number}")
        await store.apply("main", [fact], Quiet(), now=clock())
    clock.move(timedelta(days=3660))

    async with running(store, clock):
        await come_to(store, '["main", "Patient/3"]')
    assert await left(store) == [False] * 4 + [True] * 2

    async with running(store, clock):
        await come_to(store, '["", ""]')
    assert await left(store) == [False] * 6


async def test_a_store_that_is_down_is_asked_again_later(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def down(**_words: object) -> int:
        asked.append(1)
        message = "gone"
        raise StoreUnavailable(message)

    for name in ("purge_done", "purge_taken", "purge_audit", "forget_evidence"):
        monkeypatch.setattr(store, name, down)

    async with running(store, clock):
        await until(lambda: len(asked) == 4)
