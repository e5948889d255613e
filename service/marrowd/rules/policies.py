"""
The named 25(OH)D policies, a site's own, and the one that the configuration chose.

A wrong figure here changes every verdict in silence, so a custom policy is refused unless its
figures are ordered, possible, and the same in both units.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from marrowd.core.facts import Unit
from marrowd.core.policy import Cutoffs, Policy, VitaminDClass
from marrowd.core.vitamin_d import PLAUSIBLE
from marrowd.errors import BadConfiguration

if TYPE_CHECKING:
    # Only for annotations: without pydantic `marrowd screen` starts 0.1 s sooner.
    from marrowd.settings.sections import CustomPolicy, PolicySettings

_FILE = Path(__file__).with_name("policies.toml")

# 1 ng/mL is 2.496 nmol/L; guidelines print figures rounded to 2.5. Farther apart, the figures of
# one unit were written under the other, or one of them is a slip.
_LEAST_RATIO, _MOST_RATIO = Decimal("2.3"), Decimal("2.7")


def policy_from(settings: "PolicySettings", *, name: str | None = None) -> Policy:
    """
    Build the policy in force, windows and all.

    Args:
        settings: the section `[policy]` of the configuration.
        name: a policy that wins over the one of *settings*, such as that of `--policy`.

    Raises:
        BadConfiguration: no such policy, or a custom one that cannot be used.
    """
    policies = with_custom(load_policies(), settings.custom)
    chosen = named(policies, settings.vitamin_d if name is None else name)
    return replace(
        chosen,
        recency_days=settings.recency.days,
        window_before_days=settings.window_before.days,
        window_after_days=settings.window_after.days,
        late_after_days=max(chosen.late_after_days, settings.window_after.days),
        consider_mri=settings.consider_mri,
        push_min_severity=VitaminDClass(settings.push_min_severity),
        zone=ZoneInfo(settings.site_zone),
    )


@cache
def load_policies() -> Mapping[str, Policy]:
    """Read `policies.toml`, by name, in the order of the file."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"), parse_float=Decimal)
    excess = rows["excess_from"]
    return {row["name"]: _policy(row, excess) for row in rows["policy"]}


def with_custom(
    policies: Mapping[str, Policy], custom: "Iterable[CustomPolicy]"
) -> dict[str, Policy]:
    """
    Add a site's own policies.

    Raises:
        BadConfiguration: a name that is taken, or figures that cannot be used.
    """
    known = dict(policies)
    for own in custom:
        if own.name in known:
            message = (
                f"[[policy.custom]] {own.name}: there is a policy of this name already; "
                "choose another, so that a card cannot be mistaken"
            )
            raise BadConfiguration(message)
        known[own.name] = custom_policy(own)
    return known


def custom_policy(own: "CustomPolicy") -> Policy:
    """
    Build one policy of a site.

    Raises:
        BadConfiguration: says which key, what is wrong with it and how to mend it.
    """
    for key, unit in (
        ("deficient_below_ng_ml", Unit.NG_ML),
        ("sufficient_from_ng_ml", Unit.NG_ML),
        ("deficient_below_nmol_l", Unit.NMOL_L),
        ("sufficient_from_nmol_l", Unit.NMOL_L),
    ):
        _check_range(own.name, key, getattr(own, key), unit)
    for size in ("ng_ml", "nmol_l"):
        _check_order(own, size)
    for key in ("deficient_below", "sufficient_from"):
        _check_units(own, key)
    excess = {unit: next(iter(load_policies().values())).cutoffs(unit).excess_from for unit in Unit}
    return Policy(
        name=own.name,
        source=own.source,
        ng_ml=Cutoffs(
            deficient_below=own.deficient_below_ng_ml,
            sufficient_from=own.sufficient_from_ng_ml,
            excess_from=excess[Unit.NG_ML],
        ),
        nmol_l=Cutoffs(
            deficient_below=own.deficient_below_nmol_l,
            sufficient_from=own.sufficient_from_nmol_l,
            excess_from=excess[Unit.NMOL_L],
        ),
    )


def named(policies: Mapping[str, Policy], name: str) -> Policy:
    """
    Find the policy called *name*.

    Raises:
        BadConfiguration: there is none; names the nearest, and all.
    """
    if name in policies:
        return policies[name]
    near = get_close_matches(name, policies, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    message = f"[policy] vitamin_d: no policy {name!r}; {hint}known are {', '.join(policies)}"
    raise BadConfiguration(message)


def _policy(row: Mapping[str, Any], excess: Mapping[str, int]) -> Policy:
    return Policy(
        name=row["name"],
        source=row["source"],
        note=row.get("note", ""),
        ng_ml=_cutoffs(row["ng_ml"], excess["ng_ml"]),
        nmol_l=_cutoffs(row["nmol_l"], excess["nmol_l"]),
    )


def _cutoffs(figures: Mapping[str, int | Decimal], excess: int) -> Cutoffs:
    return Cutoffs(
        deficient_below=Decimal(figures["deficient_below"]),
        sufficient_from=Decimal(figures["sufficient_from"]),
        excess_from=Decimal(excess),
    )


def _check_range(name: str, key: str, figure: Decimal, unit: Unit) -> None:
    least, most = PLAUSIBLE[unit]
    if not figure.is_finite() or not least <= figure <= most:
        message = (
            f"[[policy.custom]] {name}: {key} is {figure}; "
            f"give a figure from {least} to {most} {unit}"
        )
        raise BadConfiguration(message)


def _check_order(own: "CustomPolicy", unit: str) -> None:
    low = getattr(own, f"deficient_below_{unit}")
    high = getattr(own, f"sufficient_from_{unit}")
    if low > high:
        message = (
            f"[[policy.custom]] {own.name}: deficient_below_{unit} ({low}) is above "
            f"sufficient_from_{unit} ({high}); the first must not be the larger"
        )
        raise BadConfiguration(message)


def _check_units(own: "CustomPolicy", key: str) -> None:
    ng_ml, nmol_l = getattr(own, f"{key}_ng_ml"), getattr(own, f"{key}_nmol_l")
    if not _LEAST_RATIO <= nmol_l / ng_ml <= _MOST_RATIO:
        message = (
            f"[[policy.custom]] {own.name}: {key}_ng_ml ({ng_ml}) and {key}_nmol_l ({nmol_l}) "
            "are not one figure in two units; 1 ng/mL is about 2.5 nmol/L"
        )
        raise BadConfiguration(message)
