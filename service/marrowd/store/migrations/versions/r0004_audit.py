"""Create the audit record: rows are added and, when they are old enough, deleted; never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Older code works on as before; what it shows is missing from the record, so a rolling upgrade
# leaves a gap as long as the upgrade takes.
OLDEST_USABLE = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_REFUSAL = "the audit record is append-only"


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=False)


def upgrade() -> None:
    """Create the table, its index by time, and what refuses to change a row."""
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit",
        sa.Column("id", serial, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(_key(name) for name in ("kind", "source", "patient", "card", "verdict")),
        *(_key(name) for name in ("service", "user_id", "issuer", "destination", "message")),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_at", "audit", ["at", "id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION marrowd_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION marrowd_audit_append_only()"
    )
