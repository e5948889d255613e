"""
What is kept of each patient: the newest version of every fact, read back for screens and hooks.

Writing is in `apply.py`; here are the reads, and the positions of sweeps.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain

from sqlalchemy import Connection, literal_column, select, update

from marrowd.core.facts import Fact
from marrowd.core.merging import groups, survivor
from marrowd.core.verdict import VerdictKind
from marrowd.store.apply import Request, apply_together
from marrowd.store.database import OverDatabase
from marrowd.store.dialect import insert_into
from marrowd.store.merges import links_of
from marrowd.store.protocols import Applied, Decide, Event
from marrowd.store.schema import cursor, evidence, patient
from marrowd.store.stored import as_of, facts_of_patients, versions_of


class SqlEvidence(OverDatabase):
    """`Evidence` over SQL."""

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
        """Keep what is newer, decide on each patient touched, write all of it or nothing."""
        request = Request(source, tuple(facts), decide, now, event, tuple(patients))
        return await self._database.write_with(apply_together, request)

    async def facts_of(self, source: str, patient: str) -> tuple[Fact, ...]:
        """Give the newest version of every fact of a patient (the hot read of a hook)."""
        return await self._database.read(partial(_facts_of, source=source, patient=patient))

    async def own_facts_of(self, source: str, patient: str) -> tuple[Fact, ...]:
        """Give the facts that name this very patient, merged or not."""
        return await self._database.read_with(_own_facts, (source, patient))

    async def versions_of(self, source: str, refs: Sequence[str]) -> Mapping[str, Fact]:
        """Give what is stored of *refs*."""
        return await self._database.read_with(_versions, (source, tuple(refs)))

    async def due_rechecks(self, *, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Give (source, patient) whose verdict time alone may have changed, most overdue first."""
        statement = (
            select(patient.c.source, patient.c.patient)
            .where(patient.c.recheck_at <= now)
            .order_by(patient.c.recheck_at, patient.c.source, patient.c.patient)
            .limit(limit)
        )
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return [(row.source, row.patient) for row in rows]

    async def patients_judged(
        self, source: str, verdict: str, *, limit: int, after: str = ""
    ) -> list[str]:
        """Give patients with *verdict* in force, in order, those above *after*."""
        statement = (
            select(patient.c.patient)
            .where(
                patient.c.source == source,
                patient.c.patient > after,
                # Written out, because an index of this one verdict is kept.
                patient.c.verdict == literal_column(f"'{VerdictKind(verdict)}'"),
            )
            .order_by(patient.c.patient)
            .limit(limit)
        )
        return list(await self._database.read(lambda c: c.scalars(statement).all()))

    async def reports_read_before(
        self, source: str, rules: str, *, limit: int, after: str = ""
    ) -> list[str]:
        """Give refs, above *after* and in order, of report facts that other rules read."""
        statement = (
            select(evidence.c.ref)
            .where(
                evidence.c.source == source,
                evidence.c.ref > after,
                evidence.c.report_rules != rules,
            )
            .order_by(evidence.c.ref)
            .limit(limit)
        )
        return list(await self._database.read(lambda c: c.scalars(statement).all()))

    async def cursor(self, source: str, name: str) -> str | None:
        """Give a remembered position (a sweep's `_lastUpdated` per resource type)."""
        statement = select(cursor.c.value).where(cursor.c.source == source, cursor.c.name == name)
        return await self._database.read(lambda c: c.scalar(statement))

    async def set_cursor(self, source: str, name: str, value: str) -> None:
        """Remember a position."""
        await self._database.write(partial(_set_cursor, source=source, name=name, value=value))

    async def replace_cursor(
        self, source: str, name: str, value: str, *, expected: str | None
    ) -> bool:
        """Remember *value* if *expected* is what is remembered (None: nothing); say whether."""
        return await self._database.write(
            partial(_replace_cursor, key=(source, name), value=value, expected=expected)
        )


def _facts_of(connection: Connection, source: str, patient: str) -> tuple[Fact, ...]:
    links = links_of(connection, source, [patient])
    members = groups([patient], links)[survivor(patient, links)]
    facts = facts_of_patients(connection, source, members)
    return as_of(patient, chain.from_iterable(facts.values()))


def _own_facts(connection: Connection, calls: Sequence[tuple[str, str]]) -> list[tuple[Fact, ...]]:
    asked = _by_source((source, [patient]) for source, patient in calls)
    found = {
        source: facts_of_patients(connection, source, patients)
        for source, patients in asked.items()
    }
    return [found[source].get(patient, ()) for source, patient in calls]


def _versions(
    connection: Connection, calls: Sequence[tuple[str, tuple[str, ...]]]
) -> list[Mapping[str, Fact]]:
    found = {
        source: versions_of(connection, source, refs) for source, refs in _by_source(calls).items()
    }
    return [
        {ref: found[source][ref] for ref in refs if ref in found[source]} for source, refs in calls
    ]


def _by_source(asked: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for source, some in asked:
        keys[source].update(some)
    return {source: sorted(some) for source, some in keys.items()}


def _set_cursor(connection: Connection, source: str, name: str, value: str) -> None:
    statement = (
        insert_into(connection, cursor)
        .values(source=source, name=name, value=value)
        .on_conflict_do_update(
            index_elements=[cursor.c.source, cursor.c.name], set_={"value": value}
        )
    )
    connection.execute(statement)


def _replace_cursor(
    connection: Connection, key: tuple[str, str], value: str, expected: str | None
) -> bool:
    source, name = key
    if expected is None:
        new = insert_into(connection, cursor).values(source=source, name=name, value=value)
        # Drivers do not agree on the row count of an insert that may do nothing.
        only_new = new.on_conflict_do_nothing(index_elements=[cursor.c.source, cursor.c.name])
        return connection.scalar(only_new.returning(cursor.c.name)) is not None
    same = (cursor.c.source == source) & (cursor.c.name == name) & (cursor.c.value == expected)
    return connection.execute(update(cursor).where(same).values(value=value)).rowcount == 1
