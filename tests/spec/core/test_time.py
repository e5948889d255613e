"""Dates: local days, years, the unreadable, the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.spec.tables import Table, row
from tests.support.notation import NOW, PATIENT, POLICY, facts, said, verdict

from marrowd.core.facts import When
from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline

FUTURE = Table(
    title="Dated in the future",
    rule="Dated more than a day (24 hours) after now: held, and listed as `future_date`; a report "
    "too, and neither it nor its study is pending. `latest` is not after now.",
    columns=("facts", "listed as", "latest"),
    rows=(
        row("now", ("result 14 ng/mL @0",), "nothing", "14"),
        row(
            "later today: counts, not yet latest",
            ("result 14 ng/mL @0 at=12:01",),
            "nothing",
            "none",
        ),
        row("a day ahead", ("result 14 ng/mL @1",), "nothing", "none"),
        row("a day and a minute ahead", ("result 14 ng/mL @1 at=12:01",), "future_date", "none"),
        row("held by status too", ("result 14 ng/mL @2 preliminary",), "future_date", "none"),
        row("unreadable and ahead is unreadable", ("result 14 @2",), "unit", "none"),
        row("withdrawn and ahead is gone", ("result 14 ng/mL @2 cancelled",), "nothing", "none"),
        row("a report", ("report @2 left foot: talus affirmed",), "future_date", "none"),
        row("a study is not listed", ("study S @2 MR left foot",), "nothing", "none"),
        row("a year ahead is only unreadable", ("result 14 ng/mL @2030",), "date", "none"),
    ),
)


@FUTURE.cases
def test_future(facts, listed_as, expected):
    found = verdict(*facts)

    listed = ", ".join(entry.reason for entry in found.unreadable) or "nothing"
    assert (listed, str(found.latest.result.value) if found.latest else "none") == (
        listed_as,
        expected,
    )
    assert said(found) == "nothing_relevant"


def test_a_level_of_tomorrow_governs_already():
    """Within the day of tolerance it counts; it is only not yet `latest`."""
    found = verdict("report @-1 left foot: talus affirmed", "result 14 ng/mL @1")

    assert said(found) == "association deficient"
    assert found.latest is None


def test_undated_result_stays_undated_beside_one_of_the_future():
    found = verdict(
        "result 14 ng/mL @? id=a", "result 14 ng/mL @5 id=b", "result 24 ng/mL @-5 id=c"
    )

    assert [entry.reason for entry in found.unreadable] == ["date", "future_date"]
    assert str(found.latest.result.value) == "24"


def test_future_component_holds_the_draw_until_then():
    """D2 of the future cannot be summed yet, and D3 alone is low."""
    lines = (
        "report @-1 left foot: talus affirmed",
        "result D3 10 ng/mL @0 specimen=A",
        "result D2 5 ng/mL @2 specimen=A",
    )

    assert said(verdict(*lines)) == "vitamin_d_indeterminate"
    assert said(verdict(*lines, now=NOW + timedelta(days=1))) == "association deficient"


LOCAL = Table(
    title="Days are local days",
    rule="Distances are whole calendar days between dates in the site's zone, both ends included.",
    columns=("zone", "result at", "study at", "verdict"),
    rows=(
        row(
            "90 days in UTC",
            "UTC",
            "2026-05-30T23:30:00+00:00",
            "2026-03-01T00:30:00+00:00",
            "association deficient",
        ),
        row(
            "91 days in Vienna, so not in the window but late",
            "Europe/Vienna",
            "2026-05-30T23:30:00+00:00",
            "2026-03-01T00:30:00+00:00",
            "association deficient, late",
        ),
        row(
            "89 days in New York",
            "America/New_York",
            "2026-05-29T12:30:00+00:00",
            "2026-03-01T12:30:00+00:00",
            "association deficient",
        ),
    ),
)


@LOCAL.cases
def test_local_days(zone, result_at, study_at, expected):
    policy = replace(POLICY, zone=ZoneInfo(zone))
    result, report = facts(["result 14 ng/mL @0", "report @0 left foot: talus affirmed"])
    (level,) = result.results
    result = replace(
        result, results=(replace(level, when=When(instant=datetime.fromisoformat(result_at))),)
    )
    report = replace(
        report,
        report=replace(report.report, effective=When(instant=datetime.fromisoformat(study_at))),
    )
    timeline = build_timeline(PATIENT, [result, report], policy=policy)

    found = screen(timeline, policy=policy, now=NOW, rules_version="")

    late = ", late" if found.governing and found.governing.is_late else ""
    assert said(found) + late == expected


@pytest.mark.parametrize(
    ("instant", "year"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), None),
        (None, 2026),
        (None, None),
    ],
    ids=["placed", "a year", "nothing"],
)
def test_only_a_placed_time_has_a_day(instant, year):
    assert (When(instant=instant, year=year).day(UTC) is not None) == (instant is not None)


@pytest.mark.parametrize("year", [1, 2, 9998, 9999])
def test_ends_of_the_calendar_cannot_be_placed(year):
    """Moving them to another zone, or a window further, would leave the calendar."""
    assert When(instant=datetime(year, 6, 1, tzinfo=UTC)) == When(year=year) == When()


def test_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        When(instant=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
