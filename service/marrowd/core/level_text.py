"""
A 25(OH)D level in words: as reported, in the other unit, against its cut-off, and by its season.

What is shown never contradicts what was decided: a short form is rounded down, so that a low result
is never printed as the cut-off it lies below, and the other unit is called "about" because the
comparison was made in the unit reported (rules.md section 1).
"""

from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from marrowd.core.facts import Analyte, Unit, VitaminDResult
from marrowd.core.policy import Cutoffs, Policy, VitaminDClass
from marrowd.core.verdict import Level

# nmol/L per ng/mL of calcidiol, from its molar mass 400.637 g/mol; for display only.
NMOL_PER_NG: Final = Decimal("2.496")
_TENTH: Final = Decimal("0.1")
_HUNDREDTH: Final = Decimal("0.01")
_SHOWN_DECIMALS: Final = 2
# A result within a fifth of a cut-off may lie on its other side in another season. This project's
# own mark: winter values may be 30-50 % lower than summer ones (Billings Clinic laboratory test
# page).
_BORDERLINE: Final = Decimal("0.2")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def reported(result: VitaminDResult) -> str:
    """Give the value exactly as reported: comparator, every digit, unit; not escaped."""
    return _with_unit(result, _plain(result.value)) if result.value is not None else "no value"


def shortened(result: VitaminDResult) -> str:
    """Give the value with two decimals at most, for a line that has little room."""
    value = result.value
    if value is None:
        return "no value"
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_SHOWN_DECIMALS:
        value = value.quantize(_HUNDREDTH, rounding=ROUND_FLOOR)
    return _with_unit(result, _plain(value))


def in_other_unit(result: VitaminDResult) -> str:
    """Give the value converted to the unit it was not reported in, with one decimal."""
    value = result.value if result.value is not None else Decimal(0)
    if result.unit is Unit.NMOL_L:
        other, unit = value / NMOL_PER_NG, Unit.NG_ML
    else:
        other, unit = value * NMOL_PER_NG, Unit.NMOL_L
    return f"about {result.comparator or ''}{_plain(other.quantize(_TENTH))} {unit}"


def judged(level: Level, policy: Policy) -> str:
    """Say the class with the figure it rests on, in both units, and the policy that prints it."""
    kind = level.vitamin_d_class
    unit = level.result.unit or Unit.NG_ML
    other = Unit.NMOL_L if unit is Unit.NG_ML else Unit.NG_ML
    bounds = _bounds(kind, policy.cutoffs(unit), unit)
    elsewhere = _bounds(kind, policy.cutoffs(other), other)
    uncertain = (
        " (low; not shown to be deficient)"
        if kind is VitaminDClass.INSUFFICIENT and level.result.comparator
        else ""
    )
    return f"{kind}{uncertain}, cut-off {bounds} ({elsewhere})"


def caveats(level: Level) -> tuple[str, ...]:
    """Say what a reader should know of how the number came about."""
    result = level.result
    said: list[str] = []
    if level.is_summed:
        said.append("Sum of the 25(OH)D3 and 25(OH)D2 of one draw.")
    elif result.analyte is Analyte.D3:
        said.append("Reported under a 25(OH)D3 code, read as the total.")
    if result.reported_unit.lower() not in ("", (result.unit or "").lower()):
        written = f"{result.comparator or ''}{_plain(result.reported_value)}"
        said.append(f"Reported as {written} {result.reported_unit}.")
    if result.is_unit_unlike_code:
        said.append("The unit reported does not fit the code of the test; the unit was used.")
    return tuple(said)


def season(level: Level, policy: Policy) -> str:
    """Say the season of a result close to a cut-off; empty for any other."""
    result = level.result
    if result.value is None or result.unit is None or result.comparator:
        return ""
    cutoffs = policy.cutoffs(result.unit)
    for bound in (cutoffs.deficient_below, cutoffs.sufficient_from):
        if abs(result.value - bound) <= bound * _BORDERLINE:
            return (
                f"Borderline, close to {_plain(bound)} {result.unit}, and drawn in "
                f"{month(level.day)}: winter values may be 30-50 % lower than summer ones."
            )
    return ""


def month(day: date) -> str:
    """Name the month in English whatever the locale."""
    return _MONTHS[day.month - 1]


def _with_unit(result: VitaminDResult, number: str) -> str:
    value = f"{result.comparator or ''}{number}"
    return f"{value} {result.unit}" if result.unit else value


def _plain(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def _bounds(kind: VitaminDClass, cutoffs: Cutoffs, unit: Unit) -> str:
    if kind is VitaminDClass.DEFICIENT:
        return f"below {_plain(cutoffs.deficient_below)} {unit}"
    if kind is VitaminDClass.INSUFFICIENT:
        low, high = cutoffs.deficient_below, cutoffs.sufficient_from
        return f"{_plain(low)} to below {_plain(high)} {unit}"
    bound = cutoffs.sufficient_from if kind is VitaminDClass.SUFFICIENT else cutoffs.excess_from
    return f"{_plain(bound)} {unit} or more"
