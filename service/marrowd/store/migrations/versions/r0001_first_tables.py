"""Create inbox, patient, evidence, outbox, cursor and the row that guards the schema itself."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

OLDEST_USABLE = "0001"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _partial_index(name: str, table: str, columns: list[str], present: str) -> None:
    where = sa.text(f"{present} IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Create everything."""
    _create_inbox()
    _create_patient_and_evidence()
    _create_outbox()
    op.create_table(
        "cursor",
        _key("source"),
        _key("name"),
        _key("value"),
        sa.PrimaryKeyConstraint("source", "name", name="cursor_pk"),
    )
    op.create_table(
        "schema_use",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        _key("oldest_usable"),
        sa.Column("pulse", sa.BigInteger(), nullable=False),
    )
    op.execute("INSERT INTO schema_use (id, oldest_usable, pulse) VALUES (1, '0001', 0)")


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _SERIAL, primary_key=True),
        *(_key(name) for name in ("source", "key", "kind", "ref", "state")),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("received_at", nullable=False),
        _instant("due_at"),
        _instant("settled_at"),
        *(_key(name) for name in ("worker", "reason", "detail")),
        sa.Column("payload", sa.LargeBinary()),
        sa.UniqueConstraint("source", "key", name="inbox_key"),
        sqlite_autoincrement=True,
    )
    _partial_index("inbox_due", "inbox", ["due_at", "id", "state", "received_at"], "due_at")
    _partial_index("inbox_settled", "inbox", ["state", "settled_at"], "settled_at")


def _create_patient_and_evidence() -> None:
    op.create_table(
        "patient",
        *(_key(name) for name in ("source", "patient", "verdict")),
        _key("card", nullable=True),
        _key("posted_card", nullable=True),
        _instant("recheck_at"),
        _key("rules"),
        _key("sequences"),
        _instant("decided_at"),
        sa.PrimaryKeyConstraint("source", "patient", name="patient_pk"),
    )
    _partial_index("patient_recheck", "patient", ["recheck_at"], "recheck_at")
    op.create_table(
        "evidence",
        *(_key(name) for name in ("source", "ref", "patient")),
        _key("report_rules", nullable=True),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ref", name="evidence_pk"),
        sa.ForeignKeyConstraint(
            ["source", "patient"],
            ["patient.source", "patient.patient"],
            name="evidence_patient_fk",
        ),
    )
    op.create_index("evidence_patient", "evidence", ["source", "patient"])
    _partial_index(
        "evidence_reports", "evidence", ["source", "ref", "report_rules"], "report_rules"
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        *(_key(name) for name in ("id", "source", "patient", "destination")),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        _key("state"),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("created_at", nullable=False),
        _instant("event_received_at"),
        _instant("due_at"),
        _instant("settled_at"),
        *(_key(name) for name in ("worker", "reason")),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_pk"),
        sa.UniqueConstraint("destination", "source", "patient", "sequence", name="outbox_sequence"),
        sa.ForeignKeyConstraint(
            ["source", "patient"], ["patient.source", "patient.patient"], name="outbox_patient_fk"
        ),
    )
    _partial_index("outbox_due", "outbox", ["destination", "due_at", "created_at"], "due_at")
    _partial_index("outbox_settled", "outbox", ["state", "settled_at"], "settled_at")
