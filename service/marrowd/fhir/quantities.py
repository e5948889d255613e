"""
The number, comparator and unit of a 25(OH)D result, or the reason why there is none.

Nothing is guessed: a unit comes from the result or, when it names none, from a reference range
whose bounds all agree; never from the code (rules.md section 1, "Value", "Unit", "Implausible").
"""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

from marrowd.core.facts import Analyte, Unit
from marrowd.errors import UnreadableResource
from marrowd.fhir import reasons
from marrowd.fhir.json import Number
from marrowd.fhir.members import Resource, obj, objects, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """A unit as laboratories write it: the printed unit meant, and the power of ten between."""

    unit: Unit
    exponent: int = 0
    written: str = field(default="", compare=False)  # as the laboratory wrote it


_NG_ML = Spelling(unit=Unit.NG_ML)
_NMOL_L = Spelling(unit=Unit.NMOL_L)
_PMOL_L = Spelling(unit=Unit.NMOL_L, exponent=-3)
# Spellings seen in practice, UCUM and not (rules.md section 1, "Unit"). 1 ng/mL = 1 ug/L. No two
# spellings differ only by case, so case is not looked at. Both micro signs: U+00B5 and U+03BC.
_SPELLINGS = {
    "ng/ml": _NG_ML,
    "ug/l": _NG_ML,
    "mcg/l": _NG_ML,
    "\u00b5g/l": _NG_ML,
    "\u03bcg/l": _NG_ML,
    "nmol/l": _NMOL_L,
    "pmol/l": _PMOL_L,
}
_COMPARATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "\u2264": "<=", "\u2265": ">="}
_VALUE_STRING = re.compile(
    # Blanks are never given back ("*+"): a value of nothing else would take for ever to refuse.
    r"\s*+(?P<comparator><=|>=|<|>|\u2264|\u2265)?\s*+(?P<number>[0-9]{1,4}(?:[.,][0-9]{1,2})?)"
    r"\s*+(?P<unit>[^\s\d]\S*)?\s*+"
)
_BLANKS: tuple[object, ...] = (None, "", {}, [])
_MAX_EXPONENT = 30
_WRITTEN_EXPONENT = re.compile(r"[eE]([+-]?\d+)$")
# Below and above these a 25(OH)D level is a mistake, not a level (this project's own decision).
_PLAUSIBLE = {
    Unit.NG_ML: (Decimal(1), Decimal(400)),
    Unit.NMOL_L: (Decimal("2.5"), Decimal(1000)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A readable value in one of the two printed units."""

    value: Decimal
    comparator: str | None
    unit: Unit
    reported_value: Decimal | None = None  # where the unit was written otherwise
    reported_unit: str = ""


def has_value(member: Resource) -> bool:
    """Say whether any `value[x]` is there; a quantity with only a unit is none."""
    for name, value in member.items():
        if name.startswith("value") and value not in _BLANKS and not _is_bare(name, value):
            return True
    return False


def _is_bare(name: str, value: object) -> bool:
    if name != "valueQuantity" or not isinstance(value, dict):
        return False
    return value.keys() <= {"unit", "system", "code"}


def amount(member: Resource, *, analyte: Analyte) -> Amount:
    """
    Read the value of an Observation or of one of its components.

    Raises:
        UnreadableResource: `value`, `unit` or `implausible`.
    """
    quantity = member.get("valueQuantity")
    if quantity not in (None, "", {}, []):
        number, comparator, spelling = _quantity(quantity)
    else:
        number, comparator, spelling = _string(member.get("valueString"))
    if spelling is None:
        spelling = _unit_of_ranges(member)
    reported = number
    if spelling.exponent:
        number = _shifted(number, spelling.exponent)
    low, high = _PLAUSIBLE[spelling.unit]
    if analyte is Analyte.D2:
        # A patient who takes no D2 has none: only a negative amount is impossible.
        low, high = Decimal(0), number
    if number < low or number > high:
        raise UnreadableResource(reasons.IMPLAUSIBLE)
    if spelling.written in ("", spelling.unit):
        return Amount(value=number, comparator=comparator, unit=spelling.unit)
    return Amount(
        value=number,
        comparator=comparator,
        unit=spelling.unit,
        reported_value=reported,
        reported_unit=spelling.written,
    )


def spelled(quantity: Resource) -> Spelling | None:
    """
    Give the unit of a Quantity; None when it names none.

    Raises:
        UnreadableResource: `unit`, when it names one that is not known, or two of different size.
    """
    written = [text(quantity.get(name)) for name in ("code", "unit")]
    known = [s for s in map(_spelling, written) if s is not None]
    if not known:
        if any(written):
            raise UnreadableResource(reasons.UNIT)
        return None
    if any(s != known[0] for s in known):
        raise UnreadableResource(reasons.UNIT)
    return known[-1]  # the `unit` is what the laboratory prints


def _spelling(written: str) -> Spelling | None:
    known = _SPELLINGS.get(written.lower())
    return known if known is None or known.written == written else replace(known, written=written)


def _quantity(quantity: object) -> tuple[Decimal, str | None, Spelling | None]:
    if not isinstance(quantity, dict):
        raise UnreadableResource(reasons.VALUE)
    number = _number(quantity.get("value"))
    comparator = quantity.get("comparator")
    if comparator in (None, ""):
        return number, None, spelled(quantity)
    sign = _COMPARATORS.get(text(comparator))
    if sign is None:
        raise UnreadableResource(reasons.VALUE)
    return number, sign, spelled(quantity)


def _string(value: object) -> tuple[Decimal, str | None, Spelling | None]:
    match = _VALUE_STRING.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnreadableResource(reasons.VALUE)
    unit = match["unit"]
    spelling = _spelling(unit) if unit else None
    if unit and spelling is None:
        # The grammar has only known units in it: "18 (see note)" is not a value.
        raise UnreadableResource(reasons.VALUE)
    sign = _COMPARATORS[match["comparator"]] if match["comparator"] else None
    return Decimal(match["number"].replace(",", ".")), sign, spelling


def _number(value: object) -> Decimal:
    """Take a JSON number (never a float, never a string that looks like one)."""
    if isinstance(value, Number):
        written = _WRITTEN_EXPONENT.search(value.text)
        if written and not _is_small_exponent(written[1]):
            raise UnreadableResource(reasons.VALUE)
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UnreadableResource(reasons.VALUE)
    number = Decimal(value)
    if not number.is_finite() or (number and abs(number.adjusted()) > _MAX_EXPONENT):
        raise UnreadableResource(reasons.VALUE)
    return number


def _is_small_exponent(written: str) -> bool:
    digits = written.lstrip("+-").lstrip("0")
    return len(digits) <= len(str(_MAX_EXPONENT)) and int(digits or 0) <= _MAX_EXPONENT


def _shifted(number: Decimal, exponent: int) -> Decimal:
    """Move the decimal point exactly (no context rounds it), without zeros at the end."""
    sign, digits, own = number.as_tuple()
    kept = list(digits)
    place = int(own) + exponent
    while place < 0 and len(kept) > 1 and kept[-1] == 0:
        kept.pop()
        place += 1
    return Decimal((sign, tuple(kept), place))


def _unit_of_ranges(member: Resource) -> Spelling:
    bounds = [
        obj(reference[side])
        for reference in objects(member.get("referenceRange"))
        for side in ("low", "high")
        if reference.get(side) not in (None, "", {}, [])
    ]
    spellings = {spelled(bound) for bound in bounds}
    if len(spellings) != 1:
        raise UnreadableResource(reasons.UNIT)
    found = spellings.pop()
    if found is None:
        raise UnreadableResource(reasons.UNIT)
    return found
