"""Each alert fires on the fault it is for, and stays quiet on its near miss."""

import pytest
import yaml
from deploy.prometheus.build import ALERTS
from deploy.prometheus.objectives import OBJECTIVES, RUNBOOK
from tests.ops.alert_cases import CASES
from tests.ops.tools import RULES, promtool

pytestmark = pytest.mark.ops
FOLDER = RULES[0].parent
RECORDED = [f"marrowd-{each.name.replace('_', '-')}" for each in OBJECTIVES]
AREA = {alert.name: area for area, alerts in ALERTS.items() for alert in alerts}
NAMES = [alert.name for alerts in ALERTS.values() for alert in alerts]


def unit_test(name, series, case, *, count):
    """Write a promtool test: so many alerts *name* fire on *series*."""
    area = AREA[name]
    recorded = area == "objectives"
    files = [*(["recording"] if recorded else []), area]
    return {
        "rule_files": [str(FOLDER / f"{each}.yaml") for each in files],
        "evaluation_interval": case.every,
        "group_eval_order": [*(RECORDED if recorded else []), f"marrowd-{area}"],
        "tests": [
            {
                "interval": case.every,
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                        "eval_time": case.at,
                        "exp_samples": [{"labels": "{}", "value": 1}] if count else [],
                    }
                ],
            }
        ],
    }


def test_the_rules_are_valid():
    ran = promtool("check", "rules", *map(str, RULES))

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_has_a_case():
    assert sorted(CASES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fires", [True, False], ids=["fires", "stays-quiet"])
def test_an_alert(name, fires, tmp_path):
    case = CASES[name]
    series = case.fires if fires else case.quiet
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(unit_test(name, series, case, count=fires)))

    ran = promtool("test", "rules", str(file))

    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()


def test_every_alert_says_who_hears_of_it_and_where_to_read_on():
    rules = [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]

    assert len(rules) == len(NAMES)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        link = f"{RUNBOOK}#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == link
