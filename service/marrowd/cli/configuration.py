"""`marrowd config`: check it, print it with secrets hidden, print the clinical rules."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from marrowd.cli.exits import Exit
from marrowd.rules.policies import policy_from
from marrowd.settings import SmartBackendAuth, load_settings, masked

_RULES = Path(__file__).parents[1] / "rules"


def check_command(config: Path | None) -> Exit:
    """
    Read the configuration, the policy and the keys it names included; say what is not right.

    Raises:
        BadConfiguration: it cannot be read as a configuration at all.
    """
    # Imported here: 0.2 s that the others do not need.
    from marrowd.checks.configured import configured  # noqa: PLC0415
    from marrowd.checks.remarks import Grade  # noqa: PLC0415
    from marrowd.cli.doctor import lines_of  # noqa: PLC0415
    from marrowd.fhir.smart import client_key  # noqa: PLC0415

    settings = load_settings(config)
    policy_from(settings.policy)
    for source in settings.sources:
        if isinstance(source.auth, SmartBackendAuth):
            client_key(source.auth, source=source.name, base_url=source.base_url)
    found = configured(settings)
    for remark in found:
        sys.stderr.write("".join(f"{line}\n" for line in lines_of(remark)))
    if any(remark.grade is Grade.WRONG for remark in found):
        return Exit.USAGE
    sys.stdout.write("the configuration is sound\n")
    return Exit.FINE


def show_command(config: Path | None, *, rules: bool) -> Exit:
    """Print what is in force; with *rules* every rules file as it stands."""
    if rules:
        for path in sorted(_RULES.glob("**/*.toml")):
            name = path.relative_to(_RULES).as_posix()
            sys.stdout.write(f"# ---- {name}\n{path.read_text(encoding='utf-8')}\n")
        return Exit.FINE
    sys.stdout.write("\n".join(_lines(masked(load_settings(config)))) + "\n")
    return Exit.FINE


def _lines(table: Mapping[str, Any], place: str = "") -> list[str]:
    """Write *table* one key a line, as `section.key = value`."""
    lines: list[str] = []
    for key, value in table.items():
        where = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            lines += _lines(value, where)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                lines += _lines(item, f"{where}[{index}]")
        else:
            lines.append(f"{where} = {_text(value)}")
    return lines


def _text(value: object) -> str:
    match value:
        case None:
            return "(not set)"
        case timedelta():
            seconds = int(value.total_seconds())
            days = seconds % 86400 == 0 and seconds > 0
            return f"{seconds // 86400}d" if days else f"{value.total_seconds():g}s"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
