import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.support.patience import PATIENCE_S
from tests.support.store import HandClock, an_event, count_of, opened, some_metrics, until

from marrowd.errors import EhrUnavailable, StoreUnavailable
from marrowd.store.protocols import Event, EventState, Store
from marrowd.telemetry.metrics import Metrics, Parked
from marrowd.work.outcomes import Outcomes
from marrowd.work.retrying import Patience
from marrowd.work.screening import Handled, ScreeningLoop, ScreeningPace
from marrowd.work.worker import Worker


class ScriptedHandler:
    """Finishes events as told: at once, never, or not at all."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.begun: list[str] = []
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self.blocked: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.most_at_once = 0
        self._at_once = 0

    async def handle(self, event: Event) -> Handled:
        ref = event.new.ref
        self.begun.append(ref)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if ref in self.blocked:
                await self.blocked[ref].wait()
            await asyncio.sleep(0)
            if ref in self.errors:
                raise self.errors[ref]
            await self.store.finish(event, now=event.new.received_at)
            self.done.append(ref)
        except asyncio.CancelledError:
            self.cancelled.append(ref)
            raise
        finally:
            self._at_once -= 1
        return Handled(outcome="screened")


class Rig:
    """A screening loop over a real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = HandClock()
        self.handler = ScriptedHandler(store)
        self.metrics: Metrics = some_metrics()
        self.pace = ScreeningPace(
            parallel=4,
            batch=8,
            poll=timedelta(milliseconds=20),
            lease=timedelta(milliseconds=300),
            drain=timedelta(milliseconds=200),
            patience=Patience(tries_unknown=1),
        )
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def start(self) -> ScreeningLoop:
        loop = ScreeningLoop(
            self.store,
            self.handler,
            worker="w",
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311 - jitter
            metrics=self.metrics,
            outcomes=Outcomes(),
            pace=self.pace,
        )
        self.task = asyncio.create_task(loop.run(self.stop))
        return loop

    async def end(self) -> None:
        self.stop.set()
        if self.task is not None:
            await self.task

    async def accept(self, refs: Iterable[str]) -> None:
        await self.store.accept([an_event(ref) for ref in refs])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with opened(tmp_path) as store:
        rig = Rig(store)
        yield rig
        for blocked in rig.handler.blocked.values():
            blocked.set()
        await rig.end()


def refs(count: int) -> list[str]:
    return [f"Observation/{number}" for number in range(count)]


async def test_every_event_is_handled_once_and_only_so_many_at_a_time(rig: Rig) -> None:
    await rig.accept(refs(50))

    rig.start()
    await until(lambda: len(rig.handler.done) == 50)

    assert sorted(rig.handler.begun) == sorted(refs(50))
    assert rig.handler.most_at_once == rig.pace.parallel
    assert not any((await rig.store.inbox_depth()).values())


async def test_a_wake_saves_the_poll(rig: Rig) -> None:
    rig.pace = ScreeningPace(poll=timedelta(hours=1))
    loop = rig.start()
    await asyncio.sleep(0.05)

    await rig.accept(refs(1))
    loop.wake()

    await until(lambda: len(rig.handler.done) == 1)


async def test_one_that_is_stuck_does_not_hold_the_others(rig: Rig) -> None:
    rig.handler.blocked["Observation/0"] = asyncio.Event()
    await rig.accept(refs(20))

    rig.start()

    await until(lambda: len(rig.handler.done) == 19)


async def test_an_error_of_ours_is_parked_and_counted(rig: Rig) -> None:
    rig.handler.errors["Observation/1"] = RuntimeError("Zebediah")
    await rig.accept(refs(3))

    rig.start()
    await until(lambda: len(rig.handler.done) == 2)
    await until(lambda: count_of(rig.metrics, "events_parked_total", reason=Parked.ERROR) == 1)

    rows = await rig.store.list_events(state=EventState.PARKED, limit=9)
    assert [(r.ref, r.reason) for r in rows] == [("Observation/1", Parked.ERROR)]
    assert rows[0].detail.startswith("RuntimeError at test_screening_loop.py:")


async def test_a_long_outage_does_not_use_up_the_tries_of_another_failure(rig: Rig) -> None:
    ref = "Observation/0"
    rig.pace = replace(rig.pace, patience=Patience(tries_unknown=2))
    rig.handler.errors[ref] = EhrUnavailable("search answered 503")
    await rig.accept([ref])
    rig.start()
    for count in range(1, 7):
        await until_put_off(rig, attempts=count)
        if count == 5:
            rig.handler.errors[ref] = RuntimeError("x")
        rig.clock.move(timedelta(hours=1))

    await until(lambda: count_of(rig.metrics, "events_parked_total", reason=Parked.ERROR) == 1)

    assert len(rig.handler.begun) == 7


async def until_put_off(rig: Rig, *, attempts: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await rig.store.list_events(state=EventState.READY, limit=9)
            if [row.attempts for row in rows] == [attempts]:
                return
            await asyncio.sleep(0.01)


async def test_what_is_put_off_waits_for_its_time(rig: Rig) -> None:
    rig.handler.errors["Observation/0"] = EhrUnavailable("search answered 503")
    await rig.accept(refs(1))
    rig.start()
    await until(lambda: len(rig.handler.begun) == 1)
    await asyncio.sleep(0.1)
    assert len(rig.handler.begun) == 1

    rig.handler.errors.clear()
    rig.clock.move(timedelta(seconds=2))

    await until(lambda: len(rig.handler.done) == 1)


async def test_a_lease_is_kept_while_the_work_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    extend, beats = rig.store.extend, []

    async def counted(held: list[Event], **times: datetime) -> list[Event]:
        kept = await extend(held, **times)
        beats.append(len(kept))
        return kept

    monkeypatch.setattr(rig.store, "extend", counted)
    rig.handler.blocked["Observation/0"] = asyncio.Event()
    await rig.accept(refs(1))
    rig.start()
    await until(lambda: len(rig.handler.begun) == 1)

    for _ in range(4):
        rig.clock.move(timedelta(milliseconds=120))
        enough = len(beats) + 2  # the first may have looked at the clock before
        await until(lambda enough=enough: len(beats) >= enough)
    now = rig.clock()
    stolen = await rig.store.claim(worker="x", limit=9, now=now, until=now + timedelta(minutes=1))

    assert stolen == []
    rig.handler.blocked["Observation/0"].set()
    await until(lambda: rig.handler.done == ["Observation/0"])


async def test_work_on_a_lost_lease_is_dropped(rig: Rig) -> None:
    rig.handler.blocked["Observation/0"] = asyncio.Event()
    await rig.accept(refs(1))
    rig.start()
    await until(lambda: len(rig.handler.begun) == 1)

    later = rig.clock() + timedelta(hours=1)
    stolen = await rig.store.claim(worker="x", limit=9, now=later, until=later + timedelta(hours=1))

    assert len(stolen) == 1
    await until(lambda: rig.handler.cancelled == ["Observation/0"])


async def test_a_stop_lets_what_was_begun_end(rig: Rig) -> None:
    blocked = rig.handler.blocked["Observation/0"] = asyncio.Event()
    await rig.accept(refs(1))
    rig.start()
    await until(lambda: len(rig.handler.begun) == 1)

    rig.stop.set()
    blocked.set()
    await rig.end()

    assert rig.handler.done == ["Observation/0"]


async def test_a_stop_gives_back_what_cannot_end_in_time(rig: Rig) -> None:
    for ref in refs(4):
        rig.handler.blocked[ref] = asyncio.Event()
    await rig.accept(refs(8))
    rig.start()
    await until(lambda: len(rig.handler.begun) == 4)

    await rig.end()

    assert sorted(rig.handler.cancelled) == refs(4)
    rows = await rig.store.list_events(state=EventState.READY, limit=9)
    assert [(row.ref, row.attempts) for row in rows] == [(ref, 0) for ref in refs(8)]


async def test_a_store_that_is_down_is_asked_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, failures = rig.store.claim, [StoreUnavailable("disk full")] * 3

    async def failing(**words: object) -> list[Event]:
        if failures:
            raise failures.pop()
        return await claim(**words)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(rig.store, "claim", failing)
    await rig.accept(refs(1))
    rig.start()

    await until(lambda: len(rig.handler.done) == 1)


async def test_a_write_under_way_survives_cancellation() -> None:
    outcomes, go, written = Outcomes(), asyncio.Event(), []

    async def write() -> None:
        await go.wait()
        written.append(1)

    task = asyncio.create_task(outcomes.write(write()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    go.set()
    await outcomes.settle()

    assert written == [1]


class Dying:
    """A loop that ends by itself."""

    name = "dying"

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def run(self, _stop: asyncio.Event) -> None:
        if self.error is not None:
            raise self.error


class Waiting:
    """A loop that behaves."""

    name = "waiting"

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


@pytest.mark.parametrize("error", [ValueError("x"), None], ids=["raises", "returns"])
async def test_a_loop_that_dies_takes_the_process_with_it(error: Exception | None) -> None:
    with pytest.raises(ExceptionGroup):
        await Worker([Waiting(), Dying(error)]).run(asyncio.Event())


async def test_a_worker_ends_when_told() -> None:
    stop = asyncio.Event()
    stop.set()

    await Worker([Waiting(), Waiting()]).run(stop)


async def lose(rig: Rig, count: int, times: int) -> None:
    """Claim *count* events and let the leases run out, *times* over: a process that keeps dying."""
    await rig.accept(refs(count))
    for _ in range(times):
        now = rig.clock()
        await rig.store.claim(worker="dead", limit=count, now=now, until=now)
        rig.clock.move(timedelta(seconds=1))


async def test_what_was_lost_before_is_handled_alone(rig: Rig) -> None:
    await lose(rig, 6, rig.pace.lost_alone)
    await rig.store.accept([an_event(f"DiagnosticReport/{n}") for n in range(6)])

    rig.start()
    await until(lambda: len(rig.handler.done) == 12)

    suspects = [ref for ref in rig.handler.begun if ref.startswith("Observation/")]
    assert sorted(suspects) == refs(6)
    assert count_of(rig.metrics, "events_parked_total", reason=Parked.LOST) == 0


async def test_a_suspect_has_nothing_beside_it(rig: Rig) -> None:
    await lose(rig, 3, rig.pace.lost_alone)
    rig.handler.blocked["Observation/0"] = asyncio.Event()

    rig.start()
    await until(lambda: rig.handler.begun == ["Observation/0"])
    await asyncio.sleep(0.1)

    rows = await rig.store.list_events(state=EventState.READY, limit=10)
    assert [row.ref for row in rows] == ["Observation/1", "Observation/2"]  # others may have them
    assert rig.handler.begun == ["Observation/0"]


async def test_what_is_lost_too_often_is_set_aside_and_the_others_go_on(rig: Rig) -> None:
    await lose(rig, 1, rig.pace.lost_most)
    await rig.store.accept([an_event("DiagnosticReport/1")])

    rig.start()
    await until(lambda: rig.handler.done == ["DiagnosticReport/1"])

    (row,) = await rig.store.list_events(state=EventState.PARKED, limit=10)
    assert (row.ref, row.reason) == ("Observation/0", Parked.LOST)
    await until(lambda: count_of(rig.metrics, "events_parked_total", reason=Parked.LOST) == 1)
    await rig.store.retry_parked([row.id], now=rig.clock())
    await until(lambda: "Observation/0" in rig.handler.done)
