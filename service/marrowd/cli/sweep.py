"""`marrowd sweep`: the FHIR servers are asked on demand for what notifications missed."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from marrowd.app import opened
from marrowd.cli.exits import Exit, worst
from marrowd.cli.logs import log_by
from marrowd.cli.periods import moment
from marrowd.errors import Unavailable
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Settings, load_settings
from marrowd.store.open import open_store
from marrowd.work.sweep import Refusal


def sweep_command(
    config: Path | None, source: str | None, since: str | None, *, reread: bool
) -> Exit:
    """Put what notifications missed into the inbox; a running worker takes it from there."""
    settings = load_settings(config)
    log_by(settings.log)
    start = None if since is None else moment("--since", since)
    return asyncio.run(_sweep(settings, source, start, reread=reread))


async def _sweep(
    settings: Settings, source: str | None, since: datetime | None, *, reread: bool
) -> Exit:
    store = open_store(settings.store.url.get_secret_value())
    await store.open()
    ends: set[Exit] = set()
    try:
        async with opened(settings, only=source) as accesses:
            for name, access in accesses.items():
                sweeper = access.sweeper(store, settings.policy)
                try:
                    if reread:
                        count = await sweeper.reread(rules=RULES_VERSION)
                        sys.stdout.write(f"{name}: {count} reports to read again\n")
                    else:
                        swept = await sweeper.sweep(since=since)
                        sys.stdout.write(f"{name}: {swept.seen} seen, {swept.new} new\n")
                        ends |= {_told_refusal(name, refusal) for refusal in swept.refused}
                except Unavailable as exc:
                    sys.stderr.write(f"marrowd: {name}: {exc}\n")
                    ends.add(Exit.OUT_OF_REACH)
    finally:
        await store.close()
    return worst(ends)


def _told_refusal(source: str, refusal: Refusal) -> Exit:
    """Say what was not searched and why, and how to exit for it."""
    rest = "; reports have dates of their own" if refusal.is_no_lack else ""
    sys.stderr.write(
        f"marrowd: {source}: {refusal.slug} ({refusal.type}) not searched: {refusal.error}{rest}\n"
    )
    if refusal.is_no_lack:
        return Exit.FINE
    return Exit.OUT_OF_REACH if isinstance(refusal.error, Unavailable) else Exit.NO
