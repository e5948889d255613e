"""
Take one safeguard away and see the simulation fail: what no test misses is not needed, or not
tested.

`python -m tests.sim.ablation [SEEDS]` prints the table. Each removal is a patch of the real code,
made for the length of a run.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, delete, update
from tests.sim.run import Outcome, simulate

from marrowd.cds.webhook import Answer, WebhookDestination
from marrowd.core.facts import Fact, newest
from marrowd.fhir.facts import is_empty
from marrowd.store import apply as applying
from marrowd.store.apply import Request, apply_together
from marrowd.store.evidence import SqlEvidence
from marrowd.store.group import Failed
from marrowd.store.inbox import SqlInbox, _finish
from marrowd.store.leases import Leases
from marrowd.store.messages import Message
from marrowd.store.protocols import Applied, Event, PatientChange, PatientState
from marrowd.store.schema import evidence
from marrowd.store.stored import replaces
from marrowd.work.handling import EventHandler
from marrowd.work.rechecks import RecheckLoop
from marrowd.work.sweep import Sweeper, Swept

Removal = Callable[[], AbstractContextManager[Any]]


@contextmanager
def without_fencing() -> Iterator[None]:
    """Let whoever once held an event or a message write its outcome, however late."""

    def settle(
        self: Any,
        statement: Any,
        leased: Event | Message,
        connection: Connection,
        **values: object,
    ) -> bool:
        table = self._table
        bare = update(table).where(table.c.id == leased.id).values(statement._values)
        return connection.execute(bare, values).rowcount == 1

    def held(self: Any, _connection: Connection, claimed: Sequence[Event | Message]) -> set[Any]:
        del self
        return {(one.id, one.fence) for one in claimed}

    async def keep_all(self: Any, events: Sequence[Event], *, until: datetime) -> list[Event]:
        del self, until
        return list(events)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Leases, "settle", settle))
        stack.enter_context(patch.object(Leases, "held", held))
        stack.enter_context(patch.object(SqlInbox, "extend", keep_all))
        yield


@contextmanager
def without_idempotency_key() -> Iterator[None]:
    """Name each attempt anew."""
    really = WebhookDestination.send

    async def send(self: WebhookDestination, message_id: str, body: bytes) -> Answer:
        del message_id
        return await really(self, f"msg_{uuid.uuid4().hex}", body)

    with patch.object(WebhookDestination, "send", send):
        yield


@contextmanager
def without_version_order() -> Iterator[None]:
    """Let what arrives last win."""

    def known(_self: object, _source: str, _looked: object, _stored: object) -> None:
        return None

    def replaces(arriving: Fact, stored: Fact) -> bool:
        return arriving.version.order != stored.version.order

    with (
        patch.object(EventHandler, "_known", known),
        patch.object(applying, "replaces", replaces),
    ):
        yield


@contextmanager
def without_tombstones() -> Iterator[None]:
    """Forget what was taken away instead of keeping that it was."""
    really = applying.save

    def save(connection: Connection, source: str, facts: Sequence[Fact]) -> None:
        really(connection, source, facts)
        for fact in facts:
            if is_empty(fact) and fact.merged_into is None:
                gone = (evidence.c.source == source) & (evidence.c.ref == fact.ref)
                connection.execute(delete(evidence).where(gone))

    with patch.object(applying, "save", save):
        yield


@contextmanager
def without_sweep() -> Iterator[None]:
    """Trust that every notification arrives."""

    async def sweep(self: Sweeper, *, since: datetime | None = None) -> Swept:
        del since
        await self._store.set_cursor(self._source, "swept at", self._clock().isoformat())
        return Swept(seen=0, new=0)

    with patch.object(Sweeper, "sweep", sweep):
        yield


@contextmanager
def without_transaction() -> Iterator[None]:
    """Write the facts and the event's end first, the verdict and its messages afterwards."""

    async def apply(
        self: SqlEvidence, source: str, facts: Sequence[Fact], decide: Any, **more: Any
    ) -> Applied:
        now, event = more["now"], more.get("event")
        touched = set(more.get("patients", ()))

        def keep(connection: Connection) -> int | None:
            if event is not None and not _finish(connection, [(event, now)])[0]:
                return None
            arriving = newest(facts)
            stored = applying.versions_of(connection, source, [fact.ref for fact in arriving])
            newer = [f for f in arriving if f.ref not in stored or replaces(f, stored[f.ref])]
            applying._add_patients(connection, source, sorted({fact.patient for fact in newer}))
            applying.save(connection, source, newer)
            both = [*newer, *(stored[f.ref] for f in newer if f.ref in stored)]
            touched.update(fact.patient for fact in both if fact.patient)
            return len(newer)

        count = await self._database.write(keep)
        if count is None:
            return Applied(changes={}, newer=0, is_finished=False)
        decided = Request(
            source=source,
            facts=(),
            decide=decide,
            now=now,
            event=None,
            patients=tuple(sorted(touched)),
        )
        return replace(await self._database.write_with(apply_together, decided), newer=count)

    with patch.object(SqlEvidence, "apply", apply):
        yield


@contextmanager
def without_patient_lock() -> Iterator[None]:
    """Decide on what was read before, and write it whatever has come in meanwhile."""

    async def apply(
        self: SqlEvidence, source: str, facts: Sequence[Fact], decide: Any, **more: Any
    ) -> Applied:
        seen: dict[str, PatientChange] = {}

        def remember(state: PatientState) -> PatientChange:
            seen[state.patient] = decide(state)
            return seen[state.patient]

        def again(state: PatientState) -> PatientChange:
            return seen.get(state.patient) or decide(state)

        asked = Request(
            source=source,
            facts=tuple(facts),
            decide=remember,
            now=more["now"],
            event=more.get("event"),
            patients=tuple(more.get("patients", ())),
        )

        def look(connection: Connection) -> None:
            nested = connection.begin_nested()
            [came] = apply_together(connection, [asked])
            nested.rollback()
            if isinstance(came, Failed):
                raise came.error

        await self._database.write(look)
        await asyncio.sleep(0)
        return await self._database.write_with(apply_together, replace(asked, decide=again))

    with patch.object(SqlEvidence, "apply", apply):
        yield


@contextmanager
def without_recheck() -> Iterator[None]:
    """Let verdicts grow old."""

    async def none_due(self: RecheckLoop) -> int:
        del self
        return 0

    with patch.object(RecheckLoop, "recheck_due", none_due):
        yield


SAFEGUARDS: dict[str, Removal] = {
    "lease fencing": without_fencing,
    "idempotency key": without_idempotency_key,
    "version order": without_version_order,
    "tombstone": without_tombstones,
    "sweep": without_sweep,
    "transaction": without_transaction,
    "patient lock": without_patient_lock,
    "recheck": without_recheck,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of the service without one safeguard."""

    safeguard: str
    tried: int
    failing: Outcome | None


def without(safeguard: str, *, seeds: Sequence[int]) -> Row:
    """Run seeds until one fails."""
    for number, seed in enumerate(seeds, start=1):
        came = simulate(seed, extra=SAFEGUARDS[safeguard])
        if came.wrong:
            return Row(safeguard=safeguard, tried=number, failing=came)
    return Row(safeguard=safeguard, tried=len(seeds), failing=None)


def main(words: Sequence[str]) -> int:
    """Print the table."""
    seeds = range(int(words[0]) if words else 300)
    chosen = words[1:] or list(SAFEGUARDS)
    rows = []
    sys.stdout.write(
        "| removed | fails at seed | after seeds | what is wrong |\n|---|---|---|---|\n"
    )
    for safeguard in chosen:
        row = without(safeguard, seeds=seeds)
        rows.append(row)
        seed = "none" if row.failing is None else str(row.failing.seed)
        what = "" if row.failing is None else row.failing.wrong[0]
        sys.stdout.write(f"| {safeguard} | {seed} | {row.tried} | {what} |\n")
        sys.stdout.flush()
    return 0 if all(row.failing is not None for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
