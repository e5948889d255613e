"""The canary goes the whole way, tells its time, and is nobody's evidence."""

import asyncio
from datetime import timedelta

import pytest
from tests.support.loops import SOURCE, running_line
from tests.support.patience import PATIENCE_S
from tests.support.store import count_of, until

from marrowd.core.verdict import VerdictKind
from marrowd.store.messages import MessageState
from marrowd.work.canary import PATIENT, CanaryLoop, canary_of


@pytest.fixture
async def line(tmp_path):
    async with running_line(tmp_path) as line:
        yield line


def canary(line, **values):
    return CanaryLoop(
        line.store,
        source=SOURCE,
        worker="w",
        clock=line.clock,
        metrics=line.metrics,
        wake=line.worker.wake,
        **values,
    )


async def through(line, loop):
    """Send one and wait until its card is in the outbox."""
    sent = await loop.send()
    async with asyncio.timeout(PATIENCE_S):
        while sent and (await line.store.outbox_depth()).get(canary_of(SOURCE), 0) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return sent


async def test_it_comes_out_at_the_other_end_each_time(line):
    loop = canary(line)
    for _ in range(3):
        assert await through(line, loop)
        assert await loop.take() == line.clock()
        line.clock.move(timedelta(seconds=61))

    taken = await line.store.list_messages(state=MessageState.TAKEN, limit=10)
    assert [m.destination for m in taken] == [canary_of(SOURCE)] * 3


async def test_it_is_nobodys_evidence(line):
    loop = canary(line)
    await through(line, loop)
    await loop.take()

    assert line.shown() == []
    assert await line.store.facts_of(SOURCE, PATIENT) == ()
    assert all(count_of(line.metrics, "verdicts_total", verdict=v) == 0 for v in VerdictKind)
    assert count_of(line.metrics, "vitamin_d_results_total", **{"class": "deficient"}) == 0
    assert await line.store.due_rechecks(now=line.clock() + timedelta(days=4000), limit=9) == []


async def test_replicas_send_one_between_them(line):
    first, second = canary(line), canary(line)

    assert await first.send() == line.clock()
    assert await second.send() is None
    line.clock.move(timedelta(seconds=61))
    assert await second.send() == line.clock()


async def test_its_time_is_shown(line):
    stop = asyncio.Event()
    task = asyncio.create_task(canary(line, every=timedelta(seconds=0.2)).run(stop))

    def shown():
        name, labels = "marrowd_canary_seconds", {"source": SOURCE}
        return line.metrics.registry.get_sample_value(name, labels) is not None

    await until(shown)
    await asyncio.sleep(0.2)
    assert shown()  # until the next one
    stop.set()
    await task

    assert count_of(line.metrics, "canary_seconds", source=SOURCE) == 0.0  # the clock stands still


async def test_whoever_does_not_send_says_nothing(line):
    stop = asyncio.Event()
    await through(line, canary(line))  # another replica's
    line.metrics.canary_seconds.labels(source=SOURCE).set(40)
    task = asyncio.create_task(canary(line).run(stop))
    await until(
        lambda: (
            line.metrics.registry.get_sample_value("marrowd_canary_seconds", {"source": SOURCE})
            is None
        )
    )
    stop.set()
    await task


async def test_one_that_is_late_shows_how_late(line):
    line.stop.set()  # nobody works
    await line.task
    line.task = None
    stop = asyncio.Event()
    task = asyncio.create_task(canary(line).run(stop))
    await asyncio.sleep(0.05)
    line.clock.move(timedelta(seconds=40))
    await until(lambda: count_of(line.metrics, "canary_seconds", source=SOURCE) == 40.0)
    stop.set()
    await task
