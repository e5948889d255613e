"""Counts the statements that SQLAlchemy sends while a block runs, or that SQLite gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, Pool, event


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give the statements sent so far, savepoints left out."""
    seen: list[str] = []

    def see(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a piece of work took of SQLite."""

    statements: int
    commits: int

    def is_within(self, ceiling: "Spent") -> bool:
        """Say whether neither is more than *ceiling* has."""
        return self.statements <= ceiling.statements and self.commits <= ceiling.commits


class Trace:
    """Everything that SQLite runs, by whichever way it comes."""

    def __init__(self) -> None:
        self._seen: list[str] = []

    def see(self, statement: str) -> None:
        """Note one statement."""
        self._seen.append(statement)

    def spent(self) -> Spent:
        """Give what was run since this was asked before."""
        seen, self._seen[:] = list(self._seen), []
        own = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "--")
        return Spent(
            statements=sum(not statement.startswith(own) for statement in seen),
            commits=sum(statement.startswith("COMMIT") for statement in seen),
        )


@contextmanager
def traced() -> Iterator[Trace]:
    """Trace the connections that are opened while the block lasts."""
    trace = Trace()

    def connected(connection, _entry) -> None:
        connection.set_trace_callback(trace.see)

    event.listen(Pool, "connect", connected)
    try:
        yield trace
    finally:
        event.remove(Pool, "connect", connected)
