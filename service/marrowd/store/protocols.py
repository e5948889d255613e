"""
What the rest of the service asks of a store, and the values that pass over that line.

Protocols, each with one implementation over SQLite and PostgreSQL. Every time is aware and handed
in or returned in UTC; the store reads no clock. A method that writes has committed durably when it
returns. Any of them raises `StoreUnavailable` when the database is out of reach or cannot write,
and `BadInput` for a value that it will never take (a NUL or half a surrogate pair in a key).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from marrowd.core.facts import Fact
from marrowd.store.cards_shown import Feedback
from marrowd.store.messages import Outbox, Replays
from marrowd.store.upkeep import Audit, Destinations, Forgetting


class EventKind(StrEnum):
    """What an event asks the worker to do."""

    RESOURCE = "resource"  # the payload is one version of a resource, as JSON text
    # Read `ref` from the source: an id-only notification, a newer prefetch, a study's report.
    FETCH = "fetch"
    DELETED = "deleted"  # the source says that `ref` is gone: read it, 404/410 is a tombstone
    PING = "ping"  # something changed: sweep the source
    CANARY = "canary"  # made-up evidence of nobody, to see how long the way through takes
    STATUS = "status"  # what the source says of the topic Subscription `ref`: counters, its state


class NewEvent(NamedTuple):
    """An event as accepted at the edge; `key`, unique per source, makes a redelivery one event."""

    source: str
    kind: EventKind
    key: str
    received_at: datetime
    ref: str = ""  # "Observation/1"; empty for a ping
    payload: bytes | None = None  # JSON text as received
    trace: str | None = None  # W3C traceparent of what brought it


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A claimed event: `fence` must still be current when its outcome is written."""

    id: int
    fence: int
    attempts: int  # this claim included
    new: NewEvent
    lost: int = 0  # claims of it, since its last outcome, whose lease ran out


class EventState(StrEnum):
    """Where an event is; drawn in `DESIGN.md`."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event as an operator sees it: no payload, no patient."""

    id: int
    source: str
    kind: EventKind
    ref: str
    state: EventState
    attempts: int
    received_at: datetime
    available_at: datetime
    reason: str = ""
    detail: str = ""  # places and error kinds, never values


class Inbox(Protocol):
    """Events accepted and not yet done."""

    async def accept(self, events: Sequence[NewEvent]) -> int:
        """Keep *events* durably (concurrent calls share one commit); say how many were new."""
        ...

    async def claim(
        self, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Event]:
        """Lease up to *limit* events that are ready, or whose lease has run out, oldest first."""
        ...

    async def extend(self, events: Sequence[Event], *, until: datetime) -> list[Event]:
        """Heartbeat: prolong the leases; give back those that are still ours."""
        ...

    async def finish(self, event: Event, *, now: datetime) -> bool:
        """Mark *event* done and let its payload go; False when the lease was lost."""
        ...

    async def retry(self, event: Event, *, at: datetime, reason: str, detail: str = "") -> bool:
        """Make *event* ready again at *at*."""
        ...

    async def park(self, event: Event, *, now: datetime, reason: str, detail: str = "") -> bool:
        """Set *event* aside with a *reason* that an operator can read; it keeps its payload."""
        ...

    async def release(self, events: Sequence[Event]) -> None:
        """Give leases back unused (shutdown): the attempt does not count."""
        ...

    async def inbox_depth(self) -> Mapping[EventState, int]:
        """Count events by state, done ones left out."""
        ...

    async def oldest_waiting(self) -> datetime | None:
        """Give the arrival time of the oldest event neither done nor parked."""
        ...

    async def last_told(self, source: str) -> datetime | None:
        """Give when *source* last sent an event that is still known; what sweeps found is none."""
        ...

    async def list_events(self, *, state: EventState | None, limit: int) -> list[EventRow]:
        """List events for an operator, oldest first."""
        ...

    async def show_event(self, event_id: int) -> tuple[EventRow, bytes | None] | None:
        """Give one event with its payload."""
        ...

    async def retry_parked(self, event_ids: Sequence[int], *, now: datetime) -> int:
        """Make parked events ready again with their attempts at zero; say how many."""
        ...

    async def discard(self, event_ids: Sequence[int]) -> int:
        """Drop parked events for good; say how many."""
        ...

    async def purge_done(self, *, before: datetime) -> int:
        """Forget events done before *before* (retention)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientState:
    """One patient of one source, read under the patient's lock."""

    source: str
    patient: str
    facts: tuple[Fact, ...]  # newest version of each resource, the event's own facts merged in
    posted_card: str | None  # uuid of the card that stands posted, if any
    last_sequence: Mapping[str, int] = field(default_factory=dict)  # per destination


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message for one destination; `id` is its idempotency key and never changes."""

    id: str
    destination: str
    sequence: int
    body: bytes
    event_received_at: datetime | None = None
    trace: str | None = None  # W3C traceparent of what decided it


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChange:
    """What was decided about one patient; written with its facts in one transaction."""

    verdict: str
    card: str | None  # uuid of the card a hook would show
    posted_card: str | None  # uuid that stands posted after `messages`
    recheck_at: datetime | None
    rules: str
    messages: tuple[NewMessage, ...] = ()


Decide = Callable[[PatientState], PatientChange]
"""A pure function; it runs inside the transaction on a store thread, never on the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What `Evidence.apply` wrote."""

    changes: Mapping[str, PatientChange]  # by patient
    newer: int  # facts that replaced older versions or were new
    is_finished: bool  # False: the event's lease was lost and nothing was written


class Evidence(Protocol):
    """Facts and verdicts by (source, patient)."""

    async def apply(
        self,
        source: str,
        facts: Sequence[Fact],
        decide: Decide,
        *,
        now: datetime,
        event: Event | None = None,
        patients: Sequence[str] = (),
    ) -> Applied:
        """
        Keep what is newer, decide on each patient touched, write all of it or nothing.

        Touched are the patients of those *facts* that are newer than what is stored, those their
        resources belonged to before (a corrected subject), and *patients* (a recheck). A delivery
        that brings nothing newer touches nobody: *decide* is not called, nothing is said twice.
        At an equal version a fact replaces the stored one only when other rules read it or a text
        that was "not_fetched" is there now. Patients are locked in sorted order. Where records
        were merged, the one that stands for the others is decided on with the facts of all, and
        the others with none: their cards are withdrawn. Facts of nobody (patient "") are kept and
        decide nothing. *event* is finished in the same transaction; when its lease was lost
        nothing is written.
        """
        ...

    async def facts_of(self, source: str, patient: str) -> tuple[Fact, ...]:
        """
        Give the newest version of every fact of a patient (the hot read of a hook).

        Those of records merged with this one are among them, told as this patient's.
        """
        ...

    async def own_facts_of(self, source: str, patient: str) -> tuple[Fact, ...]:
        """Give the facts that name this very patient, merged or not."""
        ...

    async def versions_of(self, source: str, refs: Sequence[str]) -> Mapping[str, Fact]:
        """Give what is stored of *refs*."""
        ...

    async def due_rechecks(self, *, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Give (source, patient) whose verdict time alone may have changed, most overdue first."""
        ...

    async def patients_judged(
        self, source: str, verdict: str, *, limit: int, after: str = ""
    ) -> list[str]:
        """Give patients with *verdict* in force, in order, those above *after*."""
        ...

    async def reports_read_before(
        self, source: str, rules: str, *, limit: int, after: str = ""
    ) -> list[str]:
        """
        Give refs of report facts that another rules version read, in order, those above *after*.

        Pass the last ref given as *after* to go on past reports that could not be read again.
        """
        ...

    async def cursor(self, source: str, name: str) -> str | None:
        """Give a remembered position (a sweep's `_lastUpdated` per resource type)."""
        ...

    async def set_cursor(self, source: str, name: str, value: str) -> None:
        """Remember a position."""
        ...

    async def replace_cursor(
        self, source: str, name: str, value: str, *, expected: str | None
    ) -> bool:
        """Remember *value* if *expected* is what is remembered (None: nothing); say whether."""
        ...


class Store(Inbox, Evidence, Outbox, Feedback, Replays, Destinations, Forgetting, Audit, Protocol):
    """All over one database, so that one transaction can span them."""

    async def open(self) -> None:
        """Connect; refuse a schema that this version cannot use (BadConfiguration)."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let connections go."""
        ...

    async def ping(self) -> None:
        """Prove that the database can be read and written."""
        ...
