"""
The one transaction the service turns on: facts, verdict, outbox and the event's end, or nothing.

On PostgreSQL it locks in one order, so that two replicas may wait for each other but never in a
circle: the event's row, then who was merged with whom (shared, and alone only when a Patient is
written), then the resources written (as numbered advisory locks, since a row that is not there yet
cannot be locked), then the patients' rows, each kind sorted. With the merges and the resources
locked nobody else can move them, so the patients to lock are known; with the patients locked their
facts stand still while `decide` looks at them. On SQLite the transaction itself is the lock.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from zlib import crc32

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from marrowd.core.facts import Fact, newest
from marrowd.core.merging import groups, survivor
from marrowd.store.dialect import Insert, insert_for
from marrowd.store.inbox import finish_event
from marrowd.store.merges import links_of
from marrowd.store.protocols import (
    Applied,
    Decide,
    Event,
    MessageState,
    PatientChange,
    PatientState,
)
from marrowd.store.schema import outbox, patient
from marrowd.store.stored import as_of, batches, facts_of_patients, replaces, save, versions_of

# A fixed number of locks, however many resources an event holds: PostgreSQL's lock table is small.
# Two resources that share one only wait for each other a little.
_RESOURCE_LOCKS = 1_024
_LOCK_SPACE = 0x6D72  # keeps our numbers apart from other users of advisory locks
_MERGE_SPACE = 0x6D73
NOBODY = ""  # whose facts are that name no patient: deletions of what was never stored

_LOCK_RESOURCES = text(
    "SELECT count(pg_advisory_xact_lock(:space, number))"
    " FROM unnest(CAST(:numbers AS integer[])) AS number"
)
_SHARE_MERGES = text("SELECT pg_advisory_xact_lock_shared(:space, :number)")
_LOCK_MERGES = text("SELECT pg_advisory_xact_lock(:space, :number)")
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
    former = [stored[fact.ref] for fact in newer if fact.ref in stored]
    touched |= {fact.patient for fact in former}
    families = _families(connection, request.source, touched - {NOBODY}, newer, former)
    if any(fact.patient == NOBODY for fact in newer):
        _add_patients(connection, request.source, [NOBODY])
    changes = _change(connection, request, newer, families)
    return Applied(changes=changes, newer=len(newer), is_finished=True)


def _families(
    connection: Connection,
    source: str,
    touched: AbstractSet[str],
    newer: Sequence[Fact],
    former: Sequence[Fact],
) -> dict[str, tuple[str, ...]]:
    """
    Say on whom to decide, and with whose facts.

    The record that stands for others is decided on with the facts of all, the others with none.
    Who stood for a record before is decided on as well.
    """
    if not touched:
        return {}
    into = {fact.merged_into for fact in newer if fact.merged_into is not None}
    before = links_of(connection, source, touched | into)
    replaced = {fact.ref for fact in former}
    after = {name: to for name, to in before.items() if name not in replaced}
    after |= {fact.ref: fact.merged_into for fact in newer if fact.merged_into is not None}
    members = groups({*touched, *before, *before.values()}, after)
    decided = {survivor(name, links) for name in touched for links in (before, after)} | touched
    return {name: members.get(name, ()) for name in sorted(decided)}


def _change(
    connection: Connection,
    request: Request,
    newer: Sequence[Fact],
    families: Mapping[str, tuple[str, ...]],
) -> Mapping[str, PatientChange]:
    rows = _lock_patients(connection, request.source, list(families))
    save(connection, request.source, newer)
    if not families:
        return {}
    everybody = sorted(set(chain.from_iterable(families.values())))
    facts = facts_of_patients(connection, request.source, everybody)
    states = [
        PatientState(
            source=request.source,
            patient=name,
            facts=as_of(name, chain.from_iterable(facts.get(one, ()) for one in members)),
            posted_card=rows[name].posted_card,
            last_sequence=json.loads(rows[name].sequences),
        )
        for name, members in families.items()
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
    """Lock who was merged with whom, then the resources of *facts*."""
    if connection.dialect.name == "sqlite":
        return
    has_merges = any(fact.ref.startswith("Patient/") for fact in facts)
    connection.execute(
        _LOCK_MERGES if has_merges else _SHARE_MERGES,
        {"space": _MERGE_SPACE, "number": crc32(source.encode()) % _RESOURCE_LOCKS},
    )
    if not facts:
        return
    numbers = sorted({crc32(f"{source}/{fact.ref}".encode()) % _RESOURCE_LOCKS for fact in facts})
    connection.execute(_LOCK_RESOURCES, {"space": _LOCK_SPACE, "numbers": numbers})


def _lock_patients(
    connection: Connection, source: str, patients: Sequence[str]
) -> Mapping[str, Row[tuple[object, ...]]]:
    """Lock the rows of *patients* (sorted), made first where there is none, and give them."""
    _add_patients(connection, source, patients)
    rows: dict[str, Row[tuple[object, ...]]] = {}
    for some in batches(patients):
        found = connection.execute(_SELECT_PATIENTS, {"source": source, "patients": some})
        rows |= {row.patient: row for row in found}
    return rows


def _add_patients(connection: Connection, source: str, patients: Sequence[str]) -> None:
    """Make the rows of *patients* where there are none."""
    blank = {"source": source, "verdict": "", "rules": "", "sequences": "{}"}
    if patients:
        connection.execute(
            _insert_patient(connection.dialect.name),
            [blank | {"patient": name} for name in patients],
        )


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
            "trace": message.trace,
        }
        for message in change.messages
    ]
