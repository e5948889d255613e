"""
Stores of so many patients, on SQLite and PostgreSQL, and the processor time that work on one takes.

The service makes one patient; the others are made of that one's rows by SQL, since only the size of
the store matters: each key, card and fact with its own name in it, each second after the one
before, with all indexes, and then looked over as a database does by itself.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Column, LargeBinary, Table, Text

from marrowd.store.schema import Instant, audit, evidence, inbox, outbox, patient

SEED = "SEED"  # what stands for the patient's number, in every key and in the facts
_TABLES = (inbox, patient, evidence, outbox, audit)
_KEPT = "7b7d"  # {} for a body: by far the largest, and read by nobody once it is taken
_SECOND = 1_000_000  # as times are stored


def multiply(url: str, patients: int) -> None:
    """Make *patients* of the one in the store at *url*, which nobody has open."""
    (_on_sqlite if url.startswith("sqlite:") else _on_postgresql)(url, patients)


def _on_sqlite(url: str, patients: int) -> None:
    database = sqlite3.connect(url.removeprefix("sqlite:///"))
    for pragma in ("synchronous=OFF", "cache_size=-1000000"):
        database.execute(f"PRAGMA {pragma}")
    numbers = f"SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {patients}"  # noqa: S608
    with database:
        for table in _TABLES:
            database.execute(f"WITH RECURSIVE n(i) AS ({numbers}) {_copied(table, _SqlitesWords)}")
    database.execute("ANALYZE")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _on_postgresql(url: str, patients: int) -> None:
    numbers = f"SELECT i FROM generate_series(0, {patients - 1}) AS i"  # noqa: S608
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # who refers to whom is known
        for table in _TABLES:
            statement = f"WITH n(i) AS ({numbers}) {_copied(table, _PostgresqlsWords)}"
            database.execute(statement.encode())
        database.execute("VACUUM ANALYZE")
        database.execute("CHECKPOINT")


class _SqlitesWords:
    number = "n.i"
    body = f"x'{_KEPT}'"
    card = "printf('%08x', n.i * 2654435761 % 4294967296)"

    @staticmethod
    def in_bytes(column: str) -> str:
        return f"CAST(replace(CAST({column} AS TEXT), '{SEED}', n.i) AS BLOB)"


class _PostgresqlsWords:
    number = "n.i::text"
    body = f"'\\x{_KEPT}'::bytea"
    card = "lpad(to_hex(n.i::bigint * 2654435761 % 4294967296), 8, '0')"

    @staticmethod
    def in_bytes(column: str) -> str:
        return f"convert_to(replace(convert_from({column}, 'UTF8'), '{SEED}', n.i::text), 'UTF8')"


_Words = type[_SqlitesWords] | type[_PostgresqlsWords]


def _copied(table: Table, words: _Words) -> str:
    columns = [
        column
        for column in table.columns
        if column.name != "id" or table is outbox  # other numbers are the database's to give
    ]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(_value(column, words) for column in columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM n, {table.name}"  # noqa: S608


def _value(column: Column[Any], words: _Words) -> str:
    name = f'"{column.name}"'
    told = {outbox.c.id: f"'msg_' || {words.card}", outbox.c.body: words.body}
    if column in told:
        return told[column]
    if column.name in ("card", "posted_card"):
        return f"{words.card} || substr({name}, 9)"
    if isinstance(column.type, Instant):
        return f"{name} - n.i * CAST({_SECOND} AS BIGINT)"
    if isinstance(column.type, LargeBinary):
        return words.in_bytes(name)
    is_text = isinstance(column.type, Text)
    return f"replace({name}, '{SEED}', {words.number})" if is_text else name


def processor_of(url: str) -> Callable[[], float]:
    """Give what tells the seconds that this process and the database's have worked so far."""
    if url.startswith("sqlite:"):
        return time.process_time
    with psycopg.connect(url) as database:
        mine = Path(f"/proc/{database.info.backend_pid}/status").read_text(encoding="ascii")
        title = f" {database.info.dbname} [local] ".encode()
    server = next(line.split()[1] for line in mine.splitlines() if line.startswith("PPid"))

    def spent_s() -> float:
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii")
        ran_ns = sum(_ran_ns(Path("/proc") / pid, title) for pid in children.split())
        return time.process_time() + ran_ns / 1e9

    return spent_s


def _ran_ns(process: Path, title: bytes) -> int:
    """Give how long a process ran; 0 when it serves another database, or none, or has ended."""
    try:
        if title in (process / "cmdline").read_bytes():
            return int((process / "schedstat").read_text(encoding="ascii").split()[0])
    except OSError:
        pass
    return 0
