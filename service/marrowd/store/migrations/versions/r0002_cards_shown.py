"""Create what hooks remember: cards shown, feedback, quieted cards, tokens; number decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

OLDEST_USABLE = "0002"  # older code would not number its decisions, which hooks go by

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Create everything."""
    op.add_column(
        "patient", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0")
    )
    where = sa.text("card IS NOT NULL")
    op.create_index("patient_card", "patient", ["card"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "card_shown",
        *(_key(name) for name in ("card", "source", "verdict", "indicator")),
        *(_number(name) for name in ("first_at", "last_at", "times")),
        sa.PrimaryKeyConstraint("card", name="card_shown_pk"),
    )
    op.create_table(
        "card_feedback",
        *(_key(name) for name in ("card", "outcome")),
        _number("at"),
        _key("reason"),
        _number("received_at"),
        sa.PrimaryKeyConstraint("card", "outcome", "at", name="card_feedback_pk"),
    )
    op.create_table(
        "card_quiet",
        _key("card"),
        _number("until"),
        sa.PrimaryKeyConstraint("card", name="card_quiet_pk"),
    )
    op.create_table(
        "seen_token",
        *(_key(name) for name in ("issuer", "jti")),
        _number("until"),
        sa.PrimaryKeyConstraint("issuer", "jti", name="seen_token_pk"),
    )
    op.create_index("seen_token_until", "seen_token", ["until"])
