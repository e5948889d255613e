"""The record of cards shown by hooks: written together, bounded, kept over a store that is away."""

import asyncio
from datetime import UTC, datetime

import pytest
import structlog
from aiohttp import web

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store.upkeep import AuditEntry, AuditKind
from marrowd.web import audit
from marrowd.web.audit import AuditTrail, storable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(card="c"):
    return AuditEntry(
        at=NOW, kind=AuditKind.HOOK, source="s", patient="Patient/1", card=card, verdict="v"
    )


class Book:
    """Takes entries, or refuses."""

    def __init__(self):
        self.cards = []
        self.refuses = 0
        self.never = set()

    async def add_audit(self, entries):
        await asyncio.sleep(0)
        if self.refuses:
            self.refuses -= 1
            message = "away"
            raise StoreUnavailable(message)
        if any(each.card in self.never for each in entries):
            message = "never"
            raise BadInput(message)
        self.cards += [each.card for each in entries]


async def test_what_the_store_does_not_take_waits():
    book = Book()
    trail = AuditTrail(book)
    book.refuses = 1
    trail.note(entry("a"))
    await trail.flush()
    trail.note(entry("b"))

    assert book.cards == []

    await trail.flush()

    assert book.cards == ["a", "b"]


async def test_what_comes_while_it_is_written_waits_for_the_next_time():
    book = Book()
    trail = AuditTrail(book)
    add = book.add_audit

    async def add_and_show_another(entries):
        await add(entries)
        if len(book.cards) < 9:
            trail.note(entry(f"after {entries[-1].card}"))

    book.add_audit = add_and_show_another
    trail.note(entry("a"))
    await trail.flush()

    assert book.cards == ["a"]

    await trail.flush()

    assert book.cards == ["a", "after a"]


async def test_beyond_the_bound_entries_are_counted_as_lost():
    book = Book()
    trail = AuditTrail(book, most=2)
    for card in "abc":
        trail.note(entry(card))

    with structlog.testing.capture_logs() as logs:
        await trail.flush()
        await trail.flush()

    assert book.cards == ["a", "b"]
    assert [(log["event"], log["count"]) for log in logs] == [("audit_entries_lost", 1)]


async def test_an_entry_that_can_never_be_written_takes_no_other_with_it():
    book = Book()
    book.never = {"b"}
    trail = AuditTrail(book)
    for card in "abc":
        trail.note(entry(card))

    await trail.flush()

    assert book.cards == ["a", "c"]


async def test_a_store_that_goes_away_in_between_loses_nothing():
    book = Book()
    book.never = {"c"}
    trail = AuditTrail(book)
    for card in "abc":
        trail.note(entry(card))

    async def add(entries, take=book.add_audit):
        if [each.card for each in entries] == ["b"] and not book.refuses:
            book.refuses = 1
        await take(entries)

    book.add_audit = add
    task = asyncio.create_task(trail.flush())
    for _ in range(40):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert book.cards[:1] == ["a"]
    assert book.cards.count("a") == 1


@pytest.mark.parametrize("seconds", [0.01, 60])
async def test_all_is_written_by_the_end(monkeypatch, seconds):
    monkeypatch.setattr(audit, "FLUSH_EVERY_S", seconds)
    book = Book()
    trail = AuditTrail(book)
    serving = trail.while_serving(web.Application())
    await anext(serving)
    trail.note(entry("a"))
    await asyncio.sleep(0.05)
    trail.note(entry("b"))
    with pytest.raises(StopAsyncIteration):
        await anext(serving)

    assert book.cards == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Practitioner/17", "Practitioner/17"),
        ("a\x00b", "a\\x00b"),
        ("\ud800", "\\ud800"),
        ("x" * 999, "x" * 255),
    ],
)
def test_a_name_is_kept_whatever_is_in_it(given, kept):
    assert storable(given) == kept
