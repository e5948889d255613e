"""`marrowd subscriptions`: ours on the FHIR servers, made, shown and taken away."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from marrowd.app import Access, opened
from marrowd.cli.exits import Exit, worst
from marrowd.cli.logs import log_by
from marrowd.cli.queues import as_utc
from marrowd.errors import BadConfiguration, MarrowdError
from marrowd.settings import Settings, load_settings
from marrowd.store.open import open_store
from marrowd.telemetry.metrics import Subscribed
from marrowd.work.mending import MADE_FOR
from marrowd.work.refusals import Refusals, Refused, slugs_refused
from marrowd.work.subscriptions import (
    REFUSED,
    SubscriptionRow,
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)

_STANDS_IN = "the sweep stands in"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the store knows of a source."""

    last_event: str = ""
    refused: Refused | None = None


def subscriptions_command(what: str, config: Path | None, source: str | None) -> Exit:
    """
    Do *what* ("sync", "list" or "remove") at every source, or at one; go on past a failure.

    The table has a row for each Subscription, and when its source last sent an event of any.
    """
    settings = load_settings(config)
    log_by(settings.log)
    table = Table("source", "subscription", "for", "state", "last event", "done", "why", box=None)
    ends = asyncio.run(_each_source(what, settings, source, table))
    Console(soft_wrap=True, width=1_000).print(table)
    return worst(ends)


async def _each_source(
    what: str, settings: Settings, source: str | None, table: Table
) -> set[Exit]:
    ends: set[Exit] = set()
    synced: dict[str, Sequence[SubscriptionRow]] = {}
    async with opened(settings, only=source) as accesses:
        told = await _told(settings, list(accesses), is_removed=what == "remove")
        for name, access in accesses.items():
            try:
                rows = await _rows(what, access)
            except BadConfiguration:
                raise
            except MarrowdError as exc:
                sys.stderr.write(f"marrowd: {name}: {exc}\n")
                ends.add(Exit.OUT_OF_REACH)
                continue
            known = told.get(name, _Told())
            if what == "sync":
                synced[name] = rows
                ends |= {_end_of(row, rows) for row in rows}
            if what == "list":
                rows += _refused_rows(rows, known.refused)
            unable = slugs_refused(rows)
            for row in rows:
                why = f"{row.why}; {_STANDS_IN}" if row.slug in unable else row.why
                table.add_row(name, row.ref, row.slug, row.state, known.last_event, row.done, why)
    await _remember(settings, synced)
    return ends


async def _told(
    settings: Settings, sources: Sequence[str], *, is_removed: bool
) -> Mapping[str, _Told]:
    """Give what the store knows; keep a running service from making again."""
    store = open_store(settings.store.url.get_secret_value())
    told: dict[str, _Told] = {}
    try:
        await store.open()
        for source in sources:
            refusals = Refusals(store, source=source)
            if is_removed:
                await store.set_cursor(source, MADE_FOR, "")
                await refusals.remember([], at=datetime.now(UTC))
            at = await store.last_told(source)
            told[source] = _Told(
                last_event="none" if at is None else as_utc(at), refused=await refusals.known()
            )
    except MarrowdError as exc:
        meant = "a running service may make them again" if is_removed else "no last event"
        sys.stderr.write(f"marrowd: {meant}: {exc}\n")
    finally:
        await store.close()
    return told


async def _remember(settings: Settings, synced: Mapping[str, Sequence[SubscriptionRow]]) -> None:
    """Have a running service know what the servers refuse."""
    if not synced:
        return
    store = open_store(settings.store.url.get_secret_value())
    try:
        await store.open()
        for source, rows in synced.items():
            await Refusals(store, source=source).remember(rows, at=datetime.now(UTC))
    except MarrowdError as exc:
        sys.stderr.write(f"marrowd: a running service takes what was refused for missing: {exc}\n")
    finally:
        await store.close()


async def _rows(what: str, access: Access) -> list[SubscriptionRow]:
    match what:
        case "sync":
            return await sync_subscriptions(access.client, access.wanted, endpoint=access.endpoint)
        case "list":
            return await list_subscriptions(access.client, endpoint=access.endpoint)
        case _:
            return await remove_subscriptions(access.client, endpoint=access.endpoint)


def _refused_rows(
    rows: Sequence[SubscriptionRow], refused: Refused | None
) -> list[SubscriptionRow]:
    """Give a row for each that the server is known to refuse."""
    if refused is None:
        return []
    why = f"asked for at {as_utc(refused.at)}; {_STANDS_IN}"
    missing = sorted(refused.slugs - {row.slug for row in rows})
    return [SubscriptionRow(slug=slug, ref="", state=REFUSED, done="", why=why) for slug in missing]


def _end_of(row: SubscriptionRow, rows: Sequence[SubscriptionRow]) -> Exit:
    if row.done != REFUSED:
        return Exit.FINE
    # Studies that come by the sweep alone are no lack: reports bring theirs.
    is_no_lack = row.slug == Subscribed.STUDIES and row.slug in slugs_refused(rows)
    return Exit.FINE if is_no_lack else Exit.NO
