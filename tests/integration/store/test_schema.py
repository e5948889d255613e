"""Migrations: created from nothing, held to the tables of the code, refused when unusable."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from marrowd.errors import BadConfiguration, StoreUnavailable
from marrowd.store import migrate
from marrowd.store.engine import connect
from marrowd.store.open import open_store
from marrowd.store.schema import SCHEMA, metadata


def set_schema(url: str, revision: str, *, oldest_usable: str = SCHEMA) -> None:
    engines = connect(url, connections=1)
    with engines.write.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        connection.execute(
            sa.text("UPDATE schema_use SET oldest_usable = :o"), {"o": oldest_usable}
        )
    engines.dispose()


async def open_and_close(url: str) -> None:
    store = open_store(url)
    try:
        await store.open()
        await store.ping()
    finally:
        await store.close()


async def test_an_empty_sqlite_store_is_created(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    assert migrate.current(url) is None

    await open_and_close(url)
    await open_and_close(url)

    assert SCHEMA == migrate.current(url)


async def test_an_empty_postgresql_is_refused_with_the_cure(postgres_url: str) -> None:
    with pytest.raises(BadConfiguration, match="marrowd db upgrade"):
        await open_and_close(postgres_url)

    assert SCHEMA == migrate.upgrade(postgres_url)
    await open_and_close(postgres_url)


def test_an_upgrade_repeated_changes_nothing(store_url: str) -> None:
    assert SCHEMA == migrate.upgrade(store_url)
    assert SCHEMA == migrate.upgrade(store_url)
    assert SCHEMA == migrate.current(store_url)


def test_replicas_may_migrate_at_once(postgres_url: str) -> None:
    threads = [threading.Thread(target=migrate.upgrade, args=[postgres_url]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert SCHEMA == migrate.current(postgres_url)


def test_migrations_end_in_the_tables_of_the_code(store_url: str) -> None:
    engines = connect(store_url, connections=1)
    with engines.write.begin() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engines.dispose()

    assert [] == differences


async def test_an_older_schema_is_refused_with_the_cure(store_url: str) -> None:
    set_schema(store_url, "0000")

    with pytest.raises(BadConfiguration, match=rf"has schema 0000.*needs {SCHEMA}.*db upgrade"):
        await open_and_close(store_url)


async def test_a_newer_schema_is_refused(store_url: str) -> None:
    set_schema(store_url, "9999", oldest_usable="9998 by 9999")

    with pytest.raises(BadConfiguration, match=r"9999.*run the newer version"):
        await open_and_close(store_url)


async def test_a_newer_schema_that_declares_nothing_is_refused(store_url: str) -> None:
    engines = connect(store_url, connections=1)
    with engines.write.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engines.dispose()

    with pytest.raises(BadConfiguration, match=r"9999.*run the newer version"):
        await open_and_close(store_url)


async def test_a_newer_schema_that_declares_this_version_usable_is_used(store_url: str) -> None:
    set_schema(store_url, "9999", oldest_usable=f"{SCHEMA} by 9999")

    await open_and_close(store_url)
    assert "9999" == migrate.upgrade(store_url)


def test_an_up_to_date_store_opens_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    migrate.upgrade(url)
    code = (
        "import asyncio, sys\n"
        "from marrowd.store.open import open_store\n"
        f"store = open_store({url!r})\n"
        "asyncio.run(store.open())\n"
        "assert not {'alembic', 'psycopg'} & set(sys.modules)\n"
    )

    service = Path(migrate.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(service)}, check=False
    )

    assert 0 == done.returncode


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "not a url with secret", ""],
)
def test_other_urls_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(BadConfiguration, match=r"store\.url") as caught:
        open_store(url)

    assert "secret" not in str(caught.value)


async def test_a_server_out_of_reach_is_said_to_be_so() -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/none"
    with pytest.raises(StoreUnavailable) as caught:
        await open_and_close(url)

    assert "secret" not in str(caught.value)
    with pytest.raises(StoreUnavailable):
        migrate.current(url)


async def test_a_file_that_is_no_database_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at\n" * 99)

    with pytest.raises(StoreUnavailable):
        await open_and_close(f"sqlite:///{tmp_path}/text.db")
