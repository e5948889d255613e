"""
One 25(OH)D number against the figures a guideline prints, in the unit the laboratory reported.

Never through a conversion: 50 nmol/L is not below 50 nmol/L, although 50 / 2.496 is below 20.03.
Numbers are `Decimal` from the JSON text, so a value at a bound is at the bound. Rules:
docs/truth-tables.md.
"""

from decimal import Decimal

from marrowd.core.facts import Analyte, Standing, Unit, VitaminDResult
from marrowd.core.policy import Cutoffs, VitaminDClass

LOW = frozenset({VitaminDClass.DEFICIENT, VitaminDClass.INSUFFICIENT})

# Outside these a number is a slip of the pen or of the unit, not a level. This project's own
# decision (the domain rules); laboratories report down to about 4 and flag toxicity from 100 to 150
# ng/mL.
PLAUSIBLE = {
    Unit.NG_ML: (Decimal(1), Decimal(400)),
    Unit.NMOL_L: (Decimal("2.5"), Decimal(1000)),
}
COMPARATORS = frozenset({None, "<", "<=", ">", ">="})


def class_of(value: Decimal, cutoffs: Cutoffs) -> VitaminDClass:
    """Give the class of an exact *value* in the unit of *cutoffs*."""
    if value < cutoffs.deficient_below:
        return VitaminDClass.DEFICIENT
    if value < cutoffs.sufficient_from:
        return VitaminDClass.INSUFFICIENT
    if value < cutoffs.excess_from:
        return VitaminDClass.SUFFICIENT
    return VitaminDClass.EXCESS


def classify(value: Decimal, comparator: str | None, cutoffs: Cutoffs) -> VitaminDClass | None:
    """
    Give the class, or None when it is not certain whether the level is low.

    `<25` may be 5 or 24: low for certain, deficient not, hence insufficient, the milder claim.
    `>10` may be anything, hence None.
    """
    if comparator is None:
        return class_of(value, cutoffs)
    if comparator in {"<", "<="}:
        return _class_below(value, cutoffs, includes_value=comparator == "<=")
    if value >= cutoffs.excess_from:
        return VitaminDClass.EXCESS
    return VitaminDClass.SUFFICIENT if value >= cutoffs.sufficient_from else None


def _class_below(value: Decimal, cutoffs: Cutoffs, *, includes_value: bool) -> VitaminDClass | None:
    def proves_below(bound: Decimal) -> bool:
        return value < bound if includes_value else value <= bound

    if proves_below(cutoffs.deficient_below):
        return VitaminDClass.DEFICIENT
    return VitaminDClass.INSUFFICIENT if proves_below(cutoffs.sufficient_from) else None


def is_implausible(value: Decimal, unit: Unit, analyte: Analyte) -> bool:
    """
    Say whether *value* (or the bound beside a comparator) cannot be a level of a living patient.

    D2 has no limits, since most people have hardly any; only a concentration below nothing is
    refused.
    """
    if analyte is Analyte.D2:
        return value < 0
    least, most = PLAUSIBLE[unit]
    return not least <= value <= most


def unreadable_reason(result: VitaminDResult) -> str | None:
    """Say why *result* cannot be read, or None; a result that is held or withdrawn is not asked."""
    value, unit = result.value, result.unit
    if result.unreadable is not None:
        return result.unreadable
    if value is None or not value.is_finite() or result.comparator not in COMPARATORS:
        return "value"
    if unit is None:
        return "unit"
    if is_implausible(value, unit, result.analyte):
        return "implausible"
    return "date" if result.when.instant is None else None


def is_usable(result: VitaminDResult) -> bool:
    """Say whether *result* counts by its status and can be read."""
    return result.standing is Standing.COUNTS and unreadable_reason(result) is None
