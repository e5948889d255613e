"""What is remembered of destinations: which are stopped; and what waits for one, moved together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, delete, select, update

from marrowd.store.database import OverDatabase
from marrowd.store.dialect import insert_into
from marrowd.store.messages import MessageState
from marrowd.store.schema import cursor, outbox

_STOPPED = ":stopped"  # in the place of a source; no source is named so


class SqlDestinations(OverDatabase):
    """`Destinations` over SQL."""

    async def stop_destination(self, name: str, *, mark: str) -> None:
        """Remember that *name* wants nothing more; *mark* says as whom it was asked."""
        await self._database.write(partial(_stop, name=name, mark=mark))

    async def resume_destinations(self, names: Sequence[str]) -> int:
        """Forget that *names* were stopped; say how many were."""
        statement = delete(cursor).where(cursor.c.source == _STOPPED, cursor.c.name.in_(names))
        return await self._database.change(statement)

    async def stopped_destinations(self) -> Mapping[str, str]:
        """Give the marks of those stopped, by name."""
        statement = select(cursor.c.name, cursor.c.value).where(cursor.c.source == _STOPPED)
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return {row.name: row.value for row in rows}

    async def bring_forward(self, destination: str, *, now: datetime) -> int:
        """Make due what waits for its next try: the destination is back. Say how many."""
        statement = (
            update(outbox)
            .where(
                outbox.c.destination == destination,
                outbox.c.due_at > now,
                outbox.c.state == MessageState.READY,
            )
            .values(due_at=now)
        )
        return await self._database.change(statement)

    async def set_aside(self, destination: str, *, now: datetime, reason: str) -> int:
        """Park all that waits for *destination*, what is under way included; say how many."""
        statement = (
            update(outbox)
            .where(outbox.c.destination == destination, outbox.c.due_at.is_not(None))
            .values(
                state=MessageState.PARKED,
                fence=outbox.c.fence + 1,
                due_at=None,
                settled_at=now,
                worker="",
                reason=reason,
            )
        )
        return await self._database.change(statement)


def _stop(connection: Connection, name: str, mark: str) -> None:
    statement = (
        insert_into(connection, cursor)
        .values(source=_STOPPED, name=name, value=mark)
        .on_conflict_do_update(
            index_elements=[cursor.c.source, cursor.c.name], set_={"value": mark}
        )
    )
    connection.execute(statement)
