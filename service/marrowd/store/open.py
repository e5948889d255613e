"""The store as the rest of the service holds it: `open_store(url)`, then `open()` connects."""

from collections.abc import Callable

from sqlalchemy import Connection, update

from marrowd.store.audit import SqlAudit
from marrowd.store.database import Database
from marrowd.store.destinations import SqlDestinations
from marrowd.store.engine import translated
from marrowd.store.evidence import SqlEvidence
from marrowd.store.feedback import SqlFeedback
from marrowd.store.forgetting import SqlForgetting
from marrowd.store.inbox import SqlInbox
from marrowd.store.lanes import Run
from marrowd.store.migrate import require_usable, revision_of, upgrade_with
from marrowd.store.outbox import SqlOutbox
from marrowd.store.protocols import Store
from marrowd.store.replay import SqlReplays
from marrowd.store.schema import schema_use

_PULSE = update(schema_use).values(pulse=schema_use.c.pulse + 1)


class SqlStore(
    SqlInbox,
    SqlEvidence,
    SqlOutbox,
    SqlReplays,
    SqlDestinations,
    SqlFeedback,
    SqlForgetting,
    SqlAudit,
):
    """`Store` over one SQLite file or one PostgreSQL database."""

    async def open(self) -> None:
        """
        Connect; make the tables of a SQLite file that is new; refuse a schema of another version.

        Raises:
            BadConfiguration: the schema is not usable; the message says what mends it.
            StoreUnavailable: the database is out of reach.
        """
        if self._database.engines.is_sqlite:
            await self._database.on_writer(self._create_if_empty)
        await self._database.read(require_usable)

    def _create_if_empty(self) -> None:
        engines = self._database.engines
        with translated(), engines.write.begin() as connection:
            is_empty = revision_of(connection) is None
        if is_empty:
            upgrade_with(engines)

    async def close(self) -> None:
        """Finish what was begun and let connections go."""
        await self.drain()
        await self._database.close()

    async def ping(self) -> None:
        """Prove that the database can be read and written."""
        await self._database.write(_pulse)


def _pulse(connection: Connection) -> None:
    connection.execute(_PULSE)


def open_store(
    url: str, *, run: Run | None = None, login_of: Callable[[], str] | None = None
) -> Store:
    """
    Give the store at *url*; nothing is connected before its `open()`.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:pw@host/db`.
        run: puts database work on threads; the default has threads of its own. A simulation
            passes one that does the work on the spot.
        login_of: gives *url* with the user and password that the next connection to PostgreSQL
            logs in with; the default is as *url* has them.

    Raises:
        BadConfiguration: *url* names no database this store knows.
    """
    return SqlStore(Database(url, run=run, login_of=login_of))
