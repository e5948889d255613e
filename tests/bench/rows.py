"""
What a benchmark says: one row a comparison, made of runs that alternated.

The ratio is the result: the median of the ratios within a round, since the machine's speed of that
moment is in both. Figures are medians and only context.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How far a ratio may go."""

    bound: float
    is_floor: bool  # whether more is better

    def __str__(self) -> str:
        """Say it in words."""
        return f"at {'least' if self.is_floor else 'most'} {self.bound:g}"

    def margin(self, ratio: float) -> float:
        """Give how many times better than asked for *ratio* is; below 1 the target is missed."""
        return ratio / self.bound if self.is_floor else self.bound / ratio


def at_least(bound: float) -> Target:
    """More is better."""
    return Target(bound=bound, is_floor=True)


def at_most(bound: float) -> Target:
    """Less is better."""
    return Target(bound=bound, is_floor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    work: str
    unit: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    lowest: float
    highest: float
    target: Target | None = None

    @property
    def is_held(self) -> bool | None:
        """Say whether the target is held; None where there is none."""
        return None if self.target is None else self.target.margin(self.ratio) >= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float  # one loaded run
    part: float  # of the events, patients and reports of a whole run


WHOLE = Scale(rounds=5, seconds=1.5, part=1.0)
QUICK = Scale(rounds=2, seconds=0.4, part=0.1)


class NotMeasured(Exception):
    """Something cannot be built or started here; the message says why."""


def alternated(
    names: Sequence[str], rounds: int, measure: Callable[[str], T]
) -> dict[str, list[T]]:
    """Measure each in turn, forwards and then backwards (A B C, C B A), *rounds* times."""
    found: dict[str, list[T]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(measure(name))
    return found


def compared(
    work: str,
    unit: str,
    ours: Sequence[float],
    peer: str,
    theirs: Sequence[float],
    target: Target | None = None,
) -> Row:
    """Compare two lists of figures, round by round."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        work=work,
        unit=unit,
        ours=median(ours),
        peer=peer,
        theirs=median(theirs),
        ratio=median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        target=target,
    )


def as_json(row: Row) -> dict[str, Any]:
    """Give a row as JSON has it."""
    return {
        "work": row.work,
        "unit": row.unit,
        "marrowd": row.ours,
        "peer": row.peer,
        "theirs": row.theirs,
        "ratio": row.ratio,
        "lowest": row.lowest,
        "highest": row.highest,
        "target": None if row.target is None else str(row.target),
        "held": row.is_held,
    }
