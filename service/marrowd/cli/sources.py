"""`marrowd subscriptions` and `marrowd sweep`: what is asked of the FHIR servers on demand."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from marrowd.app import Access, opened
from marrowd.cli.exits import Exit
from marrowd.cli.logs import log_by
from marrowd.cli.queues import as_utc
from marrowd.errors import BadConfiguration, MarrowdError, Unavailable
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Settings, load_settings
from marrowd.store.open import open_store
from marrowd.work.mending import MADE_FOR
from marrowd.work.subscriptions import (
    REFUSED,
    SubscriptionRow,
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)
from marrowd.work.sweep import Refusal


def subscriptions_command(what: str, config: Path | None, source: str | None) -> Exit:
    """
    Do *what* ("sync", "list" or "remove") at every source, or at one; go on past a failure.

    The table has a row for each Subscription, and when its source last sent an event of any.
    """
    settings = load_settings(config)
    log_by(settings.log)
    table = Table("source", "subscription", "for", "state", "last event", "done", "why", box=None)
    failed = asyncio.run(_each_source(what, settings, source, table))
    Console(soft_wrap=True, width=1_000).print(table)
    return Exit.OUT_OF_REACH if failed else Exit.FINE


async def _each_source(what: str, settings: Settings, source: str | None, table: Table) -> bool:
    failed = False
    async with opened(settings, only=source) as accesses:
        told = await _told(settings, list(accesses), is_removed=what == "remove")
        for name, access in accesses.items():
            try:
                rows = await _rows(what, access)
            except BadConfiguration:
                raise
            except MarrowdError as exc:
                sys.stderr.write(f"marrowd: {name}: {exc}\n")
                failed = True
                continue
            failed = failed or any(row.done == REFUSED for row in rows)
            for row in rows:
                table.add_row(
                    name, row.ref, row.slug, row.state, told.get(name, ""), row.done, row.why
                )
    return failed


async def _told(settings: Settings, sources: Sequence[str], *, is_removed: bool) -> dict[str, str]:
    """Give when each source last sent an event; keep a running service from making again."""
    store = open_store(settings.store.url.get_secret_value())
    try:
        await store.open()
        if is_removed:
            for source in sources:
                await store.set_cursor(source, MADE_FOR, "")
        came = {source: await store.last_told(source) for source in sources}
        return {source: "none" if at is None else as_utc(at) for source, at in came.items()}
    except MarrowdError as exc:
        meant = "a running service may make them again" if is_removed else "no last event"
        sys.stderr.write(f"marrowd: {meant}: {exc}\n")
        return {}
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


def sweep_command(
    config: Path | None, source: str | None, since: str | None, *, reread: bool
) -> Exit:
    """Put what notifications missed into the inbox; a running worker takes it from there."""
    settings = load_settings(config)
    log_by(settings.log)
    start = _moment(since)
    return asyncio.run(_sweep(settings, source, start, reread=reread))


async def _sweep(
    settings: Settings, source: str | None, since: datetime | None, *, reread: bool
) -> Exit:
    store = open_store(settings.store.url.get_secret_value())
    await store.open()
    ends = {Exit.FINE}
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
    # What trying again does not change is said first, as `doctor` does.
    return next(end for end in (Exit.NO, Exit.OUT_OF_REACH, Exit.FINE) if end in ends)


def _told_refusal(source: str, refusal: Refusal) -> Exit:
    """Say what was not searched and why, and how to exit for it."""
    rest = "; reports have dates of their own" if refusal.is_no_lack else ""
    sys.stderr.write(
        f"marrowd: {source}: {refusal.slug} ({refusal.type}) not searched: {refusal.error}{rest}\n"
    )
    if refusal.is_no_lack:
        return Exit.FINE
    return Exit.OUT_OF_REACH if isinstance(refusal.error, Unavailable) else Exit.NO


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = "--since: give an ISO 8601 date or time, such as 2026-03-01T12:00:00Z"
        raise BadConfiguration(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
