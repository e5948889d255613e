"""
Objectives as recorded ratios, and the two alerts that say how fast a budget burns.

Each alert looks at a long window, so that a blip wakes nobody, and at a short one, so that it ends
soon after the cause has ended; and at a floor of traffic, below which a ratio is noise.
"""

from typing import Any

from deploy.prometheus.alerting import Alert
from deploy.prometheus.objectives import BURNS, WINDOWS, Burn, Objective, Severity

_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def ratio(objective: Objective, window: str) -> str:
    """Name the recorded share that failed."""
    return f"job:marrowd_{objective.name}:ratio_rate{window}"


def traffic(objective: Objective, window: str) -> str:
    """Name the recorded rate of what counts."""
    return f"job:marrowd_{objective.name}_traffic:rate{window}"


def seconds(window: str) -> int:
    """Give the length of a window such as "30m"."""
    return int(window[:-1]) * _SECONDS[window[-1]]


def recordings(objective: Objective) -> list[dict[str, Any]]:
    """Give the recording rules of *objective*, traffic first: a ratio is made of it."""
    rules = []
    for window in WINDOWS:
        rules += [
            {"record": traffic(objective, window), "expr": objective.all.format(w=window)},
            {
                "record": ratio(objective, window),
                "expr": f"({objective.bad.format(w=window)}) / ({traffic(objective, window)} > 0)",
            },
        ]
    return rules


def burn_alerts(objective: Objective) -> list[Alert]:
    """Give the page and the ticket of *objective*."""
    fast = [burn for burn in BURNS if burn.severity is Severity.PAGE]
    slow = [burn for burn in BURNS if burn.severity is Severity.TICKET]
    return [
        _alert(objective, fast, speed="Fast", spent="in hours or days"),
        _alert(objective, slow, speed="Slow", spent="before the 30 days are over"),
    ]


def _alert(objective: Objective, burns: list[Burn], *, speed: str, spent: str) -> Alert:
    return Alert(
        name=f"Marrowd{objective.alert}{speed}",
        severity=burns[0].severity,
        expr="\nor\n".join(_burning(objective, burn) for burn in burns),
        wait="2m" if speed == "Fast" else "15m",
        summary=f"Promise at risk: {objective.promise}",
        description=(
            f"{{{{ $value | humanizePercentage }}}} failed; at this pace the month's budget is "
            f"spent {spent}."
        ),
    )


def _burning(objective: Objective, burn: Burn) -> str:
    limit = f"{round(burn.factor * objective.budget, 6):g}"
    rate = f"{objective.floor / seconds(burn.long):.6g}"
    return (
        f"({ratio(objective, burn.long)} > {limit}"
        f" and {ratio(objective, burn.short)} > {limit}"
        f" and {traffic(objective, burn.long)} >= {rate})"
    )
