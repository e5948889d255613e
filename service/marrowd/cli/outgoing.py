"""
`marrowd outbox`: messages that wait or were set aside, sent again, or kept from a destination.

What an operator could overlook is said on stderr with every listing: destinations that were stopped
by a 410, and messages for destinations that are not configured any more.
"""

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from marrowd.cli.exits import Exit
from marrowd.cli.logs import log_by
from marrowd.cli.periods import period
from marrowd.cli.queues import (
    as_utc,
    due,
    print_table,
    say_count,
    show_body,
    state_of,
    with_store,
)
from marrowd.errors import BadConfiguration
from marrowd.settings import Settings, load_settings
from marrowd.store.messages import Chosen, MessageRow, MessageState
from marrowd.store.protocols import Store

MOST = 1_000  # rows of a dry run
REMOVED = "removed"  # why a message was parked: its destination is no longer configured

_log = structlog.get_logger(__name__)


def list_messages(config: Path | None, state: str, limit: int) -> Exit:
    """Print messages in *state* as a table."""
    wanted = None if state == "all" else state_of(MessageState, state)
    configured = {destination.name for destination in load_settings(config).destinations}

    async def ask(store: Store) -> tuple[list[MessageRow], list[str]]:
        rows = await store.list_messages(state=wanted, limit=limit)
        return rows, await _notes(store, configured)

    rows, notes = with_store(config, ask)
    _print(rows)
    _say(notes)
    return Exit.FINE


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        sys.stderr.write(f"marrowd: {note}\n")


async def _notes(store: Store, configured: Collection[str]) -> list[str]:
    stopped = [
        f"{name} answered 410 and is sent nothing: `marrowd outbox retry` with one of its messages "
        "(`outbox list --state ready`), or another url, begins again"
        for name in await store.stopped_destinations()
        if name in configured
    ]
    depth = await store.outbox_depth()
    return stopped + _for_nobody({name: n for name, n in depth.items() if name not in configured})


def _for_nobody(counts: Mapping[str, int]) -> list[str]:
    """Say what waits for destinations that are not configured, by their names."""
    return [
        f"{count} {'message waits' if count == 1 else 'messages wait'} for {name}, which is not "
        "configured: configure it again, "
        f"or set them aside with `marrowd outbox park {name}`"
        for name, count in sorted(counts.items())
    ]


def show_message(config: Path | None, message: str) -> Exit:
    """Print one message's body to stdout."""
    found = with_store(config, lambda store: store.show_message(message))
    return show_body(found[1] if found else None, is_known=found is not None)


def retry_messages(config: Path | None, messages: Sequence[str], *, is_now: bool = False) -> Exit:
    """
    Try parked messages again, and those that wait for a destination that was stopped.

    What waits for its next try is left to it, and that is said; with *is_now* it is due at once.
    """
    configured = {destination.name for destination in load_settings(config).destinations}

    async def ask(store: Store) -> tuple[int, list[str]]:
        return await _retry(store, messages, configured, is_now=is_now)

    count, notes = with_store(config, ask)
    _say(notes)
    return say_count("back to work", count, len(messages))


async def _retry(
    store: Store, messages: Sequence[str], configured: Collection[str], *, is_now: bool
) -> tuple[int, list[str]]:
    found = [await store.show_message(message) for message in messages]
    rows = [shown[0] for shown in found if shown is not None]
    stopped = set(await store.stopped_destinations())
    resumed = sorted(stopped & {row.destination for row in rows})
    if resumed:
        await store.resume_destinations(resumed)
    ready = [row for row in rows if row.state is MessageState.READY]
    for_nobody = Counter(row.destination for row in ready if row.destination not in configured)
    left = [
        row for row in ready if row.destination in configured and row.destination not in resumed
    ]
    notes = _for_nobody(for_nobody)
    now = datetime.now(UTC)
    if is_now:
        await store.hasten_messages([row.id for row in ready], now=now)
    elif left:
        notes.append(_waiting([row.available_at for row in left]))
    count = len(ready) - for_nobody.total() - (0 if is_now else len(left))
    return count + await store.retry_parked_messages(messages, now=now), notes


def _waiting(due_at: Sequence[datetime]) -> str:
    first = as_utc(min(due_at))
    if len(due_at) == 1:
        return f"1 waits and is tried by itself at {first}: --now makes it due at once"
    return (
        f"{len(due_at)} wait and are tried by themselves from {first} on: "
        "--now makes them due at once"
    )


def discard_messages(config: Path | None, messages: Sequence[str]) -> Exit:
    """Drop parked messages."""
    count = with_store(config, lambda store: store.discard_messages(messages))
    return say_count("discarded", count, len(messages))


def park_messages(config: Path | None, destination: str) -> Exit:
    """Set aside all that waits for a destination that is not configured."""
    if destination in {known.name for known in load_settings(config).destinations}:
        message = f"{destination} is configured: its messages are delivered"
        raise BadConfiguration(message)
    now = datetime.now(UTC)
    count = with_store(config, lambda s: s.set_aside(destination, now=now, reason=REMOVED))
    sys.stdout.write(f"{count} set aside\n")
    return Exit.FINE if count else Exit.NO


def replay_messages(
    config: Path | None,
    messages: Sequence[str],
    since: str | None,
    until: str | None,
    *,
    is_applied: bool,
) -> Exit:
    """Send taken or parked messages again; without *is_applied* only say which."""
    settings = load_settings(config)
    chosen = replace(
        _chosen(messages, since, until),
        destinations=tuple(destination.name for destination in settings.destinations),
    )
    if is_applied:
        known = with_store(config, lambda store: store.replayable(chosen, limit=MOST))
        count = with_store(config, lambda store: store.replay(chosen, now=datetime.now(UTC)))
        _audit(settings, chosen, [row.id for row in known], count)
        sys.stdout.write(f"{count} back to work\n")
        return Exit.FINE if count else Exit.NO
    rows = with_store(config, lambda store: store.replayable(chosen, limit=MOST + 1))
    _print(rows[:MOST])
    count_said = f"more than {MOST}" if len(rows) > MOST else str(len(rows))
    sys.stdout.write(f"{count_said} would be sent again; nothing was changed (--apply does it)\n")
    return Exit.FINE if rows else Exit.NO


def _chosen(messages: Sequence[str], since: str | None, until: str | None) -> Chosen:
    has_range = since is not None and until is not None
    if bool(messages) == has_range or (since is None) is not (until is None):
        message = "give ids, or --since and --until: when the messages were written"
        raise BadConfiguration(message)
    if not has_range:
        return Chosen(ids=tuple(messages))
    start, end = period(since or "", until or "")
    return Chosen(since=start, until=end)


def _audit(settings: Settings, chosen: Chosen, known: Sequence[str], count: int) -> None:
    """
    Leave a line of what was sent again: who reads the log must see why messages repeat.

    Of ids as typed only *known* ones: whatever else was typed must not end up in a log.
    """
    log_by(settings.log, level="info")
    if chosen.since is not None and chosen.until is not None:
        since, until = chosen.since.isoformat(), chosen.until.isoformat()
        _log.info("messages_replayed", count=count, since=since, until=until)
        return
    _log.info("messages_replayed", count=count)
    for message_id in known:
        _log.info("message_asked_again", message_id=message_id)


def _print(rows: Sequence[MessageRow]) -> None:
    print_table(
        ["id", "destination", "sequence", "state", "attempts", "created", "due", "reason"],
        [
            (
                r.id, r.destination, str(r.sequence), r.state, str(r.attempts),
                as_utc(r.created_at), due(r), r.reason,
            )
            for r in rows
        ],
    )  # fmt: skip
