"""
Cut-offs for 25(OH)D and the windows of the verdict, as values handed to `screen`.

The rows of the named policies are data in `rules/policies.toml`, each with its source; a site may
define its own. Windows are this project's own decisions (the domain rules) and carry no citation.
"""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from enum import StrEnum

from marrowd.core.facts import Unit


class VitaminDClass(StrEnum):
    """The class of a result; `deficient` and `insufficient` are together "low"."""

    DEFICIENT = "deficient"
    INSUFFICIENT = "insufficient"
    SUFFICIENT = "sufficient"
    EXCESS = "excess"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """The figures that a guideline prints for one unit."""

    deficient_below: Decimal
    sufficient_from: Decimal
    excess_from: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named set of cut-offs with its source, and the site's choices for the verdict."""

    name: str
    source: str
    ng_ml: Cutoffs
    nmol_l: Cutoffs
    note: str = ""  # said in the card's detail whenever the policy is used
    recency_days: int = 365
    window_before_days: int = 180
    window_after_days: int = 90
    late_after_days: int = 180
    consider_mri: bool = True
    push_min_severity: VitaminDClass = VitaminDClass.INSUFFICIENT
    zone: tzinfo = UTC

    def cutoffs(self, unit: Unit) -> Cutoffs:
        """Give the figures printed for *unit*."""
        return self.ng_ml if unit is Unit.NG_ML else self.nmol_l
