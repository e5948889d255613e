"""
What an event and a hook take of the database: statements and commits, as ceilings.

A commit is a wait for the disk, and a statement a trip to another machine where the store is
PostgreSQL. Counted below SQLAlchemy, so that a statement that goes past it counts as well. One that
grows is a decision: change the figure here, with its reason.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.hook_calls import PATIENT_VIEW, a_call, hooks_running, level, mri
from tests.support.loops import SOURCE
from tests.support.notation import NOW, PATIENT, facts
from tests.support.statements import Spent, Trace, traced
from tests.support.store import an_event, opened

from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store.protocols import Store
from marrowd.work.deciding import Decider

UNTIL = NOW + timedelta(minutes=1)
LEASE = {"worker": "w", "now": NOW, "until": UNTIL}


@asynccontextmanager
async def tracing(folder: Path) -> AsyncIterator[tuple[Store, Trace]]:
    with traced() as trace:
        async with opened(folder) as store:
            trace.spent()
            yield store, trace


async def test_an_event_takes_so_much_from_its_arrival_to_its_card(tmp_path):
    decider = Decider(
        policy=policy_from(PolicySettings()),
        rules="r",
        base_urls={SOURCE: "http://x"},
        destinations={SOURCE: ["ehr"]},
    )
    made = facts(["report @-10 left foot: talus affirmed", "result 14 ng/mL @-12"])
    spent = {}
    async with tracing(tmp_path) as (store, trace):
        await store.accept([an_event()])
        spent["accepted"] = trace.spent()
        [event] = await store.claim(limit=10, **LEASE)
        spent["claimed"] = trace.spent()
        applied = await store.apply(SOURCE, made, decider.at(SOURCE, NOW), now=NOW, event=event)
        spent["applied"] = trace.spent()
        [message] = await store.claim_messages("ehr", limit=10, **LEASE)
        spent["message claimed"] = trace.spent()
        await store.taken(message, now=NOW)
        spent["taken"] = trace.spent()

    assert applied.changes[PATIENT].card is not None
    ceilings = {
        "accepted": Spent(statements=1, commits=1),
        "claimed": Spent(statements=2, commits=1),  # a look before the lease
        # The lease, versions, links (both ways), patient made and locked, two facts written, facts
        # read, patient, message, the event's end: for however many events at once.
        "applied": Spent(statements=11, commits=1),
        "message claimed": Spent(statements=2, commits=1),
        # The leases, the messages, the record of who was given what: likewise.
        "taken": Spent(statements=3, commits=1),
    }
    assert {
        stage: cost for stage, cost in spent.items() if not cost.is_within(ceilings[stage])
    } == {}


@pytest.mark.parametrize("count", [1, 50])
async def test_events_that_come_together_share_a_commit(tmp_path, count):
    events = [an_event(f"Observation/{number}") for number in range(count)]
    async with tracing(tmp_path) as (store, trace):
        await store.accept(events)
        accepted = trace.spent()
        claimed = await store.claim(limit=count, **LEASE)
        leased = trace.spent()

    assert len(claimed) == count
    assert accepted.is_within(Spent(statements=1, commits=1))
    assert leased.is_within(Spent(statements=2, commits=1))


async def test_a_hook_takes_one_read_when_its_answer_was_drawn_before(tmp_path):
    with traced() as trace:
        async with hooks_running(tmp_path) as bench:
            await bench.keep(level(), mri())
            call = a_call(fhirServer=bench.base_url)
            trace.spent()
            await bench.cards(PATIENT_VIEW, call)
            first = trace.spent()
            await bench.cards(PATIENT_VIEW, call)
            again = trace.spent()

    # Revision, links (both ways at once), facts, and whether the card is quiet.
    assert first.is_within(Spent(statements=4, commits=0))
    assert again.is_within(Spent(statements=1, commits=0))
