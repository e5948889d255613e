"""Day arithmetic at the ends of the calendar."""

from datetime import UTC, date, timedelta

import pytest

from marrowd.core.windows import days_after, days_before, start_of

FIRST, LAST = date.min, date.max


@pytest.mark.parametrize("days", [0, 1, 4, 5, 6, 10**9])
def test_days_before_stop_at_the_first_day(days):
    day = FIRST + timedelta(days=5)

    assert days_before(day, days) == FIRST + timedelta(days=max(5 - days, 0))


@pytest.mark.parametrize("days", [0, 1, 4, 5, 6, 10**9])
def test_days_after_stop_at_the_last_day(days):
    day = LAST - timedelta(days=5)

    assert days_after(day, days) == LAST - timedelta(days=max(5 - days, 0))


def test_last_day_has_no_start_that_could_be_waited_for():
    assert start_of(LAST, UTC) is None
