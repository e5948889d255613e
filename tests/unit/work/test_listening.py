"""What a topic Subscription's status leads to: waiting, asking for what lacks, sweeping."""

import json
from datetime import timedelta

import pytest
from tests.support.fhir_server import Fault
from tests.support.loops import SOURCE, running_line
from tests.support.resources import lab
from tests.support.store import NOON, count_of, until

from marrowd.fhir.notifications import StatusType, SubscriptionStatus
from marrowd.store.protocols import EventKind
from marrowd.work.listening import Asking, Listener

REF = "Subscription/9"


@pytest.fixture
async def line(tmp_path):
    async with running_line(tmp_path) as line:
        yield line


@pytest.fixture
def swept():
    return []


@pytest.fixture
def listener(line, swept):
    return Listener(
        line.store,
        line.client,
        source=SOURCE,
        clock=line.clock,
        metrics=line.metrics,
        ask=Asking(sweep=lambda: swept.append(1), look=lambda: swept.append("look")),
    )


def told(*numbers, kind=StatusType.EVENT, state="active"):
    return SubscriptionStatus(
        subscription=REF, type=kind, state=state, count=max(numbers), numbers=numbers
    )


def fault(bundle):
    """The server's answer to `$events`."""
    headers = {"Content-Type": "application/fhir+json"}
    body = json.dumps(bundle).encode()
    return Fault(prefix=f"/{REF}/$events", status=200, headers=headers, body=body)


def answer(*numbers, resources):
    status = {
        "resourceType": "SubscriptionStatus",
        "type": "query-event",
        "notificationEvent": [{"eventNumber": str(n)} for n in numbers],
        "subscription": {"reference": REF},
    }
    entries = [{"resource": r} for r in (status, *resources)]
    return {"resourceType": "Bundle", "type": "history", "entry": entries}


async def gap_of(listener, line, first, last):
    """Let *first* to *last* be missing for long enough."""
    await listener.hear(told(first - 1), at=line.clock())
    heard = await listener.hear(told(last + 1), at=line.clock())
    assert heard.again_at == NOON + timedelta(seconds=5)
    line.clock.move(timedelta(seconds=5))
    return await listener.hear(told(last + 1), at=NOON, is_again=True)


async def test_what_comes_late_is_no_gap(listener, line, swept):
    for number in (1, 3, 2):
        await listener.hear(told(number), at=line.clock())
    line.clock.move(timedelta(seconds=5))
    heard = await listener.hear(told(3), at=NOON, is_again=True)

    assert (heard.again_at, swept) == (None, [])
    assert count_of(line.metrics, "notification_gaps_total", source=SOURCE) == 0


async def test_a_server_without_events_is_swept(listener, line, swept):
    heard = await gap_of(listener, line, 2, 2)  # the server in memory answers $events with 405

    assert (heard.again_at, swept) == (None, [1])
    assert count_of(line.metrics, "notification_gaps_total", source=SOURCE) == 1
    assert not (await listener.counting(REF)).gaps


async def test_a_server_with_events_says_again_what_lacks(listener, line, swept):
    lacking = line.server.put(lab("late"))
    line.server.faults.append(fault(answer(2, 3, resources=[lacking])))
    await gap_of(listener, line, 2, 3)
    line.worker.wake()
    await line.idle()

    assert swept == []
    (asked,) = line.server.asked(f"/{REF}/$events")
    assert asked.query == "eventsSinceNumber=2&eventsUntilNumber=3"
    assert await line.fact("Observation/late")


async def test_a_server_that_leaves_some_out_is_swept_as_well(listener, line, swept):
    line.server.faults.append(fault(answer(2, resources=[])))
    await gap_of(listener, line, 2, 3)

    assert swept == [1]


async def test_a_count_that_begins_anew_asks_for_a_sweep(listener, line, swept):
    await listener.hear(told(500), at=line.clock())
    await listener.hear(told(1), at=line.clock())

    assert swept == [1]
    assert count_of(line.metrics, "notification_gaps_total", source=SOURCE) == 0


async def test_a_subscription_in_error_is_looked_at(listener, line, swept):
    await listener.hear(told(1, kind=StatusType.HEARTBEAT, state="error"), at=line.clock())

    assert swept == ["look"]


async def test_an_event_that_finds_a_gap_waits_and_comes_to_its_end(line):
    for number in (1, 3):
        payload = {"subscription": REF, "type": "event-notification", "state": "active"}
        payload |= {"count": number, "numbers": [number]}
        await line.tell(EventKind.STATUS, REF, payload=json.dumps(payload).encode())
        if number == 1:
            await line.idle()
    waiting = await line.put_off()
    assert waiting.reason == "waits for missing events"

    line.clock.move(timedelta(seconds=6))
    await line.idle()
    await until(lambda: count_of(line.metrics, "notification_gaps_total", source=SOURCE) == 1)
