"""Which number stands for one draw."""

import pytest
from tests.spec.tables import Table, row
from tests.support.notation import PATIENT, POLICY, facts, timeline

from marrowd.core.facts import Fact, Version
from marrowd.core.timeline import build_timeline


def levels(*lines: str) -> str:
    found = timeline(*lines).levels.levels
    return "; ".join(
        f"{level.result.comparator or ''}{level.result.value} {level.result.unit} "
        f"{level.vitamin_d_class} ({level.result.ref.partition('/')[2]})"
        for level in found
    )


GROUPS = Table(
    title="What one draw is",
    rule="Results of one specimen are one draw; without a specimen those that one "
    "DiagnosticReport lists (of several, that with the smallest id); else those of one time.",
    columns=("results", "levels"),
    rows=(
        row(
            "one specimen, whatever the times",
            ("result D3 10 ng/mL @-20 specimen=A id=a", "result D2 5 ng/mL @-19 specimen=A id=b"),
            "15 ng/mL deficient (a)",
        ),
        row(
            "two specimens, one time",
            ("result D3 10 ng/mL @-20 specimen=A id=a", "result D2 5 ng/mL @-20 specimen=B id=b"),
            "10 ng/mL deficient (a)",
        ),
        row(
            "one report that lists both",
            ("result D3 10 ng/mL @-20 panel=L id=a", "result D2 5 ng/mL @-19 panel=L id=b"),
            "15 ng/mL deficient (a)",
        ),
        row(
            "two reports, one time",
            ("result D3 10 ng/mL @-20 panel=L id=a", "result D2 5 ng/mL @-20 panel=M id=b"),
            "10 ng/mL deficient (a)",
        ),
        row(
            "a specimen goes before the report",
            (
                "result D3 10 ng/mL @-20 specimen=A panel=L id=a",
                "result D2 5 ng/mL @-20 specimen=B panel=L id=b",
            ),
            "10 ng/mL deficient (a)",
        ),
        row(
            "neither: one time",
            ("result D3 10 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 id=b"),
            "15 ng/mL deficient (a)",
        ),
        row(
            "neither: two times of one day",
            ("result D3 10 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 at=13:00 id=b"),
            "10 ng/mL deficient (a)",
        ),
        row(
            "a withdrawn D2 was never there",
            ("result D3 10 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 cancelled id=b"),
            "10 ng/mL deficient (a)",
        ),
    ),
)


@GROUPS.cases
def test_draw(results, expected):
    assert levels(*results) == expected


NUMBER = Table(
    title="Which number of a draw decides",
    rule="A readable counting total wins. Without one D3 and D2 are summed when both count and "
    "share a unit. D3 alone stands for the total, D2 alone never decides. A D2 that cannot "
    "be summed leaves the draw without a class unless D3 alone is sufficient. Of several the "
    "later, then the larger id. A sum is said as the D3's.",
    columns=("results", "levels"),
    rows=(
        row(
            "a total beside D3 and D2",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D2 5 ng/mL @-20 id=b",
                "result 31 ng/mL @-20 id=c",
            ),
            "31 ng/mL sufficient (c)",
        ),
        row(
            "a total that is not classifiable still wins",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D2 5 ng/mL @-20 id=b",
                "result >10 ng/mL @-20 id=c",
            ),
            "",
        ),
        row(
            "a held total does not",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D2 5 ng/mL @-20 id=b",
                "result 31 ng/mL @-20 preliminary id=c",
            ),
            "15 ng/mL deficient (a)",
        ),
        row(
            "an unreadable total does not",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D2 5 ng/mL @-20 id=b",
                "result 900 ng/mL @-20 id=c",
            ),
            "15 ng/mL deficient (a)",
        ),
        row(
            "of two totals the later",
            (
                "result 14 ng/mL @-20 specimen=A id=z",
                "result 31 ng/mL @-19 specimen=A id=a",
            ),
            "31 ng/mL sufficient (a)",
        ),
        row(
            "of two totals of one time the larger id",
            ("result 14 ng/mL @-20 id=b", "result 31 ng/mL @-20 id=a"),
            "14 ng/mL deficient (b)",
        ),
        row("D3 alone", ("result D3 14 ng/mL @-20 id=a",), "14 ng/mL deficient (a)"),
        row("D2 alone", ("result D2 14 ng/mL @-20 id=a",), ""),
        row(
            "D2 with a held D3",
            ("result D2 14 ng/mL @-20 id=a", "result D3 1 ng/mL @-20 preliminary id=b"),
            "",
        ),
        row(
            "D2 too small to be a level by itself is summed",
            ("result D3 19.9 ng/mL @-20 id=a", "result D2 0.2 ng/mL @-20 id=b"),
            "20.1 ng/mL insufficient (a)",
        ),
        row(
            "held D2, D3 low",
            ("result D3 14 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 preliminary id=b"),
            "",
        ),
        row(
            "held D2, D3 sufficient alone",
            ("result D3 31 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 preliminary id=b"),
            "31 ng/mL sufficient (a)",
        ),
        row(
            "held D2, D3 in excess alone",
            ("result D3 101 ng/mL @-20 id=a", "result D2 5 ng/mL @-20 preliminary id=b"),
            "101 ng/mL excess (a)",
        ),
        row(
            "unreadable D2, D3 low",
            ("result D3 14 ng/mL @-20 id=a", "result D2 ?value @-20 id=b"),
            "",
        ),
        row(
            "D2 in another unit, D3 low",
            ("result D3 14 ng/mL @-20 id=a", "result D2 5 nmol/L @-20 id=b"),
            "",
        ),
        row(
            "D2 in another unit, D3 sufficient",
            ("result D3 30 ng/mL @-20 id=a", "result D2 5 nmol/L @-20 id=b"),
            "30 ng/mL sufficient (a)",
        ),
        row(
            "D2 above a bound, D3 low",
            ("result D3 14 ng/mL @-20 id=a", "result D2 >50 ng/mL @-20 id=b"),
            "",
        ),
        row(
            "D2 of at least a bound, D3 low",
            ("result D3 14 ng/mL @-20 id=a", "result D2 >=50 ng/mL @-20 id=b"),
            "",
        ),
        row(
            "of two D2 the larger id",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D2 5 ng/mL @-20 id=b",
                "result D2 6 ng/mL @-20 id=c",
            ),
            "16 ng/mL deficient (a)",
        ),
        row(
            "of two D3 the larger id",
            ("result D3 10 ng/mL @-20 id=b", "result D3 11 ng/mL @-20 id=a"),
            "10 ng/mL deficient (b)",
        ),
        row(
            "each form in both units: the D2 in the unit of the D3",
            (
                "result D3 10 ng/mL @-20 id=a",
                "result D3 25 nmol/L @-20 id=b",
                "result D2 12.5 nmol/L @-20 id=c",
                "result D2 5 ng/mL @-20 id=d",
            ),
            "37.5 nmol/L deficient (b)",
        ),
    ),
)


@NUMBER.cases
def test_number_of_a_draw(results, expected):
    assert levels(*results) == expected


SUMS = Table(
    title="Sums of ranges",
    rule="`<x` stands for 0 to x, x excluded. If both ends of the sum give one class, that is it; "
    "if both are low, the milder; else it is not classifiable. A sum that may be sufficient "
    "or excess is sufficient for certain.",
    columns=("D3", "D2", "level"),
    rows=(
        row("numbers", "10", "5", "15 ng/mL deficient"),
        row("D2 of nothing", "20", "0", "20 ng/mL insufficient"),
        row("both ends deficient", "10", "<4", "<14 ng/mL deficient"),
        row("upper end at the deficient bound, excluded", "16", "<4", "<20 ng/mL deficient"),
        row("upper end at the deficient bound, included", "16", "<=4", "<=20 ng/mL insufficient"),
        row("deficient or insufficient: the milder", "18", "<4", "<22 ng/mL insufficient"),
        row("upper end at the sufficient bound, excluded", "26", "<4", "<30 ng/mL insufficient"),
        row("upper end at the sufficient bound, included", "26", "<=4", "none"),
        row("insufficient or sufficient", "28", "<4", "none"),
        row("both ends sufficient", "30", "<4", ">=30 ng/mL sufficient"),
        row("sufficient or excess", "98", "<4", ">=98 ng/mL sufficient"),
        row("both ends in excess", "100", "<4", ">=100 ng/mL excess"),
        row("both are ranges", "<4", "<4", "<8 ng/mL deficient"),
        row("both are ranges, one closed", "<=4", "<16", "<20 ng/mL deficient"),
        row("both are ranges, the other closed", "<4", "<=16", "<20 ng/mL deficient"),
        row("both are ranges, both closed", "<=4", "<=16", "<=20 ng/mL insufficient"),
        row("a range and a number", "<4", "27", "none"),
        row("a range and a sufficient number", "<4", "30", ">=30 ng/mL sufficient"),
        row("D3 above a bound", ">28", "2", ">30 ng/mL sufficient"),
        row("D3 of at least a bound", ">=28", "2", ">=30 ng/mL sufficient"),
        row("D3 above a bound and D2 a range", ">30", "<4", ">30 ng/mL sufficient"),
        row("D3 above a bound, sum not proven", ">20", "2", "none"),
        row("D2 has no limit of plausibility", "399", "900", "1299 ng/mL excess"),
    ),
)


@SUMS.cases
def test_sum(d3, d2, expected):
    found = levels(f"result D3 {d3} ng/mL @-20 id=a", f"result D2 {d2} ng/mL @-20 id=b")

    assert found.removesuffix(" (a)") == expected.replace("none", "")


def test_sum_is_said_as_the_d3s():
    (level,) = timeline(
        "result D3 10 ng/mL @-20 amended v=3 specimen=A id=a",
        "result D2 5 ng/mL @-19 corrected v=7 specimen=A id=b",
    ).levels.levels

    assert level.is_summed
    assert (level.result.ref, level.result.version, level.result.status, level.day.isoformat()) == (
        "Observation/a",
        "3",
        "amended",
        "2026-05-26",
    )


@pytest.mark.parametrize("amount", ["5", "<4", "<=4"])
@pytest.mark.parametrize("d3", ["10", "31"])
def test_sum_is_marked_as_one(d3, amount):
    (level,) = timeline(
        f"result D3 {d3} ng/mL @-20", f"result D2 {amount} ng/mL @-20"
    ).levels.levels

    assert level.is_summed


def test_single_result_is_no_sum():
    (level,) = timeline("result D3 10 ng/mL @-20").levels.levels

    assert not level.is_summed


def test_report_with_the_smallest_id_makes_the_draw():
    """A result in two panels belongs to the smaller; the other panel is then another draw."""
    made = facts(["result D3 10 ng/mL @-20 id=a", "result D2 5 ng/mL @-19 id=b"])
    for ref, lists in (
        ("DiagnosticReport/M", ("Observation/a", "Observation/b")),
        ("DiagnosticReport/L", ("Observation/a",)),
    ):
        made.append(Fact(ref=ref, patient=PATIENT, version=Version(), lists=lists))

    found = build_timeline(PATIENT, made, policy=POLICY).levels.levels

    assert [str(level.result.value) for level in found] == ["10"]
