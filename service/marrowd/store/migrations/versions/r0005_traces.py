"""Carry a trace over both hops: the W3C traceparent of whoever put a row into inbox or outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# Older code works on as before; traces of what passes through it end there.
OLDEST_USABLE = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a column without a default to both tables: neither database rewrites a row for it."""
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("trace", _KEY))
