"""
An INSERT of many rows, as each database takes them most cheaply.

SQLite is given row after row. PostgreSQL is given an array for each column, so that the statement
is the same text however many rows there are: a text with a placeholder for each value is another
one for each count of rows, which the driver reads through and the server plans every time. That
took two thirds of the time of an INSERT.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.types import TypeEngine

from marrowd.store.dialect import Insert, insert_for

_NO_CONSTANTS: Mapping[str, str | int] = {}


class _Bytes(LargeBinary):
    """Bytes as they are: wrapped in what DB-API calls Binary they take the driver's slow way."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave them alone."""


def insert_many(
    dialect: str,
    table: Table,
    names: Sequence[str],
    *,
    constants: Mapping[str, str | int] = _NO_CONSTANTS,
) -> Insert:
    """
    Begin an INSERT of many rows; it is run with what `given` makes of them.

    Args:
        dialect: of the database.
        table: where they go.
        names: the columns that rows give.
        constants: what is the same in all of them, by column; words and numbers of ours.
    """
    statement = insert_for(dialect, table)
    fixed = {name: _literal(value) for name, value in constants.items()}
    if dialect == "sqlite":
        return statement.values(fixed) if fixed else statement
    from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - as in `dialect`

    kinds = {name: _kind(table.c[name]) for name in names}
    rows = (
        func.unnest(*(bindparam(_array(name), type_=ARRAY(kind)) for name, kind in kinds.items()))
        .table_valued(*(column(name, kind) for name, kind in kinds.items()))
        .render_derived()
    )
    chosen = select(*rows.c, *fixed.values())
    return statement.from_select([*names, *fixed], chosen, include_defaults=False)


def given(
    connection: Connection, rows: Sequence[Mapping[str, object]]
) -> Sequence[Mapping[str, object]] | Mapping[str, object]:
    """Give *rows*, of which there is at least one, as a statement of `insert_many` takes them."""
    if connection.dialect.name == "sqlite":
        return rows
    return {_array(name): [row[name] for row in rows] for name in rows[0]}


def _array(name: str) -> str:
    return f"all_of_{name}"  # the bare names of its columns SQLAlchemy keeps to itself


def _kind(of: Column[Any]) -> TypeEngine[Any]:
    if isinstance(of.type, LargeBinary):
        return _Bytes()
    return Text() if isinstance(of.type, Text) else of.type  # no array has a collation


def _literal(value: str | int) -> ColumnElement[object]:
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value))
