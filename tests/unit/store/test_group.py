"""Group commit by itself: order, bounds, and what happens when a flush is cut short."""

import asyncio
from collections.abc import Sequence

import pytest

from marrowd.errors import StoreUnavailable
from marrowd.store.group import Failed, Group


class Disk:
    """Writes a group when it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.go = asyncio.Event()

    async def flush(self, jobs: Sequence[str]) -> list[str | Failed]:
        self.groups.append(list(jobs))
        await self.go.wait()
        return [Failed(ValueError(job)) if job == "bad" else job.upper() for job in jobs]


def group_over(disk: Disk, *, group_size: int = 10, capacity: int = 10) -> Group[str, str]:
    return Group(disk.flush, size=len, group_size=group_size, capacity=capacity)


async def submitted(group: Group[str, str], *jobs: str) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(group.submit(job)) for job in jobs]
    for _ in range(5):  # until a group is closed
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_during_a_write_becomes_the_next_group() -> None:
    disk = Disk()
    group = group_over(disk)
    first = await submitted(group, "a")
    later = await submitted(group, "b", "c")
    disk.go.set()

    assert ["A", "B", "C"] == await asyncio.gather(*first, *later)
    assert [["a"], ["b", "c"]] == disk.groups


async def test_who_was_just_answered_and_comes_again_is_in_the_next_group() -> None:
    disk = Disk()
    group = group_over(disk)

    async def ask_twice(job: str) -> None:
        await group.submit(job)
        await group.submit(f"{job}2")

    asking = [asyncio.create_task(ask_twice(job)) for job in ("a", "b")]
    first = await submitted(group, "c")
    later = await submitted(group, "d")
    disk.go.set()
    await asyncio.gather(*asking, *first, *later)

    assert [["a", "b", "c"], ["d", "a2", "b2"]] == disk.groups


async def test_a_group_is_closed_at_its_size() -> None:
    disk = Disk()
    group = group_over(disk, group_size=2)
    disk.go.set()
    await asyncio.gather(*await submitted(group, "a", "b", "c", "d", "e"))

    assert [["a", "b"], ["c", "d"], ["e"]] == disk.groups


async def test_one_that_fails_fails_alone() -> None:
    disk = Disk()
    group = group_over(disk)
    disk.go.set()
    outcomes = await asyncio.gather(
        *await submitted(group, "a", "bad", "c"), return_exceptions=True
    )

    assert ["A", "C"] == [outcomes[0], outcomes[2]]
    assert isinstance(outcomes[1], ValueError)


async def test_more_than_the_capacity_is_refused_at_once() -> None:
    disk = Disk()
    group = group_over(disk, capacity=2)
    waiting = await submitted(group, "a")
    waiting += await submitted(group, "b", "c")

    with pytest.raises(StoreUnavailable, match="full"):
        await group.submit("d")

    disk.go.set()
    assert ["A", "B", "C"] == await asyncio.gather(*waiting)


async def test_nobody_hangs_when_a_write_is_cut_short() -> None:
    disk = Disk()
    group = group_over(disk)
    [task] = await submitted(group, "a")
    group._task.cancel()

    with pytest.raises(StoreUnavailable, match="stopped"):
        await task


async def test_closing_writes_what_waits_and_refuses_the_rest() -> None:
    disk = Disk()
    group = group_over(disk)
    [task] = await submitted(group, "a")
    closing = asyncio.create_task(group.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="closed"):
        await group.submit("b")
    disk.go.set()
    await closing

    assert "A" == await task


async def test_closing_what_was_never_used_is_fine() -> None:
    await group_over(Disk()).close()
