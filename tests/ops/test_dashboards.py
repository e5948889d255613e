"""
Every panel of every dashboard shows something on the running service, and obeys the house rules.

The rules are those of Grafana's dashboard-linter, written as tests. There is no Grafana here: what
a panel's queries give is tested, how it looks is not.
"""

import json
import math
import re

import pytest
from deploy.grafana.build import FOLDER
from tests.ops.tools import ROOT
from tests.support.service import until

pytestmark = [pytest.mark.ops, pytest.mark.asyncio(loop_scope="session")]

BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['title'].replace(' ', '_')}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]
_UNTIL_SHOWN_S = 30
DOCUMENTED = set(re.findall(r"`(marrowd_[a-z_]+)`", (ROOT / "docs" / "metrics.md").read_text()))


def variables(board):
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def as_grafana_sends(expr):
    values = {"$job": ".+", "$instance": ".+", "$__rate_interval": "30s", "$__range": "5m"}
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr


@pytest.mark.parametrize("panel", PANELS)
async def test_a_panel_shows_something(panel, watched):
    for target in panel["targets"]:
        expr = as_grafana_sends(target["expr"])
        await shown(watched, expr)


async def shown(prometheus, expr):
    """Wait until *expr* gives a number: two scrapes after the traffic, and a rule evaluated."""

    async def gives_a_number():
        return any(not math.isnan(value) for value in await prometheus.query(expr))

    await until(gives_a_number, f"{expr} gives a number", timeout_s=_UNTIL_SHOWN_S)


async def test_every_rule_can_be_evaluated(watched):
    groups = (await watched.ask("rules"))["groups"]

    unhealthy = [rule for group in groups for rule in group["rules"] if rule["health"] == "err"]
    assert unhealthy == []


@pytest.mark.parametrize("name", BOARDS)
async def test_a_dashboard_can_be_pointed_anywhere(name):
    board = BOARDS[name]
    given = variables(board)

    assert given["datasource"]["type"] == "datasource"
    assert given["datasource"]["query"] == "prometheus"
    for label in ("job", "instance"):
        assert given[label]["type"] == "query"
        assert given[label]["datasource"]["uid"] == "$datasource"
        assert given[label]["multi"]
        assert given[label]["allValue"] == ".+"
        assert given[label]["label"] == label.capitalize()
        assert given[label]["refresh"] == 2  # reloaded when the time range changes
    assert board["editable"] is False
    assert board["uid"] == name


@pytest.mark.parametrize("panel", PANELS)
async def test_a_panel_says_what_it_shows(panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert panel["datasource"]["uid"] == "$datasource"


@pytest.mark.parametrize("panel", PANELS)
async def test_a_query_selects_and_adapts(panel):
    for target in panel["targets"]:
        expr = target["expr"]
        assert target["datasource"]["uid"] == "$datasource"
        for metric, select in re.findall(r"\b((?:job:)?marrowd_[a-z0-9_:]+)(\{[^}]*\})?", expr):
            assert 'job=~"$job"' in select, f"{metric} in {expr}"
            if not metric.startswith("job:"):  # a recorded series has no instance any more
                assert 'instance=~"$instance"' in select, f"{metric} in {expr}"
        windows = re.findall(r"\b(rate|increase)\([^\[]*\[([^\]]+)\]", expr)
        assert all(window == "$__rate_interval" for kind, window in windows if kind == "rate")


@pytest.mark.parametrize("name", BOARDS)
async def test_panels_do_not_overlap(name):
    taken = set()
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


async def test_only_documented_metrics_are_drawn():
    text = json.dumps(BOARDS)
    names = set(re.findall(r"(?<![:\w])marrowd_[a-z_]+", text))
    stems = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}

    assert stems - DOCUMENTED == set()
