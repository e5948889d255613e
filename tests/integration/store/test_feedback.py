"""What hooks remember of cards and tokens, over both databases."""

from datetime import timedelta

import pytest
from tests.support.stored import NOW, Quiet, lab, standing

from marrowd.errors import StoreUnavailable
from marrowd.store.cards_shown import (
    AnswerStanding,
    Asked,
    CardCount,
    CardFeedback,
    CardOutcome,
    Receipt,
    ShownCard,
)

CARD = "5f8f5b0e-6c7b-5d0e-9c58-0f6a3a1f7c11"
LATER = NOW + timedelta(days=90)


def shown(card=CARD, *, times=1, verdict="association"):
    return ShownCard(
        card=card, source="main", verdict=verdict, indicator="warning", last_at=NOW, times=times
    )


def overridden(card=CARD, *, at=NOW, until=LATER):
    return CardFeedback(
        card=card,
        outcome=CardOutcome.OVERRIDDEN,
        at=at,
        reason="already-treated",
        quiet_until=until,
    )


async def test_each_decision_raises_the_revision(store):
    assert await standing(store, "main", "Patient/1", "") == AnswerStanding(revision=0)

    await store.apply("main", [lab()], Quiet(), now=NOW)
    first = await standing(store, "main", "Patient/1", "")
    await store.apply("main", [lab(number=2)], Quiet(), now=NOW)
    second = await standing(store, "main", "Patient/1", "")

    assert 0 < first.revision < second.revision


async def test_an_override_quiets_the_card_it_names_and_no_other(store):
    await store.add_shown([shown()])

    taken = await store.add_feedback([overridden()], now=NOW)

    assert taken == [Receipt.NEW]
    assert (await standing(store, "main", "Patient/1", CARD)).quiet_until == LATER
    assert (await standing(store, "main", "Patient/1", "another")).quiet_until is None


async def test_several_are_asked_about_in_one_read_and_answered_in_order(store):
    await store.apply("main", [lab(patient="Patient/2")], Quiet(), now=NOW)
    await store.add_shown([shown()])
    await store.add_feedback([overridden()], now=NOW)
    asked = [
        Asked("main", "Patient/1", CARD),
        Asked("main", "Patient/2", ""),
        Asked("other", "Patient/2", CARD),
        Asked("main", "Patient/2", ""),
    ]

    stand = await store.standings(asked)

    alone = [await standing(store, *each) for each in asked]
    assert stand == alone
    assert [each.revision > 0 for each in stand] == [False, True, False, True]
    assert [each.quiet_until for each in stand] == [LATER, None, LATER, None]


async def test_a_repeat_counts_once(store):
    await store.add_shown([shown()])

    taken = await store.add_feedback([overridden(), overridden()], now=NOW)

    assert taken == [Receipt.NEW, Receipt.REPEATED]


async def test_an_older_override_does_not_shorten_the_quiet(store):
    await store.add_shown([shown()])
    await store.add_feedback([overridden()], now=NOW)

    earlier = NOW - timedelta(days=30)
    await store.add_feedback([overridden(at=earlier, until=earlier + timedelta(days=90))], now=NOW)

    assert (await standing(store, "main", "Patient/1", CARD)).quiet_until == LATER


async def test_a_card_never_shown_is_unknown_and_leaves_nothing(store):
    assert await store.add_feedback([overridden("0")], now=NOW) == [Receipt.UNKNOWN]
    assert (await standing(store, "main", "Patient/1", "0")).quiet_until is None


async def test_a_card_that_stands_decided_is_known(store):
    await store.apply("main", [lab()], Quiet(card=CARD), now=NOW)

    assert await store.add_feedback([overridden()], now=NOW) == [Receipt.NEW]


async def test_counts_tell_what_was_shown_and_done(store):
    await store.add_shown([shown(), shown("b", verdict="consider_mri")])
    await store.add_shown([shown(times=3)])
    accepted = CardFeedback(card=CARD, outcome=CardOutcome.ACCEPTED, at=NOW, reason="none")
    await store.add_feedback([overridden(), accepted], now=NOW)

    assert list(await store.card_counts()) == [
        CardCount(
            verdict="association",
            shown=1,
            times=4,
            accepted=1,
            overridden={"already-treated": 1},
        ),
        CardCount(verdict="consider_mri", shown=1, times=1, accepted=0, overridden={}),
    ]


@pytest.mark.parametrize("issuer", ["a", "b"])
async def test_a_token_is_used_once_until_it_is_no_good_anyway(store, issuer):
    until = NOW + timedelta(minutes=5)

    assert await store.is_first_use(issuer, "t", now=NOW, until=until)
    assert not await store.is_first_use(issuer, "t", now=NOW, until=until)
    assert await store.is_first_use(issuer, "u", now=NOW, until=until)
    assert await store.is_first_use(issuer, "t", now=until + timedelta(seconds=1), until=until)


@pytest.mark.parametrize("fails", [False, True])
async def test_writes_wait_for_the_disk_again_after_a_token(store, fails):
    def break_it(connection):
        connection.exec_driver_sql("DROP TABLE seen_token")

    if fails and store._database.engines.is_sqlite:
        await store._database.write(break_it)
        with pytest.raises(StoreUnavailable):
            await store.is_first_use("a", "t", now=NOW, until=NOW)
    else:
        await store.is_first_use("a", "t", now=NOW, until=NOW)

    def level(connection):
        return connection.exec_driver_sql("PRAGMA synchronous").scalar()

    if store._database.engines.is_sqlite:
        full = 2
        assert await store._database.write(level) == full
