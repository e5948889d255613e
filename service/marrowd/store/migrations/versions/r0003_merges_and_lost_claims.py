"""Remember merged patient records and claims without outcome; find pending reports by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Older code works on as before: it follows no merges and never sets an event aside for its claims.
OLDEST_USABLE = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two columns and two indexes that are as small as what they are about."""
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
    is_pending = sa.text("verdict = 'report_pending'")
    op.create_index(
        "patient_pending",
        "patient",
        ["source", "patient"],
        sqlite_where=is_pending,
        postgresql_where=is_pending,
    )
