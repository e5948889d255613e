"""One number: its class under each policy, comparators, and what cannot be a level."""

from dataclasses import replace
from decimal import Decimal

from tests.spec.tables import Table, row
from tests.support.notation import POLICY, facts, timeline, verdict

from marrowd.core.facts import Unit
from marrowd.core.vitamin_d import classify, unreadable_reason
from marrowd.rules.policies import load_policies

HOLICK = "Holick et al., JCEM 2011"
IOM = "IOM 2011"
NOS = "NOS/ROS UK"
RICKETS = "Global consensus 2016"


def amount(text: str) -> tuple[Decimal, str | None, Unit]:
    number, unit = text.split()
    sign = number[: len(number) - len(number.lstrip("<>="))] or None
    return Decimal(number.lstrip("<>=")), sign, Unit(unit)


def class_under(policy: str, text: str) -> str:
    value, comparator, unit = amount(text)
    return str(classify(value, comparator, load_policies()[policy].cutoffs(unit)))


CLASSES = Table(
    title="Class of a value under each policy",
    rule="A value is compared in the unit reported with the figure printed for that unit; below "
    "is below, and a value at a bound belongs to the class above it.",
    columns=("policy", "value", "class"),
    source="the guideline named",
    rows=tuple(
        row(f"{policy} {value}", policy, value, found, source=source)
        for policy, source, cases in (
            (
                "endocrine-2011",
                HOLICK,
                (
                    "1 ng/mL deficient, 19.9 ng/mL deficient, 19.99 ng/mL deficient, "
                    "20 ng/mL insufficient, 29.99 ng/mL insufficient, 30 ng/mL sufficient, "
                    "99.9 ng/mL sufficient, 100 ng/mL excess, 49.9 nmol/L deficient, "
                    "50 nmol/L insufficient, 74.9 nmol/L insufficient, 75 nmol/L sufficient, "
                    "249.9 nmol/L sufficient, 250 nmol/L excess"
                ),
            ),
            (
                "iom-2011",
                IOM,
                (
                    "11.9 ng/mL deficient, 12 ng/mL insufficient, 19.9 ng/mL insufficient, "
                    "20 ng/mL sufficient, 29.9 nmol/L deficient, 30 nmol/L insufficient, "
                    "49.9 nmol/L insufficient, 50 nmol/L sufficient, 100 ng/mL excess"
                ),
            ),
            (
                "nos-uk",
                NOS,
                (
                    "9.9 ng/mL deficient, 10 ng/mL insufficient, 19.9 ng/mL insufficient, "
                    "20 ng/mL sufficient, 24.9 nmol/L deficient, 25 nmol/L insufficient, "
                    "49.9 nmol/L insufficient, 50 nmol/L sufficient, 250 nmol/L excess"
                ),
            ),
            (
                "rickets-2016",
                RICKETS,
                (
                    "11.9 ng/mL deficient, 12 ng/mL insufficient, 20 ng/mL sufficient, "
                    "29.9 nmol/L deficient, 30 nmol/L insufficient, 50 nmol/L sufficient"
                ),
            ),
        )
        for value, _, found in (case.rpartition(" ") for case in cases.split(", "))
    ),
)


@CLASSES.cases
def test_class_of_a_value(policy, value, expected):
    assert class_under(policy, value) == expected


COMPARATORS = Table(
    title="Comparators",
    rule="`<x` is deficient if x is at most the deficient bound and low if x is at most the "
    "sufficient one (`<=x`: below it); low but not proven deficient is insufficient, the "
    "milder claim. `>x` and `>=x` are sufficient, or excess, from that bound on. Anything "
    "else is not classifiable.",
    columns=("value", "class"),
    rows=(
        row("below x, x under the deficient bound", "<4 ng/mL", "deficient"),
        row("below x, x at the deficient bound", "<20 ng/mL", "deficient"),
        row("below x, x just over the deficient bound", "<20.1 ng/mL", "insufficient"),
        row("below x, x between the bounds", "<25 ng/mL", "insufficient"),
        row("below x, x at the sufficient bound", "<30 ng/mL", "insufficient"),
        row("below x, x over the sufficient bound", "<30.1 ng/mL", "None"),
        row("at most x, x under the deficient bound", "<=19.9 ng/mL", "deficient"),
        row("at most x, x at the deficient bound", "<=20 ng/mL", "insufficient"),
        row("at most x, x at the sufficient bound", "<=30 ng/mL", "None"),
        row("above x, x under the sufficient bound", ">29.9 ng/mL", "None"),
        row("above x, x in the deficient range", ">10 ng/mL", "None"),
        row("above x, x at the sufficient bound", ">30 ng/mL", "sufficient"),
        row("at least x, x at the sufficient bound", ">=30 ng/mL", "sufficient"),
        row("at least x, x under the sufficient bound", ">=29.9 ng/mL", "None"),
        row("above x, x under the excess bound", ">99 ng/mL", "sufficient"),
        row("above x, x at the excess bound", ">100 ng/mL", "excess"),
        row("at least x, x at the excess bound", ">=100 ng/mL", "excess"),
        row("below x in nmol/L, x at the deficient bound", "<50 nmol/L", "deficient"),
        row("at most x in nmol/L, x at the deficient bound", "<=50 nmol/L", "insufficient"),
        row("below x in nmol/L, x at the sufficient bound", "<75 nmol/L", "insufficient"),
        row("above x in nmol/L, x at the sufficient bound", ">75 nmol/L", "sufficient"),
        row("at least x in nmol/L, x at the excess bound", ">=250 nmol/L", "excess"),
    ),
)


@COMPARATORS.cases
def test_comparator(value, expected):
    assert class_under("endocrine-2011", value) == expected


READABLE = Table(
    title="What cannot be read, and what is held",
    rule="An implausible number (below 1 or above 400 ng/mL, below 2.5 or above 1000 nmol/L, "
    "bounds beside a comparator too), one without value, unit or a date with a day, is "
    "unreadable and listed; D2 has no limit of plausibility. What is held by its status is "
    "not listed; what is withdrawn is gone.",
    columns=("result", "listed as", "level"),
    rows=(
        row("lowest plausible ng/mL", "result 1 ng/mL @-20", "nothing", "deficient"),
        row("below it", "result 0.9 ng/mL @-20", "implausible", "none"),
        row("highest plausible ng/mL", "result 400 ng/mL @-20", "nothing", "excess"),
        row("above it", "result 400.1 ng/mL @-20", "implausible", "none"),
        row("lowest plausible nmol/L", "result 2.5 nmol/L @-20", "nothing", "deficient"),
        row("below it in nmol/L", "result 2.4 nmol/L @-20", "implausible", "none"),
        row("highest plausible nmol/L", "result 1000 nmol/L @-20", "nothing", "excess"),
        row("above it in nmol/L", "result 1000.1 nmol/L @-20", "implausible", "none"),
        row("plausible bound beside a comparator", "result <1 ng/mL @-20", "nothing", "deficient"),
        row("implausible bound", "result <0.9 ng/mL @-20", "implausible", "none"),
        row("implausible bound above", "result >401 ng/mL @-20", "implausible", "none"),
        row("D2 has no limit", "result D2 0.1 ng/mL @-20", "nothing", "none"),
        row("D2 of nothing", "result D2 0 ng/mL @-20", "nothing", "none"),
        row("D2 below nothing", "result D2 -1 ng/mL @-20", "implausible", "none"),
        row("D3 has the limits of a total", "result D3 0.5 ng/mL @-20", "implausible", "none"),
        row("no value", "result ng/mL @-20", "value", "none"),
        row("no unit", "result 14 @-20", "unit", "none"),
        row("a year alone", "result 14 ng/mL @2026", "date", "none"),
        row("an unreadable date", "result 14 ng/mL @?", "date", "none"),
        row("what its reader refused", "result ?broken @-20", "broken", "none"),
        row("readable but not classifiable", "result >10 ng/mL @-20", "nothing", "none"),
        row("final counts", "result 14 ng/mL @-20 final", "nothing", "deficient"),
        row("amended counts", "result 14 ng/mL @-20 amended", "nothing", "deficient"),
        row("corrected counts", "result 14 ng/mL @-20 corrected", "nothing", "deficient"),
        row("registered is held", "result 14 ng/mL @-20 registered", "nothing", "none"),
        row("preliminary is held", "result 14 ng/mL @-20 preliminary", "nothing", "none"),
        row("unknown is held", "result 14 ng/mL @-20 unknown", "nothing", "none"),
        row("held and unreadable is not listed", "result 14 @-20 preliminary", "nothing", "none"),
        row("cancelled is gone", "result 14 @-20 cancelled", "nothing", "none"),
        row("entered in error is gone", "result 14 @-20 entered-in-error", "nothing", "none"),
    ),
)


@READABLE.cases
def test_readable(result, listed_as, expected):
    found = verdict(result)

    listed = ", ".join(entry.reason for entry in found.unreadable) or "nothing"
    assert (listed, found.latest.vitamin_d_class if found.latest else "none") == (
        listed_as,
        expected,
    )


def test_number_that_is_not_finite_is_unreadable():
    (fact,) = facts(["result 14 ng/mL @-20"])
    (result,) = fact.results
    assert unreadable_reason(replace(result, value=Decimal("NaN"))) == "value"
    assert unreadable_reason(replace(result, comparator="~")) == "value"


def test_converting_is_never_part_of_it():
    """50 nmol/L is 20.03 ng/mL by arithmetic, but insufficient by the printed figure."""
    in_nmol_l = timeline("result 50 nmol/L @-20").levels.levels[0]
    in_ng_ml = timeline("result 20 ng/mL @-20").levels.levels[0]

    assert in_nmol_l.vitamin_d_class is in_ng_ml.vitamin_d_class
    assert POLICY.cutoffs(Unit.NMOL_L).deficient_below == 50
