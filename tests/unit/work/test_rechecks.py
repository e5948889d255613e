import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.support.store import HandClock, count_of, opened, some_metrics, until

from marrowd.errors import StoreUnavailable
from marrowd.store.protocols import Decide, PatientChange, PatientState, Store
from marrowd.work.outcomes import Outcomes
from marrowd.work.rechecks import RecheckLoop


class Deciding:
    """Decides that a patient is due again in a day; knows one it cannot decide on."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def at(self, source: str, now: datetime) -> Decide:
        assert source == "hospital"

        def decide(state: PatientState) -> PatientChange:
            self.seen.append(state.patient)
            if state.patient == "Patient/bad":
                raise ValueError(state.patient)
            return PatientChange(
                verdict="nothing_relevant",
                card=None,
                posted_card=None,
                recheck_at=now + timedelta(days=1),
                rules="r",
            )

        return decide


def due(now: datetime) -> Decide:
    def decide(_: PatientState) -> PatientChange:
        return PatientChange(
            verdict="association", card=None, posted_card=None, recheck_at=now, rules="r"
        )

    return decide


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


async def test_those_due_are_screened_once_and_one_bad_patient_stops_nobody(store: Store) -> None:
    clock, metrics, deciding = HandClock(), some_metrics(), Deciding()
    patients = ["Patient/1", "Patient/bad", "Patient/2", "Patient/3"]
    await store.apply("hospital", [], due(clock()), now=clock(), patients=patients)
    woken: list[int] = []
    loop = RecheckLoop(
        store,
        deciding,
        clock=clock,
        metrics=metrics,
        outcomes=Outcomes(),
        wake_delivery=lambda: woken.append(1),
        batch=1,
        every=timedelta(milliseconds=10),
    )
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))

    await until(lambda: len(set(deciding.seen)) == 4)
    await asyncio.sleep(0.05)
    stop.set()
    await task

    assert {p: deciding.seen.count(p) for p in patients if p != "Patient/bad"} == {
        "Patient/1": 1,
        "Patient/2": 1,
        "Patient/3": 1,
    }
    await until(lambda: count_of(metrics, "verdicts_total", verdict="nothing_relevant") == 3)
    assert woken


async def test_a_store_that_is_down_is_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, deciding = HandClock(), Deciding()
    await store.apply("hospital", [], due(clock()), now=clock(), patients=["Patient/1"])
    apply, failures = store.apply, [StoreUnavailable("disk full")]

    async def failing(*args: object, **words: object) -> object:
        if failures:
            raise failures.pop()
        return await apply(*args, **words)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(store, "apply", failing)
    loop = RecheckLoop(
        store,
        deciding,
        clock=clock,
        metrics=some_metrics(),
        outcomes=Outcomes(),
        every=timedelta(milliseconds=10),
    )
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))

    await until(lambda: deciding.seen == ["Patient/1"])
    stop.set()
    await task
