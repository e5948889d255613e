"""Counters of topic Subscriptions: what is missing, what came late, what is a new beginning."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.store import NOON

from marrowd.fhir.notifications import StatusType, SubscriptionStatus
from marrowd.work.gaps import Counting, step

SECOND = timedelta(seconds=1)


def told(*numbers: int, count: int | None = None) -> SubscriptionStatus:
    return SubscriptionStatus(
        subscription="Subscription/1", type=StatusType.EVENT, count=count, numbers=numbers
    )


def said(kind: StatusType, count: int | None = None) -> SubscriptionStatus:
    return SubscriptionStatus(subscription="Subscription/1", type=kind, count=count)


START = Counting()


def run(*statuses: SubscriptionStatus, counting: Counting = START) -> Counting:
    for status in statuses:
        counting = step(counting, status, at=NOON).counting
    return counting


def missing(counting: Counting) -> list[tuple[int, int]]:
    return [(gap.first, gap.last) for gap in counting.gaps]


def test_the_first_word_sets_the_count():
    assert (missing(run(told(7))), run(told(7)).high) == ([], 7)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([told(1), told(2), told(3)], [], id="in order"),
        pytest.param([told(1), told(3)], [(2, 2)], id="one dropped"),
        pytest.param([told(1), told(3), told(2)], [], id="swapped"),
        pytest.param([told(1), told(5), told(3)], [(2, 2), (4, 4)], id="late one in the middle"),
        pytest.param([told(1), told(2, 3, 4, count=4)], [], id="several in one"),
        pytest.param([told(1), told(2, 4, count=4)], [(3, 3)], id="several in one with a hole"),
        pytest.param([told(1), told(2, count=4)], [(3, 4)], id="more were generated"),
        pytest.param([told(1), told(3), told(3), told(1)], [(2, 2)], id="repeats"),
        pytest.param([told(count=1), told(count=3)], [(2, 2)], id="no event numbers"),
        pytest.param([told(1), said(StatusType.HEARTBEAT, 3)], [(2, 3)], id="heartbeat counts on"),
        pytest.param([told(3), said(StatusType.HEARTBEAT, 2)], [], id="heartbeat overtaken"),
        pytest.param([told(1), said(StatusType.QUERY_STATUS, 2)], [(2, 2)], id="asked for"),
        pytest.param([told(1), told(9), said(StatusType.HANDSHAKE, 0)], [], id="handshake"),
        pytest.param([told(1), said(StatusType.HEARTBEAT)], [], id="heartbeat without count"),
    ],
)
def test_what_is_missing(statuses, expected):
    assert missing(run(*statuses)) == expected


def test_a_drop_is_a_new_beginning_and_no_gap():
    came = step(run(told(400)), told(1), at=NOON)

    assert came.is_new_beginning
    assert (missing(came.counting), came.counting.high) == ([], 1)
    assert missing(run(told(2), counting=came.counting)) == []


def test_a_drop_that_is_missing_is_late():
    came = step(run(told(1), told(400)), told(2), at=NOON)

    assert not came.is_new_beginning
    assert missing(came.counting) == [(3, 399)]


def test_the_first_handshake_is_no_new_beginning():
    assert not step(Counting(), said(StatusType.HANDSHAKE, 0), at=NOON).is_new_beginning


def test_a_gap_is_overdue_after_the_wait():
    counting = run(told(1), told(3))

    assert not counting.overdue(now=NOON + SECOND, wait=5 * SECOND)
    (gap,) = counting.overdue(now=NOON + 5 * SECOND, wait=5 * SECOND)
    assert missing(counting.without([gap])) == []


def test_silence_means_something_only_from_a_server_that_sends_heartbeats():
    late = NOON + timedelta(minutes=3)
    period = timedelta(minutes=1)

    assert not run(told(1)).is_silent(now=late, period=period)
    beating = run(said(StatusType.HEARTBEAT, 1))
    assert beating.is_silent(now=late, period=period)
    assert not beating.is_silent(now=NOON + period, period=period)


@pytest.mark.parametrize("text", [None, "", "x", "[]", '{"gaps":[1]}', '{"heard_at":"?"}'])
def test_a_damaged_state_is_a_beginning(text):
    assert Counting.loads(text) == Counting()


@given(st.permutations(list(range(1, 13))), st.integers(min_value=2, max_value=12))
def test_whatever_order_they_come_in_only_what_never_came_is_missing(order, lost):
    start = run(told(1))
    counting = run(*(told(n) for n in order if n != lost), counting=start)
    if counting.high and counting.high > lost:
        assert missing(counting) == [(lost, lost)]
    else:
        assert missing(counting) == []
    assert Counting.loads(counting.dumps()) == counting


@given(st.lists(st.integers(min_value=1, max_value=1 << 62), max_size=200))
def test_any_numbers_leave_a_small_state(numbers):
    counting = run(*(told(n) for n in numbers))

    assert len(counting.gaps) <= 50
    spans = [(gap.first, gap.last) for gap in counting.gaps]
    assert all(first <= last for first, last in spans)
    assert spans == sorted(spans)
