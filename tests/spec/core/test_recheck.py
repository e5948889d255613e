"""When the same facts give another verdict."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.spec.tables import Table, row
from tests.support.notation import NOW, changed, said, verdict

RECHECK = Table(
    title="recheck_at",
    rule="The first instant at which the same facts give another verdict: a day has passed, or a "
    "date of the future has come. Days begin at local midnight. Here in days and hours from "
    "now (noon).",
    columns=("facts", "recheck after"),
    rows=(
        row("no facts", (), "never"),
        row("a report leaves recency", ("report @-10 left foot: talus negated",), "355 d 12 h"),
        row(
            "the oldest of several leaves first",
            ("report @-10 left foot: talus", "report @-20 right foot: talus"),
            "345 d 12 h",
        ),
        row(
            "a level of the future counts, a day before its time",
            ("result 14 ng/mL @5",),
            "4 d 0 h",
        ),
        row("a level of tomorrow becomes latest", ("result 14 ng/mL @1",), "1 d 0 h"),
        row("an uncertain level of tomorrow changes nothing", ("result >10 ng/mL @1",), "never"),
        row(
            "a report of the future counts, a day before its time",
            ("report @5 left foot: talus",),
            "4 d 0 h",
        ),
        row(
            "an unreadable report of the future too",
            ("report @5 left foot scan", "result 14 ng/mL @-1"),
            "4 d 0 h",
        ),
        row(
            "an unreadable report falls silent",
            ("report @-10 left foot scan", "result 14 ng/mL @-10"),
            "355 d 12 h",
        ),
        row(
            "an unreadable report of a year",
            ("report @2026 left foot: talus", "result 14 ng/mL @-10"),
            "564 d 12 h",
        ),
        row(
            "an unreadable report without a date never does",
            ("report left foot: talus", "result 14 ng/mL @-10"),
            "never",
        ),
        row("a study waits no longer", ("study S @-10 MR left foot",), "355 d 12 h"),
        row(
            "the last of two studies",
            ("study S @-10 MR left foot", "study T @-5 MR left foot"),
            "360 d 12 h",
        ),
        row(
            "a study without a date waits for ever",
            ("study S MR left foot", "study T @-5 MR left foot"),
            "never",
        ),
        row(
            "a held report is no longer named, though a study without a date still waits",
            ("study S MR left foot", "report @-10 left foot preliminary: talus"),
            "355 d 12 h",
        ),
        row("a study of the future begins to wait", ("study S @5 MR left foot",), "4 d 0 h"),
        row(
            "a study of the future, beside one without a date that was answered",
            (
                "study S MR left foot",
                "report @-900 left foot study=S: talus negated",
                "study T @5 MR left foot",
            ),
            "4 d 0 h",
        ),
        row("a study of next year begins to wait", ("study S @2027 MR left foot",), "199 d 12 h"),
        row(
            "a level is too old to suggest an MRI",
            ("pain @-100", "result 14 ng/mL @-20"),
            "160 d 12 h",
        ),
        row("pain has lasted", ("pain @-80", "result 14 ng/mL @-20"), "3 d 12 h"),
        row(
            "pain of this year has lasted",
            ("pain @2026", "pain @-80", "result 14 ng/mL @-20"),
            "3 d 12 h",
        ),
        row(
            "pain of next year has not, before the level is too old",
            ("pain @2027", "result 14 ng/mL @-20"),
            "never",
        ),
        row(
            "the MRI is a year ago",
            (
                "pain @-100",
                "result 14 ng/mL @-20",
                "study S @-364 MR left foot",
                "report @-364 left foot study=S scan",
            ),
            "1 d 12 h",
        ),
        row(
            "inactive pain does not matter", ("pain @-80 resolved", "result 14 ng/mL @-20"), "never"
        ),
        row("pain without a date does not matter", ("pain", "result 14 ng/mL @-20"), "never"),
        row(
            "repletion comes true",
            ("report @-10 left foot: talus", "result 14 ng/mL @-10", "result 31 ng/mL @1"),
            "1 d 0 h",
        ),
        row(
            "an unreadable report of this year outlives the one whose edema_absent it hides",
            ("report @-10 left foot: talus negated", "report @2026 left foot id=2: talus"),
            "355 d 12 h",
        ),
    ),
)


@RECHECK.cases
def test_recheck(facts, expected):
    policy = changed(recency_days=365)

    found = verdict(*facts, policy=policy)

    if found.recheck_at is None:
        assert expected == "never"
    else:
        left = found.recheck_at - NOW
        assert f"{left.days} d {left.seconds // 3600} h" == expected


def lines_of(name: str):
    return next(each.cells[0] for each in RECHECK.rows if each.name == name)


@pytest.mark.parametrize("name", [r.name for r in RECHECK.rows if r.cells[1] != "never"])
def test_verdict_changes_at_that_instant_and_not_before(name):
    lines = lines_of(name)
    found = verdict(*lines)
    moment = found.recheck_at

    before = verdict(*lines, now=moment - timedelta(microseconds=1))
    then = verdict(*lines, now=moment)

    assert replace(before, recheck_at=None) == replace(found, recheck_at=None)
    assert replace(then, recheck_at=None) != replace(found, recheck_at=None)


def test_pain_of_a_year_may_have_lasted_from_its_85th_day_on():
    """The first of January counts as a day on which it may have begun."""
    found = verdict("pain @2026", "result 14 ng/mL @-150", now=datetime(2026, 2, 1, tzinfo=UTC))

    assert found.recheck_at == datetime(2026, 3, 26, tzinfo=UTC)


def test_days_begin_at_local_midnight():
    """The first hour of a day may be missing there (summer time begins at midnight in Beirut)."""
    policy = changed(zone=ZoneInfo("Asia/Beirut"), recency_days=286)

    found = verdict("report @0 left foot: talus negated", policy=policy)

    assert found.recheck_at.astimezone(policy.zone).isoformat() == "2027-03-29T00:00:00+03:00"


def test_recency_without_end_has_no_recheck():
    found = verdict("report @0 left foot: talus negated", policy=changed(recency_days=10_000_000))

    assert (said(found), found.recheck_at) == ("edema_absent", None)
