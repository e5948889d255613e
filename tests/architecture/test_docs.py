"""What users hold on to is documented: every setting, metric, command and room."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from typer.main import get_command

from marrowd.cli.program import program
from marrowd.settings import sections
from marrowd.settings.section import Section
from marrowd.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = [
    s
    for s in vars(sections).values()
    if isinstance(s, type) and issubclass(s, Section) and s is not Section
]
ROOMS = sorted(
    p.name for p in (ROOT / "service" / "marrowd").iterdir() if (p / "__init__.py").exists()
)


def keys(section: type[BaseModel]) -> list[str]:
    return list(section.model_fields)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.__name__)
def test_every_setting_is_in_the_reference(section):
    missing = [k for k in keys(section) if k not in CONFIGURATION]

    assert not missing


def test_every_metric_is_in_the_reference():
    names = [
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(CollectorRegistry()).registry.collect()
    ]

    assert [n for n in names if f"`{n}`" not in METRICS] == []


def test_every_command_helps():
    commands = get_command(program).commands

    assert [name for name, command in commands.items() if not command.help] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_readme(room):
    assert f"`{room}`" in README
