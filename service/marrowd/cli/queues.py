"""`marrowd inbox` and `marrowd outbox`: what waits or was set aside, for an operator."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from marrowd.cli.exits import Exit
from marrowd.errors import BadInput
from marrowd.settings import load_settings
from marrowd.store.open import open_store
from marrowd.store.protocols import EventState, MessageState, Store

T = TypeVar("T")
S = TypeVar("S", EventState, MessageState)


def list_events(config: Path | None, state: str, limit: int) -> Exit:
    """Print events in *state* as a table."""
    wanted = None if state == "all" else _state(EventState, state)
    rows = with_store(config, lambda store: store.list_events(state=wanted, limit=limit))
    _print(
        ["id", "source", "kind", "ref", "state", "attempts", "received", "reason", "detail"],
        [
            (
                str(r.id), r.source, r.kind, r.ref, r.state, str(r.attempts),
                _when(r.received_at), r.reason, r.detail,
            )
            for r in rows
        ],
    )  # fmt: skip
    return Exit.FINE


def show_event(config: Path | None, event: int) -> Exit:
    """Print one event's payload to stdout."""
    found = with_store(config, lambda store: store.show_event(event))
    return _show(found[1] if found else None, is_known=found is not None)


def retry_events(config: Path | None, events: Sequence[int]) -> Exit:
    """Put parked events back."""
    count = with_store(config, lambda store: store.retry_parked(events, now=datetime.now(UTC)))
    return _counted("back to work", count, len(events))


def discard_events(config: Path | None, events: Sequence[int]) -> Exit:
    """Drop parked events."""
    count = with_store(config, lambda store: store.discard(events))
    return _counted("discarded", count, len(events))


def list_messages(config: Path | None, state: str, limit: int) -> Exit:
    """Print messages in *state* as a table."""
    wanted = None if state == "all" else _state(MessageState, state)
    rows = with_store(config, lambda store: store.list_messages(state=wanted, limit=limit))
    _print(
        ["id", "destination", "sequence", "state", "attempts", "created", "reason"],
        [
            (
                r.id, r.destination, str(r.sequence), r.state, str(r.attempts),
                _when(r.created_at), r.reason,
            )
            for r in rows
        ],
    )  # fmt: skip
    return Exit.FINE


def show_message(config: Path | None, message: str) -> Exit:
    """Print one message's body to stdout."""
    found = with_store(config, lambda store: store.show_message(message))
    return _show(found[1] if found else None, is_known=found is not None)


def retry_messages(config: Path | None, messages: Sequence[str]) -> Exit:
    """Try parked messages again."""
    now = datetime.now(UTC)
    count = with_store(config, lambda store: store.retry_parked_messages(messages, now=now))
    return _counted("back to work", count, len(messages))


def discard_messages(config: Path | None, messages: Sequence[str]) -> Exit:
    """Drop parked messages."""
    count = with_store(config, lambda store: store.discard_messages(messages))
    return _counted("discarded", count, len(messages))


def with_store(config: Path | None, ask: Callable[[Store], Awaitable[T]]) -> T:
    """Open the configured store, *ask* it something, close it."""
    settings = load_settings(config)

    async def run() -> T:
        store = open_store(settings.store.url.get_secret_value())
        await store.open()
        try:
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _state(kind: type[S], text: str) -> S:
    try:
        return kind(text)
    except ValueError:
        message = f"--state: expected all or one of {', '.join(kind)}"
        raise BadInput(message) from None


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


def _show(body: bytes | None, *, is_known: bool) -> Exit:
    if not is_known:
        sys.stderr.write("marrowd: no such id\n")
        return Exit.NO
    sys.stdout.buffer.write(body or b"(no payload: it goes once an event is done)")
    sys.stdout.buffer.write(b"\n")
    return Exit.FINE


def _counted(what: str, count: int, asked: int) -> Exit:
    sys.stdout.write(f"{count} of {asked} {what}\n")
    return Exit.FINE if count == asked else Exit.NO


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
