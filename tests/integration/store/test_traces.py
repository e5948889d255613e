"""What carries a trace over inbox and outbox, through retries, crashes and other versions."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from tests.support.stored import AFTER_LEASE, LEASE, NOW, event, lab, saying

from marrowd.store.engine import connect
from marrowd.store.open import open_store
from marrowd.store.protocols import PatientChange, PatientState, Store

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def said_in(trace: str | None):
    say = saying()

    def decide(state: PatientState) -> PatientChange:
        change = say(state)
        return replace(change, messages=tuple(replace(m, trace=trace) for m in change.messages))

    return decide


async def test_an_event_keeps_the_trace_it_came_with_and_none_stays_none(store: Store) -> None:
    await asyncio.gather(
        store.accept([event("traced", trace=TRACE)]), store.accept([event("untraced")])
    )

    claimed = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)

    assert {"traced": TRACE, "untraced": None} == {e.new.key: e.new.trace for e in claimed}


async def test_a_redelivery_changes_nothing_of_the_trace(store: Store) -> None:
    await store.accept([event("1", trace=TRACE)])
    assert 0 == await store.accept([event("1", trace=TRACE.replace("4bf9", "0000"))])

    [claimed] = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)

    assert TRACE == claimed.new.trace


async def test_after_a_crash_event_and_message_are_still_of_their_trace(
    store: Store, store_url: str
) -> None:
    await store.accept([event("1", trace=TRACE)])
    await store.claim(worker="dies", limit=1, now=NOW, until=LEASE)
    second = open_store(store_url)
    await second.open()
    try:
        [again] = await second.claim(
            worker="w", limit=1, now=AFTER_LEASE, until=AFTER_LEASE + timedelta(minutes=1)
        )
        assert TRACE == again.new.trace
        await second.apply("main", [lab()], said_in(again.new.trace), now=NOW, event=again)
    finally:
        await second.close()

    [message] = await store.claim_messages("ehr", worker="w", limit=1, now=NOW, until=LEASE)
    assert TRACE == message.trace


async def test_an_older_version_that_knows_no_traces_still_puts_events_in(
    store: Store, store_url: str
) -> None:
    engines = connect(store_url, connections=1)
    with engines.write.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO inbox (source, key, kind, ref, state, fence, attempts, received_at,"
                " due_at, worker, reason, detail) VALUES ('main', 'old', 'ping', '', 'ready', 0, 0,"
                " 1, 1, '', '', '')"
            )
        )
    engines.dispose()

    [claimed] = await store.claim(worker="w", limit=1, now=NOW, until=LEASE)

    assert claimed.new.trace is None
