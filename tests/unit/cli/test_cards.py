"""`marrowd cards stats`, on a store in a folder."""

import asyncio
from datetime import UTC, datetime

from tests.support.store import opened

from marrowd.cli.cards import stats_command
from marrowd.cli.exits import Exit
from marrowd.store.cards_shown import CardFeedback, CardOutcome, ShownCard

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def shown(card, verdict, times):
    return ShownCard(
        card=card, source="main", verdict=verdict, indicator="info", last_at=NOW, times=times
    )


def done(card, outcome, reason="none"):
    return CardFeedback(card=card, outcome=outcome, at=NOW, reason=reason)


def rows_of(text):
    return [line.split() for line in text.splitlines()]


def configured(folder):
    path = folder / "marrowd.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{folder}/marrowd.sqlite3"\n')
    return path


def test_stats_show_what_was_shown_accepted_and_overridden_and_why(tmp_path, capsys):
    async def fill():
        async with opened(tmp_path) as store:
            await store.add_shown([shown("a", "association", 5), shown("b", "consider_mri", 2)])
            given = [
                done("a", CardOutcome.ACCEPTED),
                done("a", CardOutcome.OVERRIDDEN, "already-treated"),
                done("b", CardOutcome.OVERRIDDEN, "other"),
            ]
            await store.add_feedback(given, now=NOW)

    asyncio.run(fill())

    assert stats_command(configured(tmp_path)) is Exit.FINE
    assert rows_of(capsys.readouterr().out) == [
        ["verdict", "cards", "shown", "accepted", "overridden", "why"],
        ["association", "1", "5", "1", "1", "already-treated", "1"],
        ["consider_mri", "1", "2", "0", "1", "other", "1"],
        ["all", "2", "7", "1", "2", "already-treated", "1,", "other", "1"],
    ]


def test_stats_of_an_empty_store_are_zero(tmp_path, capsys):
    assert stats_command(configured(tmp_path)) is Exit.FINE
    assert rows_of(capsys.readouterr().out)[-1] == ["all", "0", "0", "0", "0"]
