"""
Bring a database to the schema this code is written for, and say which one it has.

Alembic is imported only when something is to be migrated: a service that starts on an up-to-date
schema reads one table and goes on.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from marrowd.errors import BadConfiguration
from marrowd.store.engine import Engines, connect, translated
from marrowd.store.schema import SCHEMA

# Any number will do as long as nobody else uses it: two replicas must not migrate at once.
_ADVISORY_LOCK = 0x6D6172726F77
_BY = " by "  # "0002 by 0005": the oldest schema whose code may go on, and the schema that says so
_MEND = "run `marrowd db upgrade`"


def upgrade(url: str) -> str:
    """Apply what is missing, in one transaction; give the revision the database has then."""
    engines = connect(url, connections=1)
    try:
        return upgrade_with(engines)
    finally:
        engines.dispose()


def current(url: str) -> str | None:
    """Give the revision of the database at *url*, or None when it has no schema yet."""
    engines = connect(url, connections=1)
    try:
        with translated(), engines.write.begin() as connection:
            return revision_of(connection)
    finally:
        engines.dispose()


def upgrade_with(engines: Engines) -> str:
    """Do the work of `upgrade` over connections that are already there."""
    with translated(), engines.write.begin() as connection:
        if not engines.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": _ADVISORY_LOCK})
        found = revision_of(connection)
        if found is not None and found > SCHEMA:
            return found  # a newer version was here: going back is a restore, not a migration
        _run(connection)
        return SCHEMA


def revision_of(connection: Connection) -> str | None:
    """Read the schema's revision without Alembic."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_usable(connection: Connection) -> None:
    """
    Refuse a schema that this code cannot work with.

    Raises:
        BadConfiguration: the schema is older than needed, or so new that its migration did not
            declare this version usable.
    """
    found = revision_of(connection)
    if found is None:
        message = f"the store has no schema: {_MEND}"
        raise BadConfiguration(message)
    if found < SCHEMA:
        message = f"the store has schema {found}, this version needs {SCHEMA}: {_MEND}"
        raise BadConfiguration(message)
    if found > SCHEMA:
        declared = connection.execute(text("SELECT oldest_usable FROM schema_use")).scalar() or ""
        oldest, _, declarer = declared.partition(_BY)
        # A declaration that an older migration left says nothing of what came after it.
        if declarer != found or oldest > SCHEMA:
            message = (
                f"the store has schema {found}, which this version (schema {SCHEMA}) cannot use: "
                "run the newer version of marrowd"
            )
            raise BadConfiguration(message)


def _run(connection: Connection) -> None:
    # Imported here because it takes longer than the rest of the start-up together.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext, MigrationInfo, RevisionStep  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)

    def declare(
        ctx: MigrationContext,  # noqa: ARG001 - Alembic passes all by name
        step: MigrationInfo,
        heads: Collection[object],  # noqa: ARG001
        run_args: Mapping[str, object],  # noqa: ARG001
    ) -> None:
        module = script.get_revision(step.up_revision_id or "head").module
        connection.execute(
            text("UPDATE schema_use SET oldest_usable = :declared"),
            {"declared": f"{module.OLDEST_USABLE}{_BY}{module.revision}"},
        )

    def steps(revision: str, _context: MigrationContext) -> list[RevisionStep]:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what Alembic's command does

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(
            connection=connection, transactional_ddl=True, on_version_apply=declare
        )
        environment.run_migrations()
