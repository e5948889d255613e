"""Write the rules that Prometheus loads: `python -m deploy.prometheus.build`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from deploy.prometheus import alerts_clinical, alerts_delivery, alerts_loss, alerts_service
from deploy.prometheus.alerting import Alert
from deploy.prometheus.burning import burn_alerts, recordings
from deploy.prometheus.objectives import OBJECTIVES

RULES = Path(__file__).with_name("rules")
_HEAD = "# Written by `make ops-assets` from deploy/prometheus/*.py: change it there.\n"

ALERTS: dict[str, Sequence[Alert]] = {
    "objectives": [alert for each in OBJECTIVES for alert in burn_alerts(each)],
    "service": alerts_service.ALERTS,
    "loss": alerts_loss.ALERTS,
    "delivery": alerts_delivery.ALERTS,
    "clinical": alerts_clinical.ALERTS,
}


def files() -> dict[str, str]:
    """Give the text of every file by its name."""
    recorded = [
        _group(f"marrowd-{each.name.replace('_', '-')}", recordings(each)) for each in OBJECTIVES
    ]
    written = {"recording.yaml": _text(recorded)}
    for area, alerts in ALERTS.items():
        written[f"{area}.yaml"] = _text([_group(f"marrowd-{area}", [a.rule() for a in alerts])])
    return written


def _group(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "interval": "30s", "rules": rules}


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as such."""


def _str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _str)


def _text(groups: list[dict[str, Any]]) -> str:
    return _HEAD + yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=100)


if __name__ == "__main__":
    RULES.mkdir(exist_ok=True)
    for name, text in files().items():
        (RULES / name).write_text(text, encoding="utf-8")
