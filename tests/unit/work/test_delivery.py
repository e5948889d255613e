import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from tests.support.ehr import Ehr, Reply, running
from tests.support.patience import PATIENCE_S
from tests.support.store import HandClock, count_of, opened, some_metrics, until

from marrowd.cds.webhook import Answer, WebhookDestination, credentials, mark_of
from marrowd.errors import BadConfiguration, StoreUnavailable
from marrowd.store.messages import Chosen, Message, MessageRow, MessageState
from marrowd.store.protocols import NewMessage, PatientChange, PatientState, Store
from marrowd.telemetry.metrics import Metrics
from marrowd.work.delivery import DeliveryLoop, DeliveryPace

SECRETS = tuple(
    "whsec_" + base64.b64encode(text * 3).decode() for text in (b"old-key ", b"new-key ")
)
PACE = DeliveryPace(poll=timedelta(milliseconds=20), drain=timedelta(milliseconds=200))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


@pytest.fixture
async def ehr() -> AsyncIterator[Ehr]:
    async with running(Ehr(secrets=SECRETS[1:], token="letmein")) as ehr:
        yield ehr


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def metrics() -> Metrics:
    return some_metrics()


Started = Callable[..., AbstractAsyncContextManager[DeliveryLoop]]


@pytest.fixture
async def delivering(store: Store, ehr: Ehr, clock: HandClock, metrics: Metrics) -> Started:
    @asynccontextmanager
    async def start(timeout_s: float = PATIENCE_S) -> AsyncIterator[DeliveryLoop]:
        async with aiohttp.ClientSession() as session:
            destination = WebhookDestination(
                session,
                name="ehr",
                url=ehr.url,
                shown=lambda: credentials("ehr", secrets=SECRETS, token="letmein"),
                clock=clock,
                timeout_s=timeout_s,
            )
            loop = DeliveryLoop(
                store,
                destination,
                worker="w",
                clock=clock,
                rng=random.Random(1),  # noqa: S311 - jitter
                metrics=metrics,
                seconds=lambda: clock().timestamp(),
                pace=PACE,
            )
            stop = asyncio.Event()
            task = asyncio.create_task(loop.run(stop))
            try:
                yield loop
            finally:
                stop.set()
                await task

    return start


async def post(
    store: Store, clock: HandClock, *, patient: str = "Patient/1", sequence: int = 1
) -> str:
    """Write a message as a verdict would, received a second before."""
    ident = f"{patient}-{sequence}"

    def decide(_: PatientState) -> PatientChange:
        message = NewMessage(
            id=ident,
            destination="ehr",
            sequence=sequence,
            body=json.dumps({"id": ident, "text": "Ödem"}).encode(),
            event_received_at=clock() - timedelta(seconds=1),
        )
        return PatientChange(
            verdict="association",
            card=None,
            posted_card=None,
            recheck_at=None,
            rules="r",
            messages=(message,),
        )

    await store.apply("hospital", [], decide, now=clock(), patients=[patient])
    return ident


async def row_of(store: Store, ident: str) -> MessageRow:
    shown = await store.show_message(ident)
    assert shown is not None
    return shown[0]


async def settled(store: Store, ident: str, *, attempts: int = 1) -> MessageRow:
    """Wait until the outcome of an attempt is written."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            row = await row_of(store, ident)
            if row.attempts >= attempts and row.state is not MessageState.RUNNING:
                return row
            await asyncio.sleep(0.01)


async def test_a_message_is_posted_signed_and_taken(
    store: Store, ehr: Ehr, clock: HandClock, metrics: Metrics, delivering: Started
) -> None:
    ident = await post(store, clock)

    async with delivering():
        row = await settled(store, ident)

    assert row.state is MessageState.TAKEN
    assert [(p.webhook_id, p.is_signed) for p in ehr.posts] == [(ident, True)]
    assert ehr.posts[0].body["text"] == "Ödem"
    assert ehr.posts[0].headers["content-type"] == "application/json"
    assert len(ehr.posts[0].headers["webhook-signature"].split()) == 2
    await until(
        lambda: count_of(metrics, "deliveries_total", destination="ehr", outcome="taken") == 1
    )
    await until(lambda: count_of(metrics, "delivery_lag_seconds_sum") == 1.0)


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        pytest.param(Reply(status=422), MessageState.PARKED, "422", id="refused for good"),
        pytest.param(
            Reply(status=302, headers={"Location": "/cards"}), MessageState.READY, "302", id="moved"
        ),
        pytest.param(Reply(status=500), MessageState.READY, "500", id="broken"),
        pytest.param(Reply(is_dropped=True), MessageState.READY, "connection", id="dropped"),
    ],
)
async def test_what_is_not_taken_is_kept_or_parked(
    store: Store,
    ehr: Ehr,
    clock: HandClock,
    delivering: Started,
    reply: Reply,
    state: MessageState,
    reason: str,
) -> None:
    ehr.replies.append(reply)
    ident = await post(store, clock)

    async with delivering():
        row = await settled(store, ident)

    assert (row.state, row.reason) == (state, reason)
    assert len(ehr.posts) == 1
    if state is MessageState.READY:
        assert row.available_at > clock()


async def test_a_repeat_has_the_same_id_and_takes_effect_once(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.append(Reply(status=503, is_taken=True))
    ident = await post(store, clock)

    async with delivering():
        await settled(store, ident)
        clock.move(timedelta(seconds=10))
        await ehr.until(posts=2)
        row = await settled(store, ident, attempts=2)

    assert row.state is MessageState.TAKEN
    assert {p.webhook_id for p in ehr.posts} == {ident}
    assert len(ehr.effects) == 1


async def test_messages_of_one_patient_go_out_in_order(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    for sequence in (1, 2, 3):
        await post(store, clock, sequence=sequence)

    async with delivering():
        await settled(store, "Patient/1-3")

    assert [p.webhook_id for p in ehr.posts] == ["Patient/1-1", "Patient/1-2", "Patient/1-3"]


async def test_a_destination_that_asks_for_time_is_left_alone(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.append(Reply(status=429, headers={"Retry-After": "60"}))
    first = await post(store, clock)

    async with delivering():
        await settled(store, first)
        await post(store, clock, patient="Patient/2")
        await asyncio.sleep(0.1)
        assert len(ehr.posts) == 1
        clock.move(timedelta(seconds=70))
        await ehr.until(effects=2)


async def test_gone_stops_the_destination_and_loses_nothing(
    store: Store, ehr: Ehr, clock: HandClock, metrics: Metrics, delivering: Started
) -> None:
    ehr.replies.append(Reply(status=410))
    first = await post(store, clock)

    async with delivering():
        await settled(store, first)
        await post(store, clock, patient="Patient/2")
        clock.move(timedelta(hours=1))
        await asyncio.sleep(0.1)
        assert len(ehr.posts) == 1
    assert (await store.outbox_depth())["ehr"] == 2
    await until(
        lambda: count_of(metrics, "deliveries_total", destination="ehr", outcome="stopped") == 1
    )

    async with delivering():  # neither a new process nor another replica asks again
        clock.move(timedelta(hours=1))
        await asyncio.sleep(0.1)
        assert len(ehr.posts) == 1

        await store.resume_destinations(["ehr"])
        clock.move(timedelta(seconds=10))
        await ehr.until(effects=2)


async def test_a_destination_that_has_just_stopped_is_soon_looked_at_again(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.append(Reply(status=410))
    first = await post(store, clock)

    async with delivering():
        await settled(store, first)
        await store.resume_destinations(["ehr"])
        clock.move(timedelta(seconds=6))
        await ehr.until(effects=1)


async def test_another_address_begins_anew(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    await store.stop_destination("ehr", mark="where it was before")
    ident = await post(store, clock)

    async with delivering():
        await settled(store, ident)

    assert len(ehr.effects) == 1
    assert await store.stopped_destinations() == {}


async def test_what_another_replica_was_told_is_heard(
    store: Store,
    ehr: Ehr,
    clock: HandClock,
    delivering: Started,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped, looks = store.stopped_destinations, []

    async def counted() -> Mapping[str, str]:
        looks.append(await stopped())
        return looks[-1]

    monkeypatch.setattr(store, "stopped_destinations", counted)
    async with delivering():
        await until(lambda: bool(looks))
        await store.stop_destination("ehr", mark=mark_of(ehr.url))
        clock.move(timedelta(seconds=31))
        await until(lambda: bool(looks[-1]))
        await post(store, clock)
        await asyncio.sleep(0.1)

    assert ehr.posts == []


async def test_one_out_of_reach_is_tried_by_one_message_at_a_time(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.extend(Reply(is_dropped=True) for _ in range(20))
    for number in range(30):
        await post(store, clock, patient=f"Patient/{number}")

    async with delivering():
        await ehr.until(posts=8)  # all that was in flight when it was found out
        await asyncio.sleep(0.1)
        known = len(ehr.posts)
        assert known < 15
        clock.move(timedelta(seconds=8))
        await ehr.until(posts=known + 1)
        await asyncio.sleep(0.1)
        assert len(ehr.posts) == known + 1
        ehr.replies.clear()
        clock.move(timedelta(seconds=90))
        await ehr.until(effects=30)  # those tried before too: they do not wait for their schedule


async def test_a_day_without_the_ehr_loses_nothing_and_says_nothing_twice(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.extend(Reply(status=503, is_taken=number % 3 == 0) for number in range(400))
    for number in range(20):
        for sequence in (1, 2):
            await post(store, clock, patient=f"Patient/{number}", sequence=sequence)

    async with delivering():
        for _ in range(200):
            clock.move(timedelta(hours=24) / 200)
            await asyncio.sleep(0.01)
        ehr.replies.clear()
        # How often each was tried by now, and so how long it waits, is for the machine to say; the
        # longest wait of a day ends within these hours; nothing is given up before the third day.
        for _ in range(40):
            clock.move(timedelta(hours=1))
            await asyncio.sleep(0.01)
        await ehr.until(effects=40)
        async with asyncio.timeout(PATIENCE_S):
            while await store.outbox_depth():  # noqa: ASYNC110 - the store rings no bell
                await asyncio.sleep(0.02)

    assert len({effect["id"] for effect in ehr.effects}) == len(ehr.effects) == 40
    for number in range(20):
        order = [e["id"] for e in ehr.effects if e["id"].startswith(f"Patient/{number}-")]
        assert order == [f"Patient/{number}-1", f"Patient/{number}-2"]


async def test_what_was_taken_after_the_time_out_has_effect_once(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.append(Reply(status=200, delay_s=5.0, is_taken=True))
    ident = await post(store, clock)

    async with delivering(timeout_s=2.0):
        row = await settled(store, ident)
        assert (row.state, row.reason) == (MessageState.READY, "timeout")
        clock.move(timedelta(seconds=10))
        row = await settled(store, ident, attempts=2)

    assert row.state is MessageState.TAKEN
    assert (len(ehr.posts), len(ehr.effects)) == (2, 1)


async def test_a_replayed_message_is_known_by_its_id(
    store: Store, ehr: Ehr, clock: HandClock, metrics: Metrics, delivering: Started
) -> None:
    ident = await post(store, clock)
    async with delivering():
        await settled(store, ident)
        clock.move(timedelta(days=5))
        await store.replay(Chosen(ids=(ident,)), now=clock())
        await ehr.until(posts=2)
        row = await settled(store, ident)

    assert (row.state, row.attempts) == (MessageState.TAKEN, 1)
    assert {p.webhook_id for p in ehr.posts} == {ident}
    assert len(ehr.effects) == 1
    assert count_of(metrics, "delivery_lag_seconds_count") == 1


async def test_a_message_is_given_up_after_three_days(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ident = await post(store, clock)
    ehr.replies.extend(Reply(status=500) for _ in range(20))

    async with delivering():
        row = await settled(store, ident)
        while row.state is MessageState.READY:
            clock.now = row.available_at
            row = await settled(store, ident, attempts=row.attempts + 1)

    assert row.state is MessageState.PARKED
    assert clock.now - row.created_at >= timedelta(days=3)


async def test_what_is_under_way_at_the_stop_is_given_back(
    store: Store, ehr: Ehr, clock: HandClock, delivering: Started
) -> None:
    ehr.replies.append(Reply(delay_s=0.4))
    ident = await post(store, clock)

    async with delivering():
        await ehr.until(posts=1)

    row = await row_of(store, ident)
    assert row.state is MessageState.READY
    assert isinstance(row.available_at, datetime)


def test_a_secret_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(BadConfiguration, match="ehr"):
        credentials("ehr", secrets=["whsec_"])


class Broken:
    """A destination whose client has a fault of its own."""

    name = "ehr"
    mark = "m"

    def __init__(self) -> None:
        self.tries = 0

    async def send(self, message_id: str, _body: bytes) -> Answer:
        self.tries += 1
        raise ValueError(message_id)


async def test_an_error_of_ours_and_a_store_that_is_down_stop_nothing(
    store: Store, clock: HandClock, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, retry = store.claim_messages, store.retry_message
    failures = {"claim": 2, "retry": 1}

    async def failing_claim(*args: object, **words: object) -> list[Message]:
        if failures["claim"]:
            failures["claim"] -= 1
            raise StoreUnavailable(str(args))
        return await claim(*args, **words)  # type: ignore[arg-type]  # handed through

    async def failing_retry(*args: object, **words: object) -> bool:
        if failures["retry"]:
            failures["retry"] -= 1
            raise StoreUnavailable(str(args[:0]))
        return await retry(*args, **words)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(store, "claim_messages", failing_claim)
    monkeypatch.setattr(store, "retry_message", failing_retry)
    ident = await post(store, clock)
    broken = Broken()
    loop = DeliveryLoop(
        store,
        broken,
        worker="w",
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter
        metrics=metrics,
        pace=PACE,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))

    await until(lambda: broken.tries == 1)
    clock.move(timedelta(minutes=5))  # the outcome was not recorded: the lease runs out
    row = await settled(store, ident, attempts=2)
    stop.set()
    await task

    assert row.state is MessageState.READY
    assert row.reason.startswith("ValueError at test_delivery.py:")


class Slow:
    """A destination that answers when it may, or, as a FHIR server can, after most of a lease."""

    name = "ehr"
    mark = "m"

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_answer = asyncio.Semaphore(0)

    async def send(self, message_id: str, _body: bytes) -> Answer:
        self.begun.append(message_id)
        await self.may_answer.acquire()
        return Answer(status=204)


async def test_what_waited_long_for_its_turn_is_claimed_anew_before_it_is_sent(
    store: Store, clock: HandClock, metrics: Metrics
) -> None:
    for number in range(2):
        await post(store, clock, patient=f"Patient/{number}")
    slow = Slow()
    loop = DeliveryLoop(
        store,
        slow,
        worker="w",
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter
        metrics=metrics,
        pace=replace(PACE, parallel=1, batch=2),
    )
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    await until(lambda: len(slow.begun) == 1)
    clock.move(timedelta(seconds=60))
    slow.may_answer.release()
    await until(lambda: len(slow.begun) == 2)

    clock.move(timedelta(seconds=60))  # the first lease has run out, and the second has not
    until_then = clock() + timedelta(seconds=90)
    assert [] == await store.claim_messages(
        "ehr", worker="other", limit=9, now=clock(), until=until_then
    )

    slow.may_answer.release()
    row = await settled(store, slow.begun[1])
    stop.set()
    await task
    assert (row.state, row.attempts) == (MessageState.TAKEN, 1)
