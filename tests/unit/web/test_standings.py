"""Reads that are wanted at once go together, and hang or fail together."""

import asyncio

import pytest
from tests.support.patience import PATIENCE_S

from marrowd.errors import StoreUnavailable
from marrowd.store.cards_shown import AnswerStanding, Asked
from marrowd.web.standings import Standings


class SlowStore:
    """Answers when told; a patient's revision is the number in its name."""

    def __init__(self):
        self.trips = []
        self.begun = asyncio.Queue()
        self.go = asyncio.Event()
        self.error = None

    async def standings(self, asked):
        self.trips.append([each.patient for each in asked])
        self.begun.put_nowait(None)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [AnswerStanding(revision=int(each.patient)) for each in asked]


@pytest.fixture
def store():
    return SlowStore()


def asking(standings, *patients):
    return [standings.of(Asked("main", name, "")) for name in patients]


async def a_trip(store):
    """Wait until one more has begun, and those who came have queued up behind it."""
    await store.begun.get()
    await asyncio.sleep(0)


async def test_those_that_come_at_once_share_a_trip_and_each_gets_its_own_answer(store):
    standings = Standings(store, within_s=5)
    tasks = asking(standings, "1", "2", "3")
    await a_trip(store)
    store.go.set()

    found = await asyncio.gather(*tasks)

    assert [each.revision for each in found] == [1, 2, 3]
    assert store.trips == [["1", "2", "3"]]


async def test_those_that_come_while_a_trip_is_under_way_share_the_next(store):
    standings = Standings(store, within_s=5)
    first = asking(standings, "1")
    await a_trip(store)
    others = asking(standings, "2", "3")
    store.go.set()

    await asyncio.gather(*first, *others)

    assert store.trips == [["1"], ["2", "3"]]


async def test_one_that_comes_alone_goes_alone_each_time(store):
    store.go.set()
    standings = Standings(store, within_s=5)

    for name in "12":
        await standings.of(Asked("main", name, ""))

    assert store.trips == [["1"], ["2"]]


async def test_a_store_that_hangs_is_given_up_by_all_who_wait_and_asked_again_later(store):
    standings = Standings(store, within_s=0.01)

    found = await asyncio.gather(*asking(standings, "1", "2"), return_exceptions=True)

    assert [type(each) for each in found] == [StoreUnavailable] * 2
    assert store.trips == [["1", "2"]]
    store.go.set()
    assert (await standings.of(Asked("main", "3", ""))).revision == 3


async def test_a_trip_for_many_that_fails_fails_those_that_came_meanwhile_too(store):
    standings = Standings(store, within_s=5)
    one, two = asking(standings, "1", "2")
    await a_trip(store)
    [three] = asking(standings, "3")
    store.error = StoreUnavailable("away")
    store.go.set()

    found = await asyncio.gather(one, two, three, return_exceptions=True)

    assert [type(each) for each in found] == [StoreUnavailable] * 3
    assert store.trips == [["1", "2"]]


async def test_a_caller_that_goes_away_leaves_the_others_their_answers(store):
    standings = Standings(store, within_s=5)
    one, two, three = asking(standings, "1", "2", "3")
    await a_trip(store)
    one.cancel()
    two.cancel()
    store.go.set()

    assert (await three).revision == 3
    assert (await standings.of(Asked("main", "4", ""))).revision == 4


async def test_a_defect_in_a_trip_for_many_leaves_nobody_waiting(store):
    standings = Standings(store, within_s=5)
    one, two = asking(standings, "1", "2")
    await a_trip(store)
    [three] = asking(standings, "3")
    store.error = RuntimeError("a defect")
    store.go.set()

    async with asyncio.timeout(PATIENCE_S):
        found = await asyncio.gather(one, two, three, return_exceptions=True)

    assert [type(each) for each in found] == [StoreUnavailable] * 3
    store.error = None
    assert (await standings.of(Asked("main", "4", ""))).revision == 4
