"""`marrowd inbox`: what waits or was set aside; and what `marrowd outbox` shows in the same way."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from marrowd.cli.exits import Exit
from marrowd.cli.logs import log_by
from marrowd.errors import BadConfiguration
from marrowd.settings import load_settings
from marrowd.store.messages import MessageRow, MessageState
from marrowd.store.open import open_store
from marrowd.store.protocols import EventRow, EventState, Store

T = TypeVar("T")
S = TypeVar("S", EventState, MessageState)


def list_events(config: Path | None, state: str, limit: int) -> Exit:
    """Print events in *state* as a table."""
    wanted = None if state == "all" else state_of(EventState, state)
    rows = with_store(config, lambda store: store.list_events(state=wanted, limit=limit))
    print_table(
        [
            "id", "source", "kind", "resource", "state", "attempts", "received", "due", "reason",
            "detail",
        ],
        [
            (
                str(r.id), r.source, r.kind, _type_of(r.ref), r.state, str(r.attempts),
                as_utc(r.received_at), due(r), r.reason, r.detail,
            )
            for r in rows
        ],
    )  # fmt: skip
    return Exit.FINE


def show_event(config: Path | None, event: int) -> Exit:
    """Print one event's payload to stdout, or the reference that it is to be read by."""
    found = with_store(config, lambda store: store.show_event(event))
    if found is None:
        return show_body(None, is_known=False)
    row, payload = found
    return show_body(payload or row.ref.encode(), is_known=True)


def retry_events(config: Path | None, events: Sequence[int]) -> Exit:
    """Put parked events back."""
    count = with_store(config, lambda store: store.retry_parked(events, now=datetime.now(UTC)))
    return say_count("back to work", count, len(events))


def discard_events(config: Path | None, events: Sequence[int]) -> Exit:
    """Drop parked events."""
    count = with_store(config, lambda store: store.discard(events))
    return say_count("discarded", count, len(events))


def with_store(config: Path | None, ask: Callable[[Store], Awaitable[T]]) -> T:
    """Open the configured store, *ask* it something, close it."""
    settings = load_settings(config)
    log_by(settings.log)

    async def run() -> T:
        store = open_store(settings.store.url.get_secret_value())
        await store.open()
        try:
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _type_of(ref: str) -> str:
    """Give the type of a reference; its id may be a record's number. `show` tells the rest."""
    kind, slash, _ = ref.partition("/")
    return kind if slash else ""


def state_of(kind: type[S], text: str) -> S:
    """Read the option `--state`."""
    try:
        return kind(text)
    except ValueError:
        message = f"--state: expected all or one of {', '.join(kind)}"
        raise BadConfiguration(message) from None


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* under their *columns*."""
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    # Wide enough for any row: an id that is cut short cannot be given back to another command.
    Console(soft_wrap=True, width=1_000).print(table)


def show_body(body: bytes | None, *, is_known: bool) -> Exit:
    """Write a payload to stdout as it is."""
    if not is_known:
        sys.stderr.write("marrowd: no such id\n")
        return Exit.NO
    sys.stdout.buffer.write(body or b"(no payload: it goes once an event is done)")
    sys.stdout.buffer.write(b"\n")
    return Exit.FINE


def say_count(what: str, count: int, asked: int) -> Exit:
    """Say how many of those *asked* for it was done to; no unless to all."""
    sys.stdout.write(f"{count} of {asked} {what}\n")
    return Exit.FINE if count == asked else Exit.NO


def due(row: EventRow | MessageRow) -> str:
    """Say when what waits is tried next; "" for what does not wait."""
    is_waiting = row.state in (EventState.READY, MessageState.READY)
    return as_utc(row.available_at) if is_waiting else ""


def as_utc(moment: datetime) -> str:
    """Write a time for a person."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
