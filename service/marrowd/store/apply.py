"""
The one transaction the service turns on: facts, verdict, outbox and the event's end, or nothing.

On PostgreSQL it locks in one order, so that two replicas may wait for each other but never in a
circle: the event's row, then the resources written (as numbered advisory locks, since a row that
is not there yet cannot be locked), then the patients' rows, each kind sorted. With the resources
locked nobody else can move them, so the patients to lock are known; with the patients locked their
facts stand still while `decide` looks at them. On SQLite the transaction itself is the lock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zlib import crc32

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from marrowd.core.facts import Fact, newest
from marrowd.store.dialect import Insert, insert_for
from marrowd.store.inbox import finish_event
from marrowd.store.protocols import (
    Applied,
    Decide,
    Event,
    MessageState,
    PatientChange,
    PatientState,
)
from marrowd.store.schema import outbox, patient
from marrowd.store.stored import batches, facts_of_patients, replaces, save, versions_of

# A fixed number of locks, however many resources an event holds: PostgreSQL's lock table is small.
# Two resources that share one only wait for each other a little.
_RESOURCE_LOCKS = 1_024
_LOCK_SPACE = 0x6D72  # keeps our numbers apart from other users of advisory locks

_LOCK_RESOURCES = text(
    "SELECT count(pg_advisory_xact_lock(:space, number))"
    " FROM unnest(CAST(:numbers AS integer[])) AS number"
)
_SELECT_PATIENTS = (
    select(patient.c.patient, patient.c.posted_card, patient.c.sequences)
    .where(
        patient.c.source == bindparam("source"),
        patient.c.patient.in_(bindparam("patients", expanding=True)),
    )
    .order_by(patient.c.patient)
    .with_for_update()
)
_INSERT_MESSAGES = insert(outbox)
_UPDATE_PATIENT = (
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


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `Evidence.apply`."""

    source: str
    facts: tuple[Fact, ...]
    decide: Decide
    now: datetime
    event: Event | None
    patients: tuple[str, ...]


def apply_in(connection: Connection, request: Request) -> Applied:
    """Do what `Evidence.apply` promises, in the transaction of *connection*."""
    if request.event is not None and not finish_event(connection, request.event, request.now):
        return Applied(changes={}, newer=0, is_finished=False)
    arriving = newest(request.facts)
    _lock_resources(connection, request.source, arriving)
    stored = versions_of(connection, request.source, [fact.ref for fact in arriving])
    newer = [
        fact for fact in arriving if fact.ref not in stored or replaces(fact, stored[fact.ref])
    ]
    touched = {fact.patient for fact in newer} | set(request.patients)
    touched |= {stored[fact.ref].patient for fact in newer if fact.ref in stored}
    changes = _change(connection, request, newer, sorted(touched)) if touched else {}
    return Applied(changes=changes, newer=len(newer), is_finished=True)


def _change(
    connection: Connection, request: Request, newer: Sequence[Fact], touched: Sequence[str]
) -> Mapping[str, PatientChange]:
    rows = _lock_patients(connection, request.source, touched)
    save(connection, request.source, newer)
    facts = facts_of_patients(connection, request.source, touched)
    states = [
        PatientState(
            source=request.source,
            patient=name,
            facts=facts.get(name, ()),
            posted_card=rows[name].posted_card,
            last_sequence=json.loads(rows[name].sequences),
        )
        for name in touched
    ]
    changes = {state.patient: request.decide(state) for state in states}
    connection.execute(
        _UPDATE_PATIENT,
        [_patient_values(state, changes[state.patient], request.now) for state in states],
    )
    messages = [
        values
        for name, change in changes.items()
        for values in _message_values(request, name, change)
    ]
    if messages:
        connection.execute(_INSERT_MESSAGES, messages)
    return changes


def _lock_resources(connection: Connection, source: str, facts: Sequence[Fact]) -> None:
    if connection.dialect.name == "sqlite" or not facts:
        return
    numbers = sorted({crc32(f"{source}/{fact.ref}".encode()) % _RESOURCE_LOCKS for fact in facts})
    connection.execute(_LOCK_RESOURCES, {"space": _LOCK_SPACE, "numbers": numbers})


def _lock_patients(
    connection: Connection, source: str, patients: Sequence[str]
) -> Mapping[str, Row[tuple[object, ...]]]:
    """Lock the rows of *patients* (sorted), made first where there is none, and give them."""
    blank = {"source": source, "verdict": "", "rules": "", "sequences": "{}"}
    connection.execute(
        _insert_patient(connection.dialect.name),
        [blank | {"patient": name} for name in patients],
    )
    rows: dict[str, Row[tuple[object, ...]]] = {}
    for some in batches(patients):
        found = connection.execute(_SELECT_PATIENTS, {"source": source, "patients": some})
        rows |= {row.patient: row for row in found}
    return rows


@cache
def _insert_patient(dialect: str) -> Insert:
    return insert_for(dialect, patient).on_conflict_do_nothing(
        index_elements=[patient.c.source, patient.c.patient]
    )


def _patient_values(state: PatientState, change: PatientChange, now: datetime) -> dict[str, object]:
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


def _message_values(request: Request, name: str, change: PatientChange) -> list[dict[str, object]]:
    return [
        {
            "id": message.id,
            "source": request.source,
            "patient": name,
            "destination": message.destination,
            "sequence": message.sequence,
            "state": MessageState.READY,
            "fence": 0,
            "attempts": 0,
            "created_at": request.now,
            "event_received_at": message.event_received_at,
            "due_at": request.now,
            "settled_at": None,
            "worker": "",
            "reason": "",
            "body": message.body,
        }
        for message in change.messages
    ]
