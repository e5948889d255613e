"""
`marrowd doctor`: tries everything the service depends on and says how to mend what does not work.

It asks as the service would and changes nothing; run it where the service runs, while it runs.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from marrowd.checks.everything import everything
from marrowd.checks.findings import Finding, Level
from marrowd.cli.exits import Exit
from marrowd.settings import Settings, load_settings
from marrowd.telemetry.logging import configure_logging

_WIDTH = 6


def utc_now() -> datetime:
    """Give the time, aware, in UTC."""
    return datetime.now(UTC)


def doctor_command(
    config: Path | None, source: str | None, *, clock: Callable[[], datetime] = utc_now
) -> Exit:
    """Print what was found; exit 1 when something is wrong, 4 when only somebody is away."""
    settings = load_settings(config)
    configure_logging(as_json=True, level="error")  # what went wrong is said once, by a finding
    return asyncio.run(_look(settings, source, clock))


async def _look(settings: Settings, source: str | None, clock: Callable[[], datetime]) -> Exit:
    levels = set()
    async for findings in everything(settings, only=source, clock=clock):
        for finding in findings:
            sys.stdout.write("\n".join(lines_of(finding)) + "\n")
            levels.add(finding.level)
        sys.stdout.flush()
    if Level.WRONG in levels:
        return Exit.NO
    return Exit.OUT_OF_REACH if Level.AWAY in levels else Exit.FINE


def lines_of(finding: Finding) -> list[str]:
    """Write *finding* for a person."""
    lines = [f"{finding.level:<{_WIDTH}}{finding.place}: {finding.says}"]
    if finding.mend:
        lines.append(f"{'':<{_WIDTH}}-> {finding.mend}")
    return lines
