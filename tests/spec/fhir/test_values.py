"""The value, comparator and unit of a 25(OH)D result, in every shape that laboratories send."""

import json
from typing import Any

from tests.spec.tables import Table, row
from tests.support import resources as fhir

from marrowd.core.facts import Analyte
from marrowd.errors import UnreadableResource
from marrowd.fhir.json import parse
from marrowd.fhir.quantities import amount

MICRO, MU = "\u00b5", "\u03bc"


def read(members: str, analyte: Analyte = Analyte.TOTAL) -> str:
    try:
        found = amount(parse(members, allow_nan=True), analyte=analyte)
    except UnreadableResource as unreadable:
        return f"unreadable: {unreadable.reason}"
    return f"{found.comparator or ''}{found.value} {found.unit}"


def quantity(**members: Any) -> str:
    return json.dumps({"valueQuantity": members})


def written(number: str, unit: str = "ng/mL") -> str:
    return f'{{"valueQuantity": {{"value": {number}, "unit": "{unit}"}}}}'


NUMBERS = Table(
    title="The number of a result",
    rule="A number is taken exactly as it is written in the JSON text; a string that looks like "
    "one, NaN, infinities and exponents beyond 30 are no number.",
    columns=("members", "read"),
    rows=(
        row("a whole number", written("14"), "14 ng/mL"),
        row("zeros at the end are kept", written("14.00"), "14.00 ng/mL"),
        row(
            "more digits than a float holds",
            written("19.99999999999999999"),
            "19.99999999999999999 ng/mL",
        ),
        row("a small exponent", written("1.4e1"), "14 ng/mL"),
        row(
            "a written exponent of 31",
            written("0.00000000000000000000000000000014e32"),
            "unreadable: value",
        ),
        row("a huge exponent", written("1e999999999999999999999"), "unreadable: value"),
        row("a tiny number", written("1e-31"), "unreadable: value"),
        row("NaN", written("NaN"), "unreadable: value"),
        row("Infinity", written("-Infinity"), "unreadable: value"),
        row("a string", written('"14"'), "unreadable: value"),
        row("true", written("true"), "unreadable: value"),
        row("null", written("null"), "unreadable: value"),
        row("no value in the quantity", quantity(unit="ng/mL"), "unreadable: value"),
        row("a quantity that is a string", '{"valueQuantity": "14 ng/mL"}', "unreadable: value"),
        row("valueInteger", '{"valueInteger": 14}', "unreadable: value"),
        row("valueRange", '{"valueRange": {"low": {"value": 14}}}', "unreadable: value"),
        row(
            "valueCodeableConcept",
            '{"valueCodeableConcept": {"text": "14 ng/mL"}}',
            "unreadable: value",
        ),
        row("no value at all", "{}", "unreadable: value"),
    ),
)
COMPARATORS = Table(
    title="The comparator of a result",
    rule="FHIR's four comparators, nothing else.",
    columns=("members", "read"),
    source="hl7.org/fhir/R4/valueset-quantity-comparator",
    rows=(
        row("less", quantity(value=4, unit="ng/mL", comparator="<"), "<4 ng/mL"),
        row("at most", quantity(value=4, unit="ng/mL", comparator="<="), "<=4 ng/mL"),
        row("more", quantity(value=100, unit="ng/mL", comparator=">"), ">100 ng/mL"),
        row("at least", quantity(value=100, unit="ng/mL", comparator=">="), ">=100 ng/mL"),
        row("another sign", quantity(value=4, unit="ng/mL", comparator="~"), "unreadable: value"),
        row("no string", quantity(value=4, unit="ng/mL", comparator=1), "unreadable: value"),
    ),
)
STRINGS = Table(
    title="A result as a string",
    rule="At most one comparator, up to four digits, up to two decimals after a point or "
    "comma, and a known unit or none; anything more is not guessed at.",
    columns=("value string", "read"),
    rows=(
        row("plain", "14 ng/mL", "14 ng/mL"),
        row("no blank", "14ng/mL", "14 ng/mL"),
        row("blanks around", "  14.5  nmol/L ", "14.5 nmol/L"),
        row("a comma", "14,5 ng/mL", "14.5 ng/mL"),
        row("a comparator", "< 4 ng/mL", "<4 ng/mL"),
        row("a typeset comparator", "≤4 ng/mL", "<=4 ng/mL"),
        row("another typeset comparator", "≥ 100 ng/mL", ">=100 ng/mL"),
        row("four digits", "1000 nmol/L", "1000 nmol/L"),
        row("five digits", "10000 pmol/L", "unreadable: value"),
        row("three decimals", "14.555 ng/mL", "unreadable: value"),
        row("a range", "14-16 ng/mL", "unreadable: value"),
        row("two numbers", "14 16", "unreadable: value"),
        row("a comment", "14 ng/mL (low)", "unreadable: value"),
        row("a flag", "14 L", "unreadable: value"),
        row("an unknown unit", "14 IU/L", "unreadable: value"),
        row("words", "see comment", "unreadable: value"),
        row("empty", "", "unreadable: value"),
        row("negative", "-14 ng/mL", "unreadable: value"),
        row("no unit anywhere", "14", "unreadable: unit"),
    ),
)
UNITS = Table(
    title="The unit of a result",
    rule="`code` and `unit` of the quantity; two of different size contradict each other, an "
    "unknown code falls to the unit; none falls to the reference range if all of its bounds agree.",
    columns=("members", "read"),
    rows=(
        *(
            row(f"spelled {unit}", quantity(value=14, unit=unit), "14 ng/mL")
            for unit in ("ng/mL", "ng/ml", "NG/ML", "ug/L", "mcg/L", f"{MICRO}g/L", f"{MU}g/L")
        ),
        *(
            row(f"spelled {unit}", quantity(value=14, unit=unit), "14 nmol/L")
            for unit in ("nmol/L", "nmol/l")
        ),
        row("pmol/L", quantity(value=45000, unit="pmol/L"), "45 nmol/L"),
        row("pmol/L with digits", quantity(value=45123, unit="pmol/L"), "45.123 nmol/L"),
        row("code alone", quantity(value=14, code="nmol/L"), "14 nmol/L"),
        row("both, one size", quantity(value=14, code="ug/L", unit="ng/mL"), "14 ng/mL"),
        row("both, two sizes", quantity(value=14, code="ng/mL", unit="nmol/L"), "unreadable: unit"),
        row(
            "both molar, two sizes",
            quantity(value=14, code="pmol/L", unit="nmol/L"),
            "unreadable: unit",
        ),
        row("unknown code", quantity(value=14, code="266706003", unit="ng/mL"), "14 ng/mL"),
        row(
            "unknown unit beside a code",
            quantity(value=14, code="ng/mL", unit="ng per mL"),
            "14 ng/mL",
        ),
        row("both unknown", quantity(value=14, code="x", unit="y"), "unreadable: unit"),
        row("another size", quantity(value=14, unit="ng/dL"), "unreadable: unit"),
        row("no string", quantity(value=14, unit=5), "unreadable: unit"),
        row("none", quantity(value=14), "unreadable: unit"),
        row(
            "none, a range in one unit",
            '{"valueQuantity": {"value": 14}, "referenceRange": [{"low": {"value": 30, "unit": '
            '"ng/mL"}, "high": {"value": 100, "code": "ug/L"}}]}',
            "14 ng/mL",
        ),
        row(
            "none, two ranges in one unit",
            '{"valueQuantity": {"value": 14}, "referenceRange": [{"low": {"value": 30, "unit": '
            '"ng/mL"}}, {"high": {"value": 9, "unit": "ng/mL"}}]}',
            "14 ng/mL",
        ),
        row(
            "none, a range in two units",
            '{"valueQuantity": {"value": 14}, "referenceRange": [{"low": {"value": 30, "unit": '
            '"ng/mL"}, "high": {"value": 250, "unit": "nmol/L"}}]}',
            "unreadable: unit",
        ),
        row(
            "none, a bound without unit",
            '{"valueQuantity": {"value": 14}, "referenceRange": [{"low": {"value": 30, "unit": '
            '"ng/mL"}, "high": {"value": 100}}]}',
            "unreadable: unit",
        ),
        row(
            "none, a range in words",
            '{"valueQuantity": {"value": 14}, "referenceRange": [{"text": "30-100 ng/mL"}]}',
            "unreadable: unit",
        ),
        row(
            "an unknown one, whatever the range",
            '{"valueQuantity": {"value": 14, "unit": "IU"}, "referenceRange": [{"low": {"value": '
            '30, "unit": "ng/mL"}}]}',
            "unreadable: unit",
        ),
        row(
            "a string without unit, with a range",
            '{"valueString": "14", "referenceRange": [{"low": {"value": 75, "unit": "nmol/L"}}]}',
            "14 nmol/L",
        ),
    ),
)
PLAUSIBILITY = Table(
    title="What cannot be a level",
    rule="Below 1 or above 400 ng/mL, below 2.5 or above 1000 nmol/L, bounds of comparators too.",
    columns=("members", "read"),
    rows=(
        row("0.99 ng/mL", written("0.99"), "unreadable: implausible"),
        row("1 ng/mL", written("1"), "1 ng/mL"),
        row("400 ng/mL", written("400.0"), "400.0 ng/mL"),
        row("401 ng/mL", written("400.1"), "unreadable: implausible"),
        row("2.4 nmol/L", written("2.49", "nmol/L"), "unreadable: implausible"),
        row("2.5 nmol/L", written("2.5", "nmol/L"), "2.5 nmol/L"),
        row("1000 nmol/L", written("1000", "nmol/L"), "1000 nmol/L"),
        row("1001 nmol/L", written("1000.01", "nmol/L"), "unreadable: implausible"),
        row("2400 pmol/L", written("2400", "pmol/L"), "unreadable: implausible"),
        row(
            "less than 0.5",
            quantity(value=0.5, unit="ng/mL", comparator="<"),
            "unreadable: implausible",
        ),
        row("zero", written("0"), "unreadable: implausible"),
        row("negative", written("-14"), "unreadable: implausible"),
    ),
)


@NUMBERS.cases
def test_numbers(members, expected):
    assert read(members) == expected


@COMPARATORS.cases
def test_comparators(members, expected):
    assert read(members) == expected


@STRINGS.cases
def test_strings(value_string, expected):
    assert read(json.dumps({"valueString": value_string})) == expected


@UNITS.cases
def test_units(members, expected):
    assert read(members) == expected


@PLAUSIBILITY.cases
def test_plausibility(members, expected):
    assert read(members) == expected


def test_a_d2_may_be_nothing_but_not_less():
    assert read(written("0"), Analyte.D2) == "0 ng/mL"
    assert read(written("0.2"), Analyte.D2) == "0.2 ng/mL"
    assert read(written("-1"), Analyte.D2) == "unreadable: implausible"


def test_a_quantity_comes_before_a_string():
    members = json.loads(written("14")) | {"valueString": "99 ng/mL"}

    assert read(json.dumps(members)) == "14 ng/mL"


def test_the_unit_is_never_that_of_the_code():
    assert read(json.dumps(fhir.lab(valueQuantity={"value": 14}))) == "unreadable: unit"
