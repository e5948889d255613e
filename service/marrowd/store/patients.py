"""Rows of patients: made where there are none, locked, and written with what was decided."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.sql.dml import ReturningInsert

from marrowd.store.many import given, insert_many
from marrowd.store.protocols import PatientChange, PatientState
from marrowd.store.schema import patient
from marrowd.store.stored import batches

_SELECT = (
    select(patient.c.patient, patient.c.posted_card, patient.c.sequences)
    .where(
        patient.c.source == bindparam("source"),
        patient.c.patient.in_(bindparam("patients", expanding=True)),
    )
    .order_by(patient.c.patient)
    .with_for_update()
)
_DELETE = delete(patient).where(
    patient.c.source == bindparam("source"),
    patient.c.patient.in_(bindparam("patients", expanding=True)),
)
_UPDATE = (
    update(patient)
    .where(patient.c.source == bindparam("of_source"), patient.c.patient == bindparam("of_patient"))
    .values(
        verdict=bindparam("new_verdict"),
        card=bindparam("new_card"),
        posted_card=bindparam("new_posted_card"),
        recheck_at=bindparam("new_recheck_at"),
        rules=bindparam("new_rules"),
        sequences=bindparam("new_sequences"),
        decided_at=bindparam("now"),
        revision=patient.c.revision + 1,
    )
)


def add_patients(connection: Connection, source: str, patients: Sequence[str]) -> set[str]:
    """Make the rows of *patients* (sorted) where there are none, and give whose were made."""
    if not patients:
        return set()
    rows = [{"source": source, "patient": name} for name in patients]
    statement = _insert(connection.dialect.name)
    return set(connection.scalars(statement, given(connection, rows)))


def locked_patients(
    connection: Connection, source: str, patients: Sequence[str]
) -> Mapping[str, Row[tuple[object, ...]]]:
    """Lock the rows of *patients* (sorted) and give them."""
    rows: dict[str, Row[tuple[object, ...]]] = {}
    for some in batches(patients):
        found = connection.execute(_SELECT, {"source": source, "patients": some})
        rows |= {row.patient: row for row in found}
    return rows


def drop_patients(connection: Connection, source: str, patients: Sequence[str]) -> None:
    """Take back rows that were made to be locked, of patients who could not be decided on."""
    for some in batches(patients):
        connection.execute(_DELETE, {"source": source, "patients": some})


def save_patients(
    connection: Connection, decided: Sequence[tuple[PatientState, PatientChange, datetime]]
) -> None:
    """Write what was decided, and when."""
    if decided:
        connection.execute(_UPDATE, [_values(*each) for each in decided])


def _values(state: PatientState, change: PatientChange, now: datetime) -> dict[str, object]:
    sequences = dict(state.last_sequence)
    for message in change.messages:
        last = sequences.get(message.destination, message.sequence)
        sequences[message.destination] = max(last, message.sequence)
    return {
        "of_source": state.source,
        "of_patient": state.patient,
        "new_verdict": change.verdict,
        "new_card": change.card,
        "new_posted_card": change.posted_card,
        "new_recheck_at": change.recheck_at,
        "new_rules": change.rules,
        "new_sequences": json.dumps(sequences, sort_keys=True),
        "now": now,
    }


@cache
def _insert(dialect: str) -> ReturningInsert[tuple[str]]:
    return (
        insert_many(
            dialect,
            patient,
            ("source", "patient"),
            constants={"verdict": "", "rules": "", "sequences": "{}"},
        )
        .on_conflict_do_nothing(index_elements=[patient.c.source, patient.c.patient])
        .returning(patient.c.patient)
    )
