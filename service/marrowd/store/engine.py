"""
Connections: how each database is opened, and what its errors mean to the rest of the service.

SQLite gets two engines over one file: one connection that writes (SQLite has one writer anyway, and
a queue of our own is fairer than its busy loop) and one that only reads, which WAL lets go on while
a write is under way. PostgreSQL gets one bounded pool.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from marrowd.errors import BadConfiguration, BadInput, StoreUnavailable

BUSY_TIMEOUT_MS = 5_000  # another process (the CLI) may hold the write lock for a moment
CONNECT_TIMEOUT_S = 5  # an unreachable server is reported, not waited for
POOL_TIMEOUT_S = 10
LOCK_TIMEOUT = "10s"  # a patient locked longer than this means something is wrong elsewhere
STATEMENT_TIMEOUT = "60s"


@dataclass(frozen=True, slots=True)
class Engines:
    """What to write with and what to read with; one and the same pool on PostgreSQL."""

    write: Engine
    read: Engine
    is_sqlite: bool

    def dispose(self) -> None:
        """Close every connection."""
        self.read.dispose()
        self.write.dispose()


def connect(url: str, *, connections: int, login_of: Callable[[], str] | None = None) -> Engines:
    """
    Prepare engines for *url*; nothing is opened yet.

    Args:
        url: of the database.
        connections: how many at most, on PostgreSQL.
        login_of: gives the same URL with the user and password for the next connection.

    Raises:
        BadConfiguration: *url* names no database that this store knows.
    """
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        parsed = None  # the message would quote the URL, and with it a password
    if parsed is not None and parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed is not None and parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed, connections, login_of)
    message = "store.url must begin with sqlite:/// or postgresql://, and a port be a number"
    raise BadConfiguration(message)


def _sqlite(url: URL) -> Engines:
    if url.database in (None, "", ":memory:"):
        message = "store.url must name a file: a store in memory would lose what it acknowledged"
        raise BadConfiguration(message)
    url = url.set(drivername="sqlite+pysqlite")
    # Each pool holds one connection, used by whichever thread has it checked out.
    write = create_engine(
        url,
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"check_same_thread": False},
    )
    read = create_engine(
        url,
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False},
    )
    event.listen(write, "connect", _open_sqlite_writer)
    event.listen(write, "begin", _begin_immediate)
    event.listen(read, "connect", _open_sqlite_reader)
    return Engines(write=write, read=read, is_sqlite=True)


def _open_sqlite_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not open transactions by itself: it would open deferred ones, and DDL would
    # slip out of them.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # in WAL: fsync at every commit, the promise behind a 204
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        _pragma(connection, pragma)


def _open_sqlite_reader(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON", "cache_size=-16000"):
        _pragma(connection, pragma)


def _pragma(connection: DBAPIConnection, pragma: str) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads first may fail when it turns into a writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def same_database(before: str, after: str) -> str:
    """
    Give *after*, which may differ from *before* by user and password alone.

    Raises:
        BadConfiguration: it is another database: what is under way belongs to the first.
    """
    try:
        bare = [make_url(url).set(username="", password="") for url in (before, after)]
    except (exc.ArgumentError, ValueError):
        bare = []
    if not bare or bare[0] != bare[1]:
        message = "store.url names another database than before: restart to go there"
        raise BadConfiguration(message)
    return after


def _postgresql(url: URL, connections: int, login_of: Callable[[], str] | None) -> Engines:
    settings = (
        f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={STATEMENT_TIMEOUT}"
        " -c idle_in_transaction_session_timeout=60s"
    )
    write = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_recycle=1_800,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "marrowd",
            "options": settings,
        },
    )
    if login_of is not None:
        event.listen(write, "do_connect", _logging_in(login_of))
    event.listen(write, "connect", _open_postgresql)
    # Single statements: without BEGIN and COMMIT each is one round trip instead of three.
    read = write.execution_options(isolation_level="AUTOCOMMIT")
    return Engines(write=write, read=read, is_sqlite=False)


def _logging_in(login_of: Callable[[], str]) -> Callable[..., None]:
    def log_in(_dialect: Dialect, _entry: object, _args: object, given: dict[str, Any]) -> None:
        now = make_url(login_of())
        for key, value in (("user", now.username), ("password", now.password)):
            given.pop(key, None)
            if value is not None:
                given[key] = value

    return log_in


def _open_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    from psycopg.types.array import ListBinaryDumper  # noqa: PLC0415 - SQLite has no need of it

    # As text, the driver's choice, each item is searched for what is to be escaped.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    # A commit must be on disk when it returns. Levels above "on" (remote_apply) are left alone.
    cursor = connection.cursor()
    cursor.execute("SHOW synchronous_commit")
    row = cursor.fetchone()
    if row is not None and row[0] in ("off", "local"):
        cursor.execute("SET synchronous_commit = on")
    cursor.close()
    connection.commit()


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn the drivers' errors into ours, without their texts: those quote rows, and so patients.

    What the database cannot do now (unreachable, locked, full, damaged, deadlock) may work later:
    StoreUnavailable. What it will never take (a NUL or half a surrogate pair in a key, a broken
    constraint) is BadInput: retrying it would only block the queue.
    """
    try:
        yield
    except (exc.IntegrityError, exc.DataError) as error:
        raise BadInput(said(error)) from None
    except UnicodeEncodeError:
        message = "text that is not valid Unicode cannot be stored"
        raise BadInput(message) from None
    except exc.ProgrammingError as error:
        raise StoreUnavailable(said(error)) from None  # a table is missing: not migrated, or worse
    except (exc.DBAPIError, exc.TimeoutError, sqlite3.Error) as error:
        raise StoreUnavailable(said(error)) from None
    except exc.StatementError as error:
        raise BadInput(said(error)) from None  # a value of the wrong kind: a naive time


def said(error: Exception) -> str:
    """Name the kind of *error* by class and code, never by its text."""
    origin = getattr(error, "orig", None) or error
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    name = type(origin).__name__
    return f"the database said {name} ({code})" if code else f"the database said {name}"
