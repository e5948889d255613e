"""Cost stays flat: what runs for every event finds its rows by an index, never by a scan."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event as listen
from tests.support.stored import LEASE, NOW, Quiet, event, lab, report, saying

from marrowd.store.messages import MessageState
from marrowd.store.open import open_store
from marrowd.store.protocols import EventState, Store

Call = Callable[[Store], Awaitable[object]]


async def whole_line(store: Store) -> None:
    await store.accept([event()])
    [claimed] = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)
    await store.extend([claimed], until=LEASE)
    await store.apply("main", [lab(), report()], saying(), now=NOW, event=claimed)
    [message] = await store.claim_messages("ehr", worker="w", limit=9, now=NOW, until=LEASE)
    await store.taken(message, now=NOW)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(whole_line, id="an event from accept to taken"),
        pytest.param(lambda s: s.facts_of("main", "Patient/1"), id="facts_of"),
        pytest.param(
            lambda s: s.patients_judged("main", "report_pending", limit=10), id="patients_judged"
        ),
        pytest.param(lambda s: s.due_rechecks(now=NOW, limit=9), id="due_rechecks"),
        pytest.param(lambda s: s.reports_read_before("main", "2", limit=9), id="reread"),
        pytest.param(lambda s: s.inbox_depth(), id="inbox_depth"),
        pytest.param(lambda s: s.oldest_waiting(), id="oldest_waiting"),
        pytest.param(lambda s: s.outbox_depth(), id="outbox_depth"),
        pytest.param(lambda s: s.oldest_message(), id="oldest_message"),
        pytest.param(lambda s: s.purge_done(before=NOW), id="purge_done"),
        pytest.param(lambda s: s.list_events(state=EventState.PARKED, limit=9), id="parked"),
        pytest.param(
            lambda s: s.list_messages(state=MessageState.PARKED, limit=9), id="parked messages"
        ),
    ],
)
async def test_no_statement_walks_through_a_table(tmp_path: Path, call: Call) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    await store.open()
    await store.apply("main", [lab()], Quiet(), now=NOW)
    run: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            run.append((statement, values))

    engines = store._database.engines
    for engine in (engines.read, engines.write):
        listen.listen(engine, "before_cursor_execute", note)
    await call(store)
    for engine in (engines.read, engines.write):
        listen.remove(engine, "before_cursor_execute", note)

    plans = {
        statement: await store._database.read(lambda c, s=statement, v=values: _plan(c, s, v))
        for statement, values in run
    }
    await store.close()

    assert plans
    tables = ("inbox", "evidence", "patient", "outbox", "earlier")
    scans = {
        statement: plan
        for statement, plan in plans.items()
        if any(line in {f"SCAN {table}" for table in tables} for line in plan)
    }
    assert {} == scans


def _plan(connection: sa.Connection, statement: str, values: object) -> list[str]:
    first = values[0] if isinstance(values, list) else values
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first)
    return [row.detail for row in rows]
