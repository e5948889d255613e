"""INSERT ... ON CONFLICT, the one statement the databases spell through different classes."""

from typing import TYPE_CHECKING, TypeAlias, Union

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:  # the import costs 30 ms at start, and SQLite never needs it
    from sqlalchemy.dialects import postgresql

Insert: TypeAlias = Union[sqlite.Insert, "postgresql.Insert"]


def insert_into(connection: Connection, table: Table) -> Insert:
    """Begin an INSERT that may say what to do on conflict."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Insert:
    """Do the same for a statement that is built once and kept: building costs more than running."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - see above

    return postgresql.insert(table)
