"""
The one transaction the service turns on: facts, verdict, outbox and the event's end, or nothing.

Requests that wait at the same time share it, and its statements. They must not touch the same
resources or patients: those that do wait for the next. A request whose decision cannot be made is
left out, all of it; what the database refuses has them all made one by one.

On PostgreSQL it locks in one order, so that two replicas may wait for each other but never in a
circle: the events' rows, then who was merged with whom (shared, and alone only when a Patient is
written), then the resources written (as numbered advisory locks, since a row that is not there yet
cannot be locked), then the patients' rows, each kind sorted over all requests, which are of one
source. With the merges and the resources locked nobody else can move them, so the patients to lock
are known; with the patients locked their facts stand still while `decide` looks at them. On SQLite
the transaction itself is the lock.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import chain
from zlib import crc32

from sqlalchemy import Connection, Row, text

from marrowd.core.facts import Fact, newest
from marrowd.core.merging import groups, survivor
from marrowd.store.dialect import Insert
from marrowd.store.group import LATER, Failed, Later, attempted
from marrowd.store.inbox import LEASES, finish_held
from marrowd.store.many import given, insert_many
from marrowd.store.merges import links_of
from marrowd.store.messages import MessageState
from marrowd.store.patients import add_patients, drop_patients, locked_patients, save_patients
from marrowd.store.protocols import Applied, Decide, Event, PatientChange, PatientState
from marrowd.store.schema import outbox
from marrowd.store.stored import as_of, facts_of_patients, replaces, save, versions_of

# A fixed number of locks, however many resources an event holds: PostgreSQL's lock table is small.
# Two resources that share one only wait for each other a little.
_RESOURCE_LOCKS = 1_024
_LOCK_SPACE = 0x6D72  # keeps our numbers apart from other users of advisory locks
_MERGE_SPACE = 0x6D73
NOBODY = ""  # whose facts are that name no patient: deletions of what was never stored

_MESSAGE = (
    "id",
    "source",
    "patient",
    "destination",
    "sequence",
    "created_at",
    "event_received_at",
    "due_at",
    "body",
    "trace",
)
_LOCK_RESOURCES = text(
    "SELECT count(pg_advisory_xact_lock(:space, number))"
    " FROM unnest(CAST(:numbers AS integer[])) AS number"
)
_SHARE_MERGES = text("SELECT pg_advisory_xact_lock_shared(:space, :number)")
_LOCK_MERGES = text("SELECT pg_advisory_xact_lock(:space, :number)")


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `Evidence.apply`."""

    source: str
    facts: tuple[Fact, ...]
    decide: Decide
    now: datetime
    event: Event | None
    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A request with what it turns out to bring, once the resources it names stand still."""

    request: Request
    newer: tuple[Fact, ...]
    families: Mapping[str, tuple[str, ...]]  # on whom to decide, and with whose facts

    @property
    def people(self) -> set[str]:
        """Everybody whose facts have a part in it."""
        return {*self.families, *chain.from_iterable(self.families.values())}


@dataclass(frozen=True, slots=True)
class _Decided:
    """A request that can be written."""

    opened: _Opened
    states: Sequence[PatientState]
    changes: Mapping[str, PatientChange]

    def messages(self) -> Iterable[dict[str, object]]:
        """Give the rows that tell destinations."""
        for name, change in self.changes.items():
            yield from _message_values(self.opened.request, name, change)


def apply_together(
    connection: Connection, requests: Sequence[Request]
) -> Sequence[Applied | Failed | Later]:
    """Do what `Evidence.apply` promises for each of *requests* that can stand beside the others."""
    outcomes: dict[int, Applied | Failed | Later] = {}
    beside = _beside(requests)
    ours = LEASES.held(
        connection, [r.event for n in beside if (r := requests[n]).event is not None]
    )
    begun = {}
    for n in beside:
        event = requests[n].event
        if event is None or (event.id, event.fence) in ours:
            begun[n] = requests[n]
        else:
            outcomes[n] = Applied(changes={}, newer=0, is_finished=False)
    opened = _opened(connection, begun)
    outcomes |= _changed(connection, opened)
    return [outcomes.get(n, LATER) for n in range(len(requests))]


def _beside(requests: Sequence[Request]) -> list[int]:
    """
    Choose requests of one source that share no resource, patient or event, the first among them.

    One that writes a Patient stands alone: it may change whose evidence is whose.
    """
    chosen: list[int] = []
    named: set[str] = set()
    for n, request in enumerate(requests):
        names = {fact.ref for fact in request.facts} | set(request.patients)
        names |= {fact.patient for fact in request.facts} - {NOBODY}
        names |= set() if request.event is None else {f"event {request.event.id}"}
        has_merges = _has_merges(request.facts)
        if has_merges and not chosen:
            return [n]
        if request.source == requests[0].source and not has_merges and named.isdisjoint(names):
            chosen.append(n)
            named |= names
    return chosen


def _opened(connection: Connection, requests: Mapping[int, Request]) -> dict[int, _Opened]:
    """Lock the resources of *requests*; leave out those that turn out to share a patient."""
    if not requests:
        return {}
    source = next(iter(requests.values())).source
    arriving = {n: newest(request.facts) for n, request in requests.items()}
    everything = list(chain.from_iterable(arriving.values()))
    _lock_resources(connection, source, everything)
    stored = versions_of(connection, source, sorted(fact.ref for fact in everything))
    newer = {
        n: tuple(f for f in facts if f.ref not in stored or replaces(f, stored[f.ref]))
        for n, facts in arriving.items()
    }
    touched = {n: _touched(requests[n], newer[n], stored) for n in requests}
    into = {f.merged_into for facts in newer.values() for f in facts if f.merged_into is not None}
    asked = into.union(*touched.values())
    links = links_of(connection, source, asked) if asked else {}
    opened: dict[int, _Opened] = {}
    known: set[str] = set()
    for n, request in requests.items():
        former = [stored[fact.ref] for fact in newer[n] if fact.ref in stored]
        families = _families(touched[n], links, newer[n], former)
        one = _Opened(request=request, newer=newer[n], families=families)
        if known.isdisjoint(one.people):
            opened[n] = one
            known |= one.people
    return opened


def _touched(request: Request, newer: Sequence[Fact], stored: Mapping[str, Fact]) -> set[str]:
    former = {stored[fact.ref].patient for fact in newer if fact.ref in stored}
    return ({fact.patient for fact in newer} | former | set(request.patients)) - {NOBODY}


def _families(
    touched: AbstractSet[str],
    before: Mapping[str, str],
    newer: Sequence[Fact],
    former: Sequence[Fact],
) -> dict[str, tuple[str, ...]]:
    """
    Say on whom to decide, and with whose facts.

    The record that stands for others is decided on with the facts of all, the others with none.
    Who stood for a record before is decided on as well.
    """
    replaced = {fact.ref for fact in former}
    after = {name: to for name, to in before.items() if name not in replaced}
    after |= {fact.ref: fact.merged_into for fact in newer if fact.merged_into is not None}
    members = groups({*touched, *before, *before.values()}, after)
    decided = {survivor(name, links) for name in touched for links in (before, after)} | touched
    return {name: members.get(name, ()) for name in sorted(decided)}


def _changed(
    connection: Connection, opened: Mapping[int, _Opened]
) -> dict[int, Applied | Failed | Later]:
    """Decide on the patients of *opened* under their locks, and write what could be decided."""
    if not opened:
        return {}
    source = next(iter(opened.values())).request.source
    names = sorted(chain.from_iterable(one.families for one in opened.values()))
    made = add_patients(connection, source, names)
    rows = locked_patients(connection, source, names)
    everybody = sorted(chain.from_iterable(one.people for one in opened.values()))
    facts = facts_of_patients(connection, source, everybody)
    outcomes: dict[int, Applied | Failed | Later] = {}
    decided: list[_Decided] = []
    for n, one in opened.items():
        states = _states(one, rows, facts)
        changes = attempted(partial(_decisions, one.request.decide, states))
        if isinstance(changes, Failed):
            outcomes[n] = changes
        else:
            outcomes[n] = Applied(changes=changes, newer=len(one.newer), is_finished=True)
            decided.append(_Decided(one, states, changes))
    _write(connection, source, decided)
    kept = set(chain.from_iterable(one.opened.families for one in decided))
    drop_patients(connection, source, sorted(made - kept))
    return outcomes


def _decisions(decide: Decide, states: Sequence[PatientState]) -> dict[str, PatientChange]:
    return {state.patient: decide(state) for state in states}


def _write(connection: Connection, source: str, decided: Sequence[_Decided]) -> None:
    newer = [fact for one in decided for fact in one.opened.newer]
    if any(fact.patient == NOBODY for fact in newer):
        add_patients(connection, source, [NOBODY])
    save(connection, source, newer)
    save_patients(
        connection,
        [
            (state, one.changes[state.patient], one.opened.request.now)
            for one in decided
            for state in one.states
        ],
    )
    if messages := [values for one in decided for values in one.messages()]:
        statement = _insert_messages(connection.dialect.name)
        connection.execute(statement, given(connection, messages))
    requests = (one.opened.request for one in decided)
    finish_held(connection, [(r.event, r.now) for r in requests if r.event is not None])


def _states(
    one: _Opened,
    rows: Mapping[str, Row[tuple[object, ...]]],
    facts: Mapping[str, Sequence[Fact]],
) -> list[PatientState]:
    """Give the patients to decide on, as they will be when the request is written."""
    written = {fact.ref for fact in one.newer}
    after = defaultdict(list)
    for fact in chain(
        (f for name in one.people for f in facts.get(name, ()) if f.ref not in written), one.newer
    ):
        after[fact.patient].append(fact)
    return [
        PatientState(
            source=one.request.source,
            patient=name,
            facts=as_of(name, chain.from_iterable(after[member] for member in members)),
            posted_card=rows[name].posted_card,
            last_sequence=json.loads(rows[name].sequences),
        )
        for name, members in one.families.items()
    ]


def _has_merges(facts: Iterable[Fact]) -> bool:
    return any(fact.ref.startswith("Patient/") for fact in facts)


def _lock_resources(connection: Connection, source: str, facts: Sequence[Fact]) -> None:
    """Lock who was merged with whom, then the resources of *facts*."""
    if connection.dialect.name == "sqlite":
        return
    connection.execute(
        _LOCK_MERGES if _has_merges(facts) else _SHARE_MERGES,
        {"space": _MERGE_SPACE, "number": crc32(source.encode()) % _RESOURCE_LOCKS},
    )
    if not facts:
        return
    numbers = sorted({crc32(f"{source}/{fact.ref}".encode()) % _RESOURCE_LOCKS for fact in facts})
    connection.execute(_LOCK_RESOURCES, {"space": _LOCK_SPACE, "numbers": numbers})


@cache
def _insert_messages(dialect: str) -> Insert:
    return insert_many(
        dialect,
        outbox,
        _MESSAGE,
        constants={
            "state": MessageState.READY,
            "fence": 0,
            "attempts": 0,
            "worker": "",
            "reason": "",
        },
    )


def _message_values(request: Request, name: str, change: PatientChange) -> list[dict[str, object]]:
    return [
        {
            "id": message.id,
            "source": request.source,
            "patient": name,
            "destination": message.destination,
            "sequence": message.sequence,
            "created_at": request.now,
            "event_received_at": message.event_received_at,
            "due_at": request.now,
            "body": message.body,
            "trace": message.trace,
        }
        for message in change.messages
    ]
