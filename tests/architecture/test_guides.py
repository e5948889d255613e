"""The guides speak of what is there: every command, option, error and file, and nothing else."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from typer.main import get_command

from marrowd import errors
from marrowd.cli.exits import Exit
from marrowd.cli.program import program
from marrowd.core.verdict import VerdictKind
from marrowd.fhir import reasons
from marrowd.rules.policies import load_policies
from marrowd.store.migrations import versions
from marrowd.store.schema import SCHEMA
from marrowd.store.upkeep import AuditKind
from marrowd.web import answers

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def leaves(command, words=()):
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from leaves(each, (*words, name))
        else:
            yield " ".join((*words, name)), each


ALL = dict(leaves(get_command(program)))


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_is_told(name):
    options = {option for each in ALL[name].params for option in each.opts if "--" in option}

    assert f"| `{name}` |" in COMMANDS
    assert [option for option in options if f"`{option}" not in COMMANDS] == []
    assert ALL[name].help


def test_no_command_is_told_that_is_not_there():
    told = re.findall(r"^\| `([a-z ]+)` \|", COMMANDS.partition("## Exit codes")[0], re.MULTILINE)

    assert set(told) == set(ALL)


def test_commands_in_every_guide_exist():
    for guide in GUIDES:
        text = guide.read_text(encoding="utf-8")
        for words in re.findall(r"`?\bmarrowd ((?:[a-z]+ ?){1,2})[`\-\s]", text):
            first, *rest = words.split()
            groups = {name.split()[0] for name in ALL}
            if first in groups and not (first in ALL or (rest and f"{first} {rest[0]}" in ALL)):
                pytest.fail(f"{guide.name}: marrowd {words}")


def test_every_exit_code_and_error_is_told():
    kinds = [
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.MarrowdError)
    ]

    assert [code for code in Exit if f"| {code:d} |" not in COMMANDS] == []
    assert [name for name in kinds if f"`{name}`" not in COMMANDS] == []


def test_every_refusal_is_told():
    statuses = [HTTPStatus(status) for status in answers._REFUSALS]

    assert [status for status in statuses if f"| {status:d} |" not in COMMANDS] == []


def test_every_reason_is_told():
    words = {value for name, value in vars(reasons).items() if name.isupper()} | {"future_date"}

    assert [word for word in words if f"`{word}`" not in COMMANDS] == []
    assert [kind for kind in AuditKind if f"`{kind}`" not in COMMANDS] == []


@pytest.mark.parametrize("name", ["clinical.md", "rules.md"])
def test_the_clinical_pages_know_every_verdict(name):
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE)

    assert found == [str(kind) for kind in VerdictKind]


def test_the_clinical_page_knows_every_policy():
    page = (ROOT / "docs" / "clinical.md").read_text(encoding="utf-8")

    for policy in load_policies().values():
        assert f"`{policy.name}`" in page


def test_the_upgrade_page_knows_every_schema():
    page = (ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
    folder = Path(next(iter(versions.__path__)))
    numbers = [path.stem[1:5] for path in sorted(folder.glob("r*.py"))]

    assert re.findall(r"^\| (\d{4}) \|", page, re.MULTILINE) == numbers
    assert numbers[-1] == SCHEMA


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_file_that_a_guide_names_is_there(guide):
    text = guide.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text)
    paths = re.findall(r"`((?:service|tests|charts|deploy|docs)/[\w./-]+)`", text)

    assert [link for link in links if not (guide.parent / link).exists()] == []
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_page_that_the_code_names_is_in_the_repository():
    places = ("docs", "docs/adr", "tests/data", ".")
    missing = [
        (module.relative_to(ROOT).as_posix(), name)
        for module in (ROOT / "service").rglob("*.py")
        for name in re.findall(r"[\w./-]+\.md\b", module.read_text(encoding="utf-8"))
        if not any(
            (folder / name).exists() for folder in (module.parent, *map(ROOT.joinpath, places))
        )
    ]

    assert missing == []
