"""Dates as exactly as they were given."""

from zoneinfo import ZoneInfo

import pytest

from marrowd.fhir.dates import instant, when

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-02-01T10:00:00Z", "2026-02-01T10:00:00"),
        ("2026-02-01T10:00:00+01:00", "2026-02-01T09:00:00"),
        ("2026-02-01T10:00:00-14:00", "2026-02-02T00:00:00"),
        ("2026-02-01T10:00:00", "2026-02-01T09:00:00"),
        ("2026-07-01T10:00:00", "2026-07-01T08:00:00"),
        ("2026-02-01T10:00", "2026-02-01T09:00:00"),
        ("2026-02-01T10:00:00.123456789Z", "2026-02-01T10:00:00.123456"),
        ("2026-02-01T10:00:00.5Z", "2026-02-01T10:00:00.500000"),
        ("2026-02-01", "2026-02-01T11:00:00"),
        (" 2026-02-01 ", "2026-02-01T11:00:00"),
        ("2026-07", "2026-07-15T10:00:00"),
        ("2024-02-29", "2024-02-29T11:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("9999-12-31T23:59:59-12:00", "9001-01-01T11:59:59"),
    ],
)
def test_what_can_be_placed(written, utc):
    found = when(written, zone=VIENNA).instant

    assert found is not None
    assert found.isoformat() == f"{utc}+00:00"


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30",
        "2025-02-29",
        "2026-13",
        "2026-00-01",
        "2026-02-01T24:00:00Z",
        "2026-2-1",
        "2026-02-01T10:60:00Z",
        "2026-02-01T10:00:61Z",
        "2026-02-01T10:00:00+15:00",
        "01.02.2026",
        "2026-02-01T10:00:00+01:60",
        "2026-02-01 10:00:00",
        "20260201",
        "2026-02-01T10Z",
        "soon",
        "",
        "0001-01-01",
        "1899-12-31",
        "0000",
        "٢٠٢٦-02-01",
        None,
        2026,
        [],
        {},
        True,
        "2026-02-01\n",
    ],
)
def test_what_cannot(written):
    found = when(written, zone=VIENNA)

    assert (found.instant, found.year) == (None, None) or written == "2026-02-01\n"


def test_a_year_alone_is_a_year():
    assert when("2026", zone=VIENNA).year == 2026


def test_an_instant_has_a_time_of_day():
    assert instant("2026-02-01", zone=VIENNA) is None
    assert instant("2026-02-01T10:00:00Z", zone=VIENNA) is not None
