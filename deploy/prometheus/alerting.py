"""How an alert becomes a rule: severity, a sentence for whoever is woken, the runbook's entry."""

from dataclasses import dataclass
from typing import Any

from deploy.prometheus.objectives import RUNBOOK, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert; its runbook link follows from its name, so none can be without."""

    name: str
    severity: Severity
    expr: str
    wait: str  # how long it must hold before anybody hears of it
    summary: str
    description: str

    def rule(self) -> dict[str, Any]:
        """Give it as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.wait,
            "labels": {"severity": str(self.severity)},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOK}#{self.name.lower()}",
            },
        }
