"""What users hold on to is documented: every setting, metric, command and room."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry
from typer.main import get_command

from marrowd.cli.program import program
from marrowd.settings import Settings
from marrowd.settings.section import Section
from marrowd.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = sorted(
    p.name for p in (ROOT / "service" / "marrowd").iterdir() if (p / "__init__.py").exists()
)


def part(name: str) -> str:
    """Give what stands in the reference under the heading that names the table *name*."""
    [text] = re.findall(
        rf"^## `\[+{name}\]+`.*?\n(.*?)(?=^## |\Z)", CONFIGURATION, re.MULTILINE | re.DOTALL
    )
    return str(text)


def within(annotation: object) -> list[type[Section]]:
    """Give the sections that a value of *annotation* may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [each for arg in get_args(annotation) for each in within(arg)]


def written(value: object) -> str:
    """Write a default as the reference does."""
    match value:
        case bool() | int() | float():
            return json.dumps(value)
        case str():
            return f'"{value}"'
        case tuple():
            return "[]"
        case timedelta():
            units = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
            whole = round(value.total_seconds() * 1000)
            unit = next(u for u, size in units.items() if whole % size == 0)
            text = f"{whole // units[unit]}{unit}"
            return f'"{text}"'
        case _:
            return ""


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_reference_with_its_default(name):
    [section] = within(Settings.model_fields[name].annotation)
    rows = dict(re.findall(r"^\| `(\w+)`[^|]*\| ([^|]*?) ?\|", part(name), re.MULTILINE))
    given = {"auth", "public_url", "url"}  # their defaults are no plain value
    tables = {key for key, field in section.model_fields.items() if within(field.annotation)}

    assert set(section.model_fields) - (tables - set(rows)) == set(rows)
    for key, field in section.model_fields.items():
        if key in rows and key not in given and not field.is_required():
            assert written(field.default) == rows[key].strip("`"), key


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_within_another_is_in_the_reference(name):
    [section] = within(Settings.model_fields[name].annotation)
    text = part(name)

    for field in section.model_fields.values():
        for each in within(field.annotation):
            told = [key for key in each.model_fields if re.search(rf"[`{{ ,]{key}\b", text)]
            assert told == list(each.model_fields), each.__name__


def test_every_metric_is_in_the_reference():
    names = [
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(CollectorRegistry()).registry.collect()
    ]

    assert [n for n in names if f"`{n}`" not in METRICS] == []


def test_every_value_of_a_label_is_in_the_reference():
    named = {"version", "rules", "source", "destination"}  # by who builds or configures
    metrics = Metrics(CollectorRegistry(), sources=["s"], destinations=["d"])
    values = {
        value
        for family in metrics.registry.collect()
        for sample in family.samples
        for label, value in sample.labels.items()
        if label not in named | {"le"}
    }

    assert "association" in values
    assert [value for value in sorted(values) if f"`{value}`" not in METRICS] == []


def test_every_command_helps():
    commands = get_command(program).commands

    assert [name for name, command in commands.items() if not command.help] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_readme(room):
    assert f"`{room}`" in README
