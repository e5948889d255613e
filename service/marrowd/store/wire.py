"""
A statement of many rows in PostgreSQL's own words, past SQLAlchemy and most of the driver.

For the one statement that an answer waits for: around it the two layers took four times the
processor time of what is done here. It is prepared once for each connection and given an array for
each column, in binary. Nobody begins a transaction, so the server commits when it has run.

Imported where a PostgreSQL is: SQLite has no need of the driver.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store.engine import Engines, said
from marrowd.store.schema import Instant, stored_of

Value: TypeAlias = str | datetime | bytes | None
_BINARY: Final = 1
_NONE: Final = b"\xff\xff\xff\xff"
_SIZE: Final = struct.Struct("!i")
_NUMBER: Final = struct.Struct("!q")
_HEAD: Final = struct.Struct("!iiiii")  # dimensions, has NULLs, type of an item, items, first index
_NO_SUCH_STATEMENT: Final = "26000"


class Wired:
    """
    A statement of `many.insert_many` that gives back columns of text.

    Args:
        name: of the prepared statement; each has one of its own.
        statement: built for PostgreSQL.
        table: where the rows go.
        columns: those that rows give, in the statement's order.
    """

    def __init__(
        self, name: str, statement: ReturningInsert[tuple[str, ...]], table: Table, *columns: str
    ) -> None:
        self._name = name.encode()
        self._text = str(statement.compile(dialect=dialect(paramstyle="numeric_dollar"))).encode()  # type: ignore[no-untyped-call]
        self._arrays = [_array_of(table, column) for column in columns]
        self._formats = [_BINARY] * len(columns)

    def run(self, engines: Engines, columns: Sequence[Sequence[Value]]) -> list[tuple[str, ...]]:
        """
        Run it and have it committed; give the rows it returns.

        Args:
            engines: of a PostgreSQL.
            columns: the values of each, as many in one as in another.

        Raises:
            BadInput: a value that PostgreSQL will never take; nothing was written.
            StoreUnavailable: whatever else kept it from being written.
        """
        given = [array(column) for array, column in zip(self._arrays, columns, strict=True)]
        with _refusing():
            pooled = engines.write.raw_connection()
            try:
                return _texts(self._executed(pooled, given))
            except psycopg.OperationalError:
                if _wire_of(pooled).status != pq.ConnStatus.OK:
                    # The server has gone, and the connections that wait in the pool with it.
                    pooled.invalidate()
                    engines.dispose()
                raise
            finally:
                pooled.close()

    def _executed(self, pooled: PoolProxiedConnection, given: Sequence[bytes]) -> PGresult:
        wire = _wire_of(pooled)
        if self._name in pooled.info:
            result = wire.exec_prepared(self._name, given, self._formats, _BINARY)
            # The driver lets go of all prepared statements after a transaction that was undone.
            if _state_of(result) != _NO_SUCH_STATEMENT:
                return result
        _checked(wire.prepare(self._name, self._text))
        pooled.info[self._name] = True
        return wire.exec_prepared(self._name, given, self._formats, _BINARY)


def _wire_of(pooled: PoolProxiedConnection) -> PGconn:
    return cast("psycopg.Connection", pooled.driver_connection).pgconn


def _texts(result: PGresult) -> list[tuple[str, ...]]:
    _checked(result)
    columns = range(result.nfields)
    return [
        tuple((result.get_value(row, column) or b"").decode() for column in columns)
        for row in range(result.ntuples)
    ]


def _checked(result: PGresult) -> None:
    """Raise what the server refused with, by its code and without its words: those quote rows."""
    if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        return
    state = _state_of(result)
    if state is None:
        raise psycopg.OperationalError  # of the connection, which is no more
    try:
        refusal = psycopg.errors.lookup(state)
    except KeyError:
        refusal = psycopg.DatabaseError
    raise refusal


def _state_of(result: PGresult) -> str | None:
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    return None if state is None else state.decode()


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn the driver's errors into ours, as `engine.translated` does."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise BadInput(said(error)) from None
    except psycopg.Error as error:
        raise StoreUnavailable(said(error)) from None


def _array_of(table: Table, column: str) -> Callable[[Sequence[Value]], bytes]:
    """Choose how the values of *column* become an array, in binary."""
    kind = table.c[column].type
    oid, item = next(
        (psycopg.adapters.types[name].oid, item)
        for of, name, item in _ITEMS
        if isinstance(kind, of)
    )

    def array(values: Sequence[Value]) -> bytes:
        parts = [_HEAD.pack(1, None in values, oid, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(_NONE)
            else:
                packed = item(value)
                parts += (_SIZE.pack(len(packed)), packed)
        return b"".join(parts)

    return array


def _instant(value: datetime) -> bytes:
    try:
        return _NUMBER.pack(stored_of(value))
    except TypeError:
        message = "a time without a zone cannot be stored"
        raise BadInput(message) from None


_ITEMS: Final[Sequence[tuple[type[TypeEngine[Any]], str, Callable[[Any], bytes]]]] = (
    (Text, "text", str.encode),
    (Instant, "int8", _instant),
    (LargeBinary, "bytea", bytes),
)
