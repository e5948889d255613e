"""Remember which patient records were merged into others, and claims that came to no outcome."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Older code works on as before: it follows no merges and never sets an event aside for its claims.
OLDEST_USABLE = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two columns and an index that is as small as there are merges."""
    op.add_column("inbox", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("evidence", sa.Column("merged_into", _KEY))
    where = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "evidence_merged",
        "evidence",
        ["source", "merged_into", "patient"],
        sqlite_where=where,
        postgresql_where=where,
    )
