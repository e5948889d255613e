"""
Which number stands for one blood draw: a total, D3 and D2 together, or D3 alone; never D2 alone.

Laboratories report 25(OH)D as one total, as its two forms, or as both; some report the total under
the code for D3. A draw turns what came from one tube into at most one `Level`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from marrowd.core.facts import Analyte, VitaminDResult
from marrowd.core.policy import Policy
from marrowd.core.verdict import Level
from marrowd.core.vitamin_d import LOW, classify, is_usable
from marrowd.core.windows import NEVER, is_future


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The results of one draw, none of them withdrawn, in a fixed order."""

    results: tuple[VitaminDResult, ...]
    level: Level | None  # as long as no result of it is dated in the future
    last: datetime | None  # the latest instant among its results

    def level_at(self, now: datetime, policy: Policy) -> Level | None:
        """Give the level that the draw has at *now*, when results of the future are still held."""
        if self.last is None or self.last <= now:
            return self.level
        return level_of(self.results, policy, is_held=lambda result: is_future(result.when, now))


def group_draws(
    results: Iterable[VitaminDResult], listed_by: dict[str, str], policy: Policy
) -> tuple[Draw, ...]:
    """
    Put *results* that came from one draw together.

    Args:
        results: not withdrawn, in any order.
        listed_by: for an Observation ref, the smallest ref of the DiagnosticReports that list it.
        policy: its cut-offs.
    """
    members: dict[tuple[str, str], list[VitaminDResult]] = defaultdict(list)
    for result in results:
        members[_draw_key(result, listed_by)].append(result)
    return tuple(_draw(members[key], policy) for key in sorted(members))


def _draw_key(result: VitaminDResult, listed_by: dict[str, str]) -> tuple[str, str]:
    if result.specimen is not None:
        return ("specimen", result.specimen)
    if result.ref in listed_by:
        return ("report", listed_by[result.ref])
    if result.when.instant is not None:
        return ("time", result.when.instant.astimezone(UTC).isoformat())
    # Without any of the three nothing says that it belongs to another result.
    return ("result", result.ref)


def _draw(results: list[VitaminDResult], policy: Policy) -> Draw:
    ordered = tuple(sorted(results, key=order_of))
    instants = [result.when.instant for result in ordered if result.when.instant is not None]
    return Draw(
        results=ordered,
        level=level_of(ordered, policy, is_held=lambda _: False),
        last=max(instants, default=None),
    )


def order_of(result: VitaminDResult) -> tuple[datetime, str, str, str, str]:
    """
    Give a key that sorts results: the one that wins comes last, the later, then the larger id.

    What follows the ref only keeps components of one Observation in a fixed order.
    """
    return (
        result.when.instant or NEVER,
        result.ref,
        result.analyte.value,
        result.unit or "",
        f"{result.comparator or ''}{result.value}",
    )


def level_of(
    results: tuple[VitaminDResult, ...],
    policy: Policy,
    *,
    is_held: Callable[[VitaminDResult], bool],
) -> Level | None:
    """
    Decide which number stands for the draw, or None when it has none that is classifiable.

    Args:
        results: of one draw, sorted by `order_of`.
        policy: its cut-offs and the zone of its days.
        is_held: whether a result that counts by its status is held for another reason.
    """
    usable = [result for result in results if is_usable(result) and not is_held(result)]
    totals = [result for result in usable if result.analyte is Analyte.TOTAL]
    if totals:
        return _level(totals[-1], policy)
    d3s = [result for result in usable if result.analyte is Analyte.D3]
    if not d3s:
        return None  # D2 alone never decides
    d3 = d3s[-1]
    if all(result.analyte is not Analyte.D2 for result in results):
        return _level(d3, policy)
    summable = [
        result
        for result in usable
        if result.analyte is Analyte.D2
        and result.unit is d3.unit
        and result.comparator not in {">", ">="}
    ]
    if summable:
        return _level_of_sum(d3, summable[-1], policy)
    # Whatever the D2 is, it can only add to a D3 that is sufficient by itself.
    alone = _level(d3, policy)
    return alone if alone is not None and alone.vitamin_d_class not in LOW else None


def _level(result: VitaminDResult, policy: Policy, *, is_summed: bool = False) -> Level | None:
    day = result.when.day(policy.zone)
    if result.value is None or result.unit is None or day is None:  # pragma: no cover
        return None  # never of a usable result: said again for the type checker
    found = classify(result.value, result.comparator, policy.cutoffs(result.unit))
    if found is None:
        return None
    if is_summed:  # the sum is ours: nobody reported it
        result = replace(result, reported_value=None, reported_unit="")
    return Level(result=result, vitamin_d_class=found, day=day, is_summed=is_summed)


def _level_of_sum(d3: VitaminDResult, d2: VitaminDResult, policy: Policy) -> Level | None:
    """
    Add two results that may each be a range, and say the sum as the bound that proves its class.

    10 + `<4` lies from 10 to below 14 and is said as `<14`; 32 + `<4` is said as `>=32`. A sum
    whose ends lie on both sides of "low" has no class.
    """
    low, high = _ends(d3), _ends(d2)
    lower = _End(low[0].value + high[0].value, low[0].is_included and high[0].is_included)
    upper = None
    if low[1] is not None and high[1] is not None:
        upper = _End(low[1].value + high[1].value, low[1].is_included and high[1].is_included)
    if d3.comparator is None and d2.comparator is None:
        return _level(replace(d3, value=lower.value), policy, is_summed=True)
    below = None
    if upper is not None:
        comparator = "<=" if upper.is_included else "<"
        below = _level(
            replace(d3, value=upper.value, comparator=comparator), policy, is_summed=True
        )
    if below is not None:
        return below
    comparator = ">=" if lower.is_included else ">"
    return _level(replace(d3, value=lower.value, comparator=comparator), policy, is_summed=True)


@dataclass(frozen=True, slots=True)
class _End:
    value: Decimal
    is_included: bool


def _ends(result: VitaminDResult) -> tuple[_End, _End | None]:
    """Give the least and the most that *result* may stand for; None is without limit."""
    value = result.value or Decimal(0)
    match result.comparator:
        case "<" | "<=":
            return _End(Decimal(0), is_included=True), _End(value, result.comparator == "<=")
        case ">" | ">=":
            return _End(value, result.comparator == ">="), None
        case _:
            return _End(value, is_included=True), _End(value, is_included=True)
