"""
The tables, as SQLAlchemy Core sees them; migrations create them and a test holds the two together.

Three habits serve claims that stay cheap however many rows are done:

- `due_at` is when a row may next be claimed: the time it becomes ready, or the time its lease runs
  out. It is NULL once a row is settled (done, taken, parked), so one partial index finds all work.
- `settled_at` is NULL until then; retention and listings use its partial index.
- Big columns come last, so that SQLite need not walk through them to read the small ones.

Times are microseconds since 1970 in UTC: one type in both databases, exact, and cheap to compare.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

SCHEMA = "0005"
"""The revision this code is written for; revisions are numbered and compare as text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Give the stored number; a naive time raises TypeError, before anything is written."""
        return None if value is None else stored_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back the time in UTC."""
        return instant_of(value)


def stored_of(instant: datetime) -> int:
    """Give the number that stands for *instant*."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(stored: int | None) -> datetime | None:
    """Give the time that a stored number means."""
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


# Collation "C" orders by bytes, which for UTF-8 is code-point order: what Python and SQLite do.
Key = Text().with_variant(Text(collation="C"), "postgresql")
Serial = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER is SQLite's own row number

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("source", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("ref", Key, nullable=False),
    Column("state", Key, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("settled_at", Instant),
    Column("worker", Key, nullable=False),
    Column("reason", Key, nullable=False),
    Column("detail", Key, nullable=False),
    Column("payload", LargeBinary),
    Column("lost", Integer, nullable=False, server_default="0"),  # claims since the last outcome
    Column("trace", Key),  # W3C traceparent of what brought it; NULL while traces are off
    UniqueConstraint("source", "key", name="inbox_key"),
    # Numbers of purged events must not come back: an operator may hold one, and so may a worker.
    sqlite_autoincrement=True,
)
# State and arrival ride along so that depth and age are answered from the index alone.
Index(
    "inbox_due",
    inbox.c.due_at,
    inbox.c.id,
    inbox.c.state,
    inbox.c.received_at,
    sqlite_where=inbox.c.due_at.is_not(None),
    postgresql_where=inbox.c.due_at.is_not(None),
)
Index(
    "inbox_settled",
    inbox.c.state,
    inbox.c.settled_at,
    sqlite_where=inbox.c.settled_at.is_not(None),
    postgresql_where=inbox.c.settled_at.is_not(None),
)

patient = Table(
    "patient",
    metadata,
    Column("source", Key, nullable=False),
    Column("patient", Key, nullable=False),
    Column("verdict", Key, nullable=False),
    Column("card", Key),
    Column("posted_card", Key),
    Column("recheck_at", Instant),
    Column("rules", Key, nullable=False),
    Column("sequences", Key, nullable=False),  # JSON object: destination -> last sequence
    Column("decided_at", Instant),
    Column("revision", BigInteger, nullable=False, server_default="0"),  # rises with each decision
    PrimaryKeyConstraint("source", "patient", name="patient_pk"),
)
Index(
    "patient_recheck",
    patient.c.recheck_at,
    sqlite_where=patient.c.recheck_at.is_not(None),
    postgresql_where=patient.c.recheck_at.is_not(None),
)
# Whose report is still to come: few, and looked at again by every sweep.
_IS_PENDING = text("verdict = 'report_pending'")
Index(
    "patient_pending",
    patient.c.source,
    patient.c.patient,
    sqlite_where=_IS_PENDING,
    postgresql_where=_IS_PENDING,
)
Index(
    "patient_card",
    patient.c.card,
    sqlite_where=patient.c.card.is_not(None),
    postgresql_where=patient.c.card.is_not(None),
)

evidence = Table(
    "evidence",
    metadata,
    Column("source", Key, nullable=False),
    Column("ref", Key, nullable=False),
    Column("patient", Key, nullable=False),
    Column("report_rules", Key),  # the rules that read it, where there was report text to read
    Column("fact", LargeBinary, nullable=False),  # JSON, see codec.py
    Column("merged_into", Key),  # of a Patient: the patient that stands for it
    PrimaryKeyConstraint("source", "ref", name="evidence_pk"),
    ForeignKeyConstraint(
        ["source", "patient"], ["patient.source", "patient.patient"], name="evidence_patient_fk"
    ),
)
Index("evidence_patient", evidence.c.source, evidence.c.patient)
Index(
    "evidence_reports",
    evidence.c.source,
    evidence.c.ref,
    evidence.c.report_rules,
    sqlite_where=evidence.c.report_rules.is_not(None),
    postgresql_where=evidence.c.report_rules.is_not(None),
)

Index(
    "evidence_merged",
    evidence.c.source,
    evidence.c.merged_into,
    evidence.c.patient,
    sqlite_where=evidence.c.merged_into.is_not(None),
    postgresql_where=evidence.c.merged_into.is_not(None),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, nullable=False),  # the idempotency key
    Column("source", Key, nullable=False),
    Column("patient", Key, nullable=False),
    Column("destination", Key, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("state", Key, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("event_received_at", Instant),
    Column("due_at", Instant),
    Column("settled_at", Instant),
    Column("worker", Key, nullable=False),
    Column("reason", Key, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("trace", Key),  # W3C traceparent of what decided it
    PrimaryKeyConstraint("id", name="outbox_pk"),
    UniqueConstraint("destination", "source", "patient", "sequence", name="outbox_sequence"),
    ForeignKeyConstraint(
        ["source", "patient"], ["patient.source", "patient.patient"], name="outbox_patient_fk"
    ),
)
Index(
    "outbox_due",
    outbox.c.destination,
    outbox.c.due_at,
    outbox.c.created_at,
    sqlite_where=outbox.c.due_at.is_not(None),
    postgresql_where=outbox.c.due_at.is_not(None),
)
Index(
    "outbox_settled",
    outbox.c.state,
    outbox.c.settled_at,
    sqlite_where=outbox.c.settled_at.is_not(None),
    postgresql_where=outbox.c.settled_at.is_not(None),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("value", Key, nullable=False),
    PrimaryKeyConstraint("source", "name", name="cursor_pk"),
)

# What hooks have shown, without the patient: a card's id is all that feedback names.
card_shown = Table(
    "card_shown",
    metadata,
    Column("card", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("verdict", Key, nullable=False),
    Column("indicator", Key, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", BigInteger, nullable=False),
    PrimaryKeyConstraint("card", name="card_shown_pk"),
)

card_feedback = Table(
    "card_feedback",
    metadata,
    Column("card", Key, nullable=False),
    Column("outcome", Key, nullable=False),
    Column("at", Instant, nullable=False),  # as the EHR says
    Column("reason", Key, nullable=False),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("card", "outcome", "at", name="card_feedback_pk"),
)

card_quiet = Table(
    "card_quiet",
    metadata,
    Column("card", Key, nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("card", name="card_quiet_pk"),
)

# Tokens of calls that were let in, so that none is let in twice.
seen_token = Table(
    "seen_token",
    metadata,
    Column("issuer", Key, nullable=False),
    Column("jti", Key, nullable=False),
    Column("until", Instant, nullable=False),  # the token itself is no good after this
    PrimaryKeyConstraint("issuer", "jti", name="seen_token_pk"),
)
Index("seen_token_until", seen_token.c.until)

# Who was given which patient's card, when and how; a trigger refuses to change a row.
audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("patient", Key, nullable=False),
    Column("card", Key, nullable=False),
    Column("verdict", Key, nullable=False),
    Column("service", Key, nullable=False),
    Column("user_id", Key, nullable=False),
    Column("issuer", Key, nullable=False),
    Column("destination", Key, nullable=False),
    Column("message", Key, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice
)
Index("audit_at", audit.c.at, audit.c.id)

# One row: what the newest migration said about older code, and what `ping` writes to.
schema_use = Table(
    "schema_use",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest_usable", Key, nullable=False),
    Column("pulse", BigInteger, nullable=False),
)
