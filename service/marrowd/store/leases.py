"""
Leases: who may still write the outcome of a row that was claimed, in the inbox and in the outbox.

Every claim raises a row's `fence`; an outcome counts only while the row is running under the fence
that its claim was given. A worker that was paused past its lease writes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Table, Update, bindparam, select, tuple_, update

_RUNNING = "running"  # in either queue


class Leased(Protocol):
    """What was claimed: an event or a message."""

    @property
    def id(self) -> int | str:
        """The row's."""
        ...

    @property
    def fence(self) -> int:
        """The row's, as the claim left it."""
        ...


L = TypeVar("L", bound=Leased)


class Leases:
    """The leases of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._is_ours = (
            (table.c.id == bindparam("leased_id"))
            & (table.c.fence == bindparam("leased_fence"))
            & (table.c.state == _RUNNING)
        )
        self._held = (
            select(table.c.id, table.c.fence)
            .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.state == _RUNNING)
            .order_by(table.c.id)
            .with_for_update()
        )

    def outcome(self) -> Update:
        """Begin a statement for `settle`."""
        return update(self._table).where(self._is_ours)

    def settle(
        self, statement: Update, leased: Leased, connection: Connection, **values: object
    ) -> bool:
        """Write one outcome; False when the lease was lost."""
        values |= {"leased_id": leased.id, "leased_fence": leased.fence}
        return connection.execute(statement, values).rowcount == 1

    def held(self, connection: Connection, leased: Sequence[Leased]) -> set[tuple[int | str, int]]:
        """
        Lock the rows, sorted; give (id, fence) of those whose lease is still held.

        Whoever writes several rows locks them so: one statement alone takes them as they lie on
        disk.
        """
        if not leased:
            return set()
        asked = {(one.id, one.fence) for one in leased}
        rows = connection.execute(self._held, {"ids": sorted({one.id for one in leased})})
        return asked & {(row.id, row.fence) for row in rows}

    def sorted_out(
        self, connection: Connection, calls: Sequence[tuple[L, datetime]]
    ) -> tuple[list[bool], list[tuple[L, datetime]]]:
        """Say of each call whether its lease is held, and give those; of two for one row, one."""
        ours = self.held(connection, [leased for leased, _ in calls])
        outcomes, kept = [], []
        for leased, now in calls:
            outcomes.append((leased.id, leased.fence) in ours)
            if outcomes[-1]:
                ours.remove((leased.id, leased.fence))
                kept.append((leased, now))
        return outcomes, kept

    def of(self, leased: Sequence[Leased]) -> Update:
        """Begin a statement on those of *leased* whose lease is still held."""
        table = self._table
        return update(table).where(
            table.c.id.in_([one.id for one in leased]),  # the pair alone would use no index
            tuple_(table.c.id, table.c.fence).in_([(one.id, one.fence) for one in leased]),
            table.c.state == _RUNNING,
        )
