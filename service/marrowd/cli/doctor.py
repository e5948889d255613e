"""
`marrowd doctor`: tries everything the service depends on and says how to mend what does not work.

It asks as the service would and changes nothing; run it where the service runs, while it runs.
"""

import asyncio
import sys
from pathlib import Path

from marrowd.app.clock import Clock, utc_now
from marrowd.checks.everything import everything
from marrowd.checks.remarks import Grade, Remark
from marrowd.cli.exits import Exit
from marrowd.settings import Settings, load_settings
from marrowd.telemetry.logging import configure_logging

_WIDTH = 6


def doctor_command(config: Path | None, source: str | None, *, clock: Clock = utc_now) -> Exit:
    """Print what was found; exit 1 when something is wrong, 4 when only somebody is away."""
    settings = load_settings(config)
    configure_logging(as_json=True, level="error")  # what went wrong is said once, by a remark
    return asyncio.run(_look(settings, source, clock))


async def _look(settings: Settings, source: str | None, clock: Clock) -> Exit:
    grades = set()
    async for remarks in everything(settings, only=source, clock=clock):
        for remark in remarks:
            sys.stdout.write("\n".join(lines_of(remark)) + "\n")
            grades.add(remark.grade)
        sys.stdout.flush()
    if Grade.WRONG in grades:
        return Exit.NO
    return Exit.OUT_OF_REACH if Grade.AWAY in grades else Exit.FINE


def lines_of(remark: Remark) -> list[str]:
    """Write *remark* for a person."""
    lines = [f"{remark.grade:<{_WIDTH}}{remark.place}: {remark.says}"]
    if remark.mend:
        lines.append(f"{'':<{_WIDTH}}-> {remark.mend}")
    return lines
