"""What the store does when the database does not: refuse, say so, lose nothing, recover alone."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event as listen
from tests.support.stored import LEASE, NOW, Quiet, event, lab, saying

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store import engine, migrate
from marrowd.store.open import open_store
from marrowd.store.protocols import EventState, Store
from marrowd.store.schema import evidence


@pytest.fixture
async def sqlite_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    await store.open()
    yield store
    await store.close()


async def limit_pages(store: Store, extra: int) -> None:
    def limit(connection: sa.Connection) -> None:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={used + extra}")

    await store._database.write(limit)


async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest(
    sqlite_store: Store,
) -> None:
    await limit_pages(sqlite_store, 8)
    outcomes = await asyncio.gather(
        sqlite_store.accept([event("1")]),
        sqlite_store.accept([event("2", payload=b"x" * 1_000_000)]),
        sqlite_store.accept([event("3")]),
        return_exceptions=True,
    )

    assert [1, 1] == [outcomes[0], outcomes[2]]
    assert isinstance(outcomes[1], StoreUnavailable)
    assert "SQLITE_FULL" in str(outcomes[1])
    assert 2 == (await sqlite_store.inbox_depth())[EventState.READY]

    await limit_pages(sqlite_store, 100_000)
    assert 1 == await sqlite_store.accept([event("2", payload=b"x" * 1_000_000)])


async def test_a_full_disk_in_a_group_of_writes_hurts_only_the_one(sqlite_store: Store) -> None:
    await limit_pages(sqlite_store, 12)
    outcomes = await asyncio.gather(
        sqlite_store.set_cursor("main", "1", "x"),
        sqlite_store.set_cursor("main", "2", "x"),
        sqlite_store.set_cursor("main", "3", "x" * 1_000_000),
        sqlite_store.set_cursor("main", "4", "x"),
        return_exceptions=True,
    )

    assert [None, None, None] == [outcomes[0], outcomes[1], outcomes[3]]
    assert isinstance(outcomes[2], StoreUnavailable)
    assert "x" == await sqlite_store.cursor("main", "4")


async def test_a_store_that_refuses_everything_refuses_a_group_quickly(
    sqlite_store: Store,
) -> None:
    attempts: list[str] = []

    def refuse(_connection, _cursor, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT"):
            attempts.append(statement)
            raise sqlite3.OperationalError(statement)

    listen.listen(sqlite_store._database.engines.write, "before_cursor_execute", refuse)
    outcomes = await asyncio.gather(
        *(sqlite_store.accept([event(str(n))]) for n in range(20)), return_exceptions=True
    )

    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    # Once for the first call alone, once for the group of the others, then twice one by one.
    assert len(attempts) <= 4


async def test_a_database_locked_by_others_is_reported_and_used_again_later(
    sqlite_store: Store, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"):
        await sqlite_store.accept([event()])
    with pytest.raises(StoreUnavailable):
        await sqlite_store.ping()
    assert [] == await sqlite_store.list_events(state=None, limit=9)
    other.execute("ROLLBACK")
    other.close()

    assert 1 == await sqlite_store.accept([event()])


async def test_postgresql_coming_back_is_used_again(postgres_url: str) -> None:
    migrate.upgrade(postgres_url)
    store = open_store(postgres_url)
    await store.open()
    end_the_others(postgres_url)

    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.ping()

    assert 1 == await store.accept([event()])
    await store.close()


async def test_events_that_find_every_connection_dead_cost_one_of_them(
    migrated_postgres_url: str,
) -> None:
    store = open_store(migrated_postgres_url)
    await store.open()
    assert [1, *[None] * 9] == await asyncio.gather(
        store.accept([event("0")]), *(store.ping() for _ in range(9))
    )
    end_the_others(migrated_postgres_url)

    with pytest.raises(StoreUnavailable):
        await store.accept([event("1")])
    assert 1 == await store.accept([event("1")])

    end_the_others(migrated_postgres_url)
    together = await asyncio.gather(*(store.accept([event(f"2{n}")]) for n in range(5)))
    assert [1] * 5 == together
    await store.close()


async def test_a_refusal_of_a_kind_nobody_knows_may_be_over_later(
    migrated_postgres_url: str,
) -> None:
    store = open_store(migrated_postgres_url)
    await store.open()

    def refuse(connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'not %%', NEW.key USING ERRCODE = 'ZZ001'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER refusing BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION refuse()"
        )

    await store._database.write(refuse)
    with pytest.raises(StoreUnavailable) as caught:
        await store.accept([event("Smith")])
    await store._database.write(
        lambda c: c.exec_driver_sql("DROP TRIGGER refusing ON inbox").rowcount
    )

    assert "Smith" not in str(caught.value)
    assert 1 == await store.accept([event("Smith")])
    await store.close()


def end_the_others(url: str) -> None:
    """End every connection to a database but this one."""
    engines = engine.connect(url, connections=1)
    with engines.write.begin() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engines.dispose()


async def test_a_nul_in_a_key_never_blocks_the_events_beside_it(store: Store) -> None:
    """PostgreSQL refuses it for ever, SQLite keeps it; neither may stop the queue."""
    outcomes = await asyncio.gather(
        *(store.accept([event(key)]) for key in ("1", "a\0b", "2")), return_exceptions=True
    )

    assert [1, 1] == [outcomes[0], outcomes[2]]
    assert outcomes[1] == 1 or isinstance(outcomes[1], BadInput)


async def test_a_fact_that_cannot_be_read_is_not_taken_for_no_fact(store: Store) -> None:
    await store.apply("main", [lab()], Quiet(), now=NOW)
    damage = sa.update(evidence).values(fact=b'{"ref": "Smith"}')
    await store._database.write(lambda c: c.execute(damage).rowcount)

    with pytest.raises(StoreUnavailable) as caught:
        await store.facts_of("main", "Patient/1")

    assert "Smith" not in str(caught.value)


async def test_a_missing_table_is_no_fault_of_the_event(store: Store) -> None:
    await store._database.write(lambda c: c.exec_driver_sql("DROP TABLE inbox").rowcount)

    with pytest.raises(StoreUnavailable):
        await store.accept([event()])


async def test_a_closed_store_refuses_and_closing_twice_is_fine(store: Store) -> None:
    await store.close()
    await store.close()

    for call in (store.accept([event()]), store.inbox_depth(), store.ping()):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call


async def test_closing_waits_for_what_was_begun(store: Store, store_url: str) -> None:
    begun = [asyncio.ensure_future(store.accept([event(str(n))])) for n in range(20)]
    begun += [asyncio.ensure_future(store.set_cursor("main", str(n), "1")) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*begun)

    again = open_store(store_url)
    await again.open()
    assert 20 == (await again.inbox_depth())[EventState.READY]
    assert "1" == await again.cursor("main", "19")
    await again.close()


async def test_work_may_be_done_on_the_spot(store_url: str) -> None:
    """A simulated event loop passes a `run` that starts no thread."""

    async def on_the_spot(work: Callable[[], object]) -> object:
        return work()

    store = open_store(store_url, run=on_the_spot)
    await store.open()
    assert [1, 1] == await asyncio.gather(store.accept([event("1")]), store.accept([event("2")]))
    claimed = await store.claim(worker="w", limit=9, now=NOW, until=LEASE)
    done: list[Awaitable[object]] = [
        store.apply("main", [lab()], saying(), now=NOW, event=e) for e in claimed
    ]
    assert all(applied.is_finished for applied in await asyncio.gather(*done))
    await store.close()


_WRITER = """
import asyncio, itertools, sys
from datetime import UTC, datetime
from marrowd.store.open import open_store
from marrowd.store.protocols import EventKind, NewEvent

async def one(store, worker):
    for number in itertools.count():
        key = f"{worker}-{number}"
        event = NewEvent(source="main", kind=EventKind.FETCH, key=key,
                         received_at=datetime.now(UTC), ref=key)
        await store.accept([event])
        print(key, flush=True)

async def main():
    store = open_store(sys.argv[1])
    await store.open()
    await asyncio.gather(*(one(store, worker) for worker in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [50, 300])
async def test_what_was_acknowledged_survives_kill_9(store_url: str, acknowledged: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(migrate.__file__).parents[2])}
    with subprocess.Popen(  # noqa: ASYNC220 - our own interpreter; the loop has nothing else to do
        [sys.executable, "-c", _WRITER, store_url],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        keys = [writer.stdout.readline().strip() for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)
        keys += [
            line.strip()
            for line in writer.stdout.read().splitlines(keepends=True)
            if line.endswith("\n")
        ]

    store = open_store(store_url)
    await store.open()
    kept = {row.ref for row in await store.list_events(state=EventState.READY, limit=10**6)}
    # Resending what was acknowledged brings nothing new.
    assert 0 == await store.accept([event(key) for key in keys])
    await store.close()

    assert set(keys) <= kept
    assert len(keys) >= acknowledged
