"""What users hold on to is documented: every setting, metric, command and room."""

import base64
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo
from typer.main import get_command

from marrowd.cli.program import program
from marrowd.settings import Settings, load_settings
from marrowd.settings.section import Section
from marrowd.telemetry.logging import ALLOWED_KEYS
from marrowd.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
LOGS = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
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


def keys_of(value: object) -> set[str]:
    """Give every key of a configuration, a secret's by the name that it has without its suffix."""
    match value:
        case dict():
            named = {
                re.sub(r"_(file|env)$", "", key) if key != "jwks_file" else key for key in value
            }
            return named.union(*map(keys_of, value.values()))
        case list():
            return set().union(*map(keys_of, value))
        case _:
            return set()


def test_the_example_has_every_key_and_loads(tmp_path):
    example = CONFIGURATION.split("## One of each")[1].split("```toml\n")[1].split("```")[0]
    told = {
        "store-url": "postgresql://marrowd:a-password@db.example.org/marrowd",
        "webhook": "whsec_" + base64.b64encode(b"k" * 32).decode(),
        "fhir.pem": pem(ec.generate_private_key(ec.SECP384R1())),
    }
    for name in re.findall(r'/run/secrets/([\w.-]+)"', example):
        (tmp_path / name).write_text(told.get(name, f"{name}-of-some-length"), encoding="utf-8")
    file = tmp_path / "marrowd.toml"
    file.write_text(example.replace("/run/secrets", str(tmp_path)), encoding="utf-8")
    settings = load_settings(file, {"CLINIC_NOTIFICATION": "a-secret-of-some-length"})
    every = {key for name in Settings.model_fields for key in all_keys(Settings.model_fields[name])}

    assert [source.name for source in settings.sources] == ["hospital", "clinic", "practice"]
    assert every - keys_of(tomllib.loads(example)) == set()


def all_keys(field: FieldInfo) -> set[str]:
    """Give the keys of a section and of what stands within it."""
    sections = within(field.annotation)
    return {
        each
        for section in sections
        for key, inner in section.model_fields.items()
        for each in {key, *all_keys(inner)}
    }


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Write a key as the file of a secret holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


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


def test_every_event_and_member_of_the_log_is_documented_and_no_other():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "service").rglob("*.py"))
    calls = re.findall(r"(?:log|_line)\.(?:debug|info|warning|error|exception)\(([^,)]*)", code)
    events = {word for call in calls for word in re.findall(r'"([a-z_]+)"', call)}
    members, _, tables = LOGS.partition("## Who was let in")
    told = re.findall(r"^\| (`[^|]*) \|", tables, re.MULTILINE)

    assert events == {word for row in told for word in re.findall(r"`(\w+)`", row)}
    assert ALLOWED_KEYS <= set(re.findall(r"`(\w+)`", members))


def test_every_line_of_the_log_says_which_module_wrote_it():
    for path in (ROOT / "service").rglob("*.py"):
        assert "get_logger()" not in path.read_text(encoding="utf-8"), path
