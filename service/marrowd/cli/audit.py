"""
`marrowd audit export`: who was given which patient's card, as JSON lines, for a period.

The output names patients and users, which is its purpose; each export is logged.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from marrowd.cli.exits import Exit
from marrowd.cli.periods import period
from marrowd.settings import load_settings
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.telemetry.logging import configure_logging

_PAGE = 1_000  # entries held in memory at a time

_log = structlog.get_logger(__name__)


def export_command(config: Path | None, since: str, until: str) -> Exit:
    """Print one line for each entry, oldest first; exit 1 where there is none."""
    start, end = period(since, until)
    settings = load_settings(config)
    configure_logging(as_json=True, level=settings.log.level)
    count = asyncio.run(_export(settings.store.url.get_secret_value(), start, end))
    sys.stdout.flush()
    _log.info("audit_exported", since=start.isoformat(), until=end.isoformat(), count=count)
    return Exit.FINE if count else Exit.NO


async def _export(url: str, since: datetime, until: datetime) -> int:
    store = open_store(url)
    try:
        await store.open()
        return await _written(store, since, until)
    finally:
        await store.close()


async def _written(store: Store, since: datetime, until: datetime) -> int:
    count, after = 0, None
    while page := await store.audited(since=since, until=until, after=after, limit=_PAGE):
        for _, entry in page:
            filled = {key: value for key, value in entry._asdict().items() if value != ""}
            sys.stdout.write(orjson.dumps(filled, option=orjson.OPT_UTC_Z).decode() + "\n")
        count += len(page)
        number, last = page[-1]
        after = (last.at, number)
    return count
