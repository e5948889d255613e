"""
What hooks remember: cards shown, what was done with them, cards that are quiet, tokens used.

No patient is in it: the id of a card names one advice to one patient, so quieting the id quiets
that advice for that patient, and ends when the evidence changes, because then the id does.
"""

import random
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, cast

from sqlalchemy import Connection, delete, func, select, text

from marrowd.store.cards_shown import (
    AnswerStanding,
    Asked,
    CardCount,
    CardFeedback,
    CardOutcome,
    Receipt,
    ShownCard,
)
from marrowd.store.database import OverDatabase
from marrowd.store.dialect import insert_into
from marrowd.store.engine import Engines, translated
from marrowd.store.schema import (
    card_feedback,
    card_quiet,
    card_shown,
    instant_of,
    patient,
    seen_token,
    stored_of,
)

_STANDING_SQLITE = """
    SELECT (SELECT revision FROM patient WHERE source = ? AND patient = ?),
           (SELECT until FROM card_quiet WHERE card = ?)
"""
_STANDINGS_POSTGRESQL = text("""
    SELECT patient.revision, card_quiet.until
    FROM unnest(CAST(:sources AS text[]), CAST(:patients AS text[]), CAST(:cards AS text[]))
        WITH ORDINALITY AS asked (source, patient, card, place)
    LEFT JOIN patient ON patient.source = asked.source AND patient.patient = asked.patient
    LEFT JOIN card_quiet ON card_quiet.card = asked.card
    ORDER BY asked.place
""")


class _Token(NamedTuple):
    """A token as it is remembered."""

    issuer: str
    jti: str
    now: datetime
    until: datetime


class SqlFeedback(OverDatabase):
    """`Feedback` over SQL."""

    async def standings(self, asked: Sequence[Asked]) -> Sequence[AnswerStanding]:
        """Say how things stand with each of *asked*, in order: one read for all of them."""
        if self._database.engines.is_sqlite:
            # The read that every hook waits for: a prepared statement costs a tenth of a compiled.
            rows = await self._database.read_sqlite(
                lambda c: [c.execute(_STANDING_SQLITE, each).fetchone() for each in asked]
            )
        else:
            sources, patients, cards = map(list, zip(*asked, strict=True))
            values = {"sources": sources, "patients": patients, "cards": cards}
            rows = await self._database.read(
                lambda c: [tuple(row) for row in c.execute(_STANDINGS_POSTGRESQL, values)]
            )
        return [
            AnswerStanding(revision=revision or 0, quiet_until=instant_of(until))
            for revision, until in rows
        ]

    async def add_shown(self, shown: Sequence[ShownCard]) -> None:
        """Count cards that were shown."""
        if shown:
            await self._database.write(partial(_add_shown, shown=sorted(shown, key=_card)))

    async def add_feedback(
        self, given: Sequence[CardFeedback], *, now: datetime
    ) -> Sequence[Receipt]:
        """Keep what was done with cards, each thing once; say of each what became of it."""
        return await self._database.write(partial(_add_feedback, given=given, now=now))

    async def card_counts(self) -> Sequence[CardCount]:
        """Count cards by verdict: shown, accepted, overridden and why."""
        return await self._database.read(_card_counts)

    async def is_first_use(self, issuer: str, jti: str, *, now: datetime, until: datetime) -> bool:
        """Remember a token until *until*, over all replicas; False when it was used before."""
        token = _Token(issuer, jti, now, until)
        engines = self._database.engines
        return await self._database.on_writer(lambda: _use(engines, token))


def _card(shown: ShownCard) -> str:
    return shown.card  # one order of locking, whoever writes


def _add_shown(connection: Connection, shown: Sequence[ShownCard]) -> None:
    statement = insert_into(connection, card_shown)
    statement = statement.on_conflict_do_update(
        index_elements=[card_shown.c.card],
        set_={
            "last_at": statement.excluded.last_at,
            "times": card_shown.c.times + statement.excluded.times,
        },
    )
    connection.execute(
        statement,
        [
            {
                "card": each.card,
                "source": each.source,
                "verdict": each.verdict,
                "indicator": each.indicator,
                "first_at": each.last_at,
                "last_at": each.last_at,
                "times": each.times,
            }
            for each in shown
        ],
    )


def _add_feedback(
    connection: Connection, given: Sequence[CardFeedback], now: datetime
) -> list[Receipt]:
    known = _known(connection, {each.card for each in given})
    return [
        _add_one(connection, each, now) if each.card in known else Receipt.UNKNOWN for each in given
    ]


def _known(connection: Connection, cards: set[str]) -> set[str]:
    """Give those of *cards* that a hook has shown or that stand decided, posted perhaps."""
    found: set[str] = set()
    for column in (card_shown.c.card, patient.c.card):
        found |= set(connection.scalars(select(column).where(column.in_(sorted(cards)))))
    return found


def _add_one(connection: Connection, each: CardFeedback, now: datetime) -> Receipt:
    values = {
        "card": each.card,
        "outcome": each.outcome,
        "at": each.at,
        "reason": each.reason,
        "received_at": now,
    }
    written = connection.execute(
        insert_into(connection, card_feedback)
        .on_conflict_do_nothing()
        .values(values)
        .returning(card_feedback.c.card)
    )
    if written.first() is None:
        return Receipt.REPEATED
    if each.quiet_until is not None:
        statement = insert_into(connection, card_quiet).values(
            card=each.card, until=each.quiet_until
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[card_quiet.c.card],
                set_={"until": statement.excluded.until},
                where=card_quiet.c.until < statement.excluded.until,
            )
        )
    return Receipt.NEW


def _card_counts(connection: Connection) -> list[CardCount]:
    shown = connection.execute(
        select(card_shown.c.verdict, func.count(), func.sum(card_shown.c.times))
        .group_by(card_shown.c.verdict)
        .order_by(card_shown.c.verdict)
    ).all()
    done = connection.execute(
        select(card_shown.c.verdict, card_feedback.c.outcome, card_feedback.c.reason, func.count())
        .join(card_feedback, card_feedback.c.card == card_shown.c.card)
        .group_by(card_shown.c.verdict, card_feedback.c.outcome, card_feedback.c.reason)
    ).all()
    accepted: defaultdict[str, int] = defaultdict(int)
    overridden: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for verdict, outcome, reason, count in done:
        if outcome == CardOutcome.ACCEPTED:
            accepted[verdict] += count
        else:
            overridden[verdict][reason] = count
    return [
        CardCount(
            verdict=verdict,
            shown=cards,
            times=int(times),
            accepted=accepted[verdict],
            overridden=overridden[verdict],
        )
        for verdict, cards, times in shown
    ]


_FORGET_EVERY = 64  # uses; what is long over may lie about for a while


def _use(engines: Engines, token: _Token) -> bool:
    """Write one token without waiting for the disk."""
    with translated():
        return _use_sqlite(engines, token) if engines.is_sqlite else _use_postgresql(engines, token)


def _use_sqlite(engines: Engines, token: _Token) -> bool:
    """Do it with the driver alone: five statements, each call of a hook waits for them."""
    pooled = engines.write.raw_connection()
    driver = cast("sqlite3.Connection", pooled.driver_connection)
    try:
        # Cannot change inside a transaction; this runs on the writer's only thread.
        driver.execute("PRAGMA synchronous=NORMAL")
        driver.execute("BEGIN IMMEDIATE")
        if random.randrange(_FORGET_EVERY) == 0:  # noqa: S311 - not a secret
            driver.execute("DELETE FROM seen_token WHERE until < ?", (stored_of(token.now),))
        written = driver.execute(
            "INSERT INTO seen_token (issuer, jti, until) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET until = excluded.until WHERE until < ?"
            " RETURNING jti",
            (token.issuer, token.jti, stored_of(token.until), stored_of(token.now)),
        ).fetchone()
        driver.execute("COMMIT")
        driver.execute("PRAGMA synchronous=FULL")
    except BaseException:
        pooled.invalidate()  # never leave a writer behind that does not wait for the disk
        raise
    finally:
        pooled.close()
    return written is not None


def _use_postgresql(engines: Engines, token: _Token) -> bool:
    with engines.write.begin() as connection:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        if random.randrange(_FORGET_EVERY) == 0:  # noqa: S311 - not a secret
            connection.execute(delete(seen_token).where(seen_token.c.until < token.now))
        statement = insert_into(connection, seen_token).values(
            issuer=token.issuer, jti=token.jti, until=token.until
        )
        statement = statement.on_conflict_do_update(
            index_elements=[seen_token.c.issuer, seen_token.c.jti],
            set_={"until": statement.excluded.until},
            where=seen_token.c.until < token.now,
        )
        return connection.execute(statement.returning(seen_token.c.jti)).first() is not None
