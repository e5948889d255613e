"""Each alert and each reason for parking has an entry in the runbook that says what to do."""

import re
from pathlib import Path

import pytest
from deploy.prometheus.build import ALERTS
from typer.main import get_command

from marrowd.cli.program import program
from marrowd.telemetry.metrics import Parked

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
NAMES = [alert.name for alerts in ALERTS.values() for alert in alerts]


@pytest.mark.parametrize("name", [*NAMES, *Parked])
def test_it_has_an_entry(name):
    entry = ENTRIES[name]

    for part in ("- **Means**: ", "- **Look**: ", "- **Do**: "):
        assert part in entry


def test_no_entry_is_of_what_is_gone():
    assert sorted(ENTRIES) == sorted([*NAMES, *Parked])


def test_the_commands_it_names_are_there():
    commands = get_command(program).commands

    for name, word in re.findall(r"`marrowd (\w+) ?(\w*)", RUNBOOK):
        command = commands[name]
        assert not hasattr(command, "commands") or word in command.commands
