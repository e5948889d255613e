"""
Evidence that is kept no longer: a walk over the patients, a few at a time.

How old a patient's evidence is stands in the facts themselves, so the walk reads them; it goes by
the primary key and takes no lock before it has found something to forget. What it then deletes it
has looked at again under the patient's lock, as `apply` takes it.
"""

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from marrowd.core.age import newest_date
from marrowd.store.codec import fact_from_json
from marrowd.store.database import OverDatabase
from marrowd.store.merges import links_of
from marrowd.store.schema import evidence, patient
from marrowd.store.stored import facts_of_patients
from marrowd.store.upkeep import Walked

_NOBODYS = 200  # facts of nobody looked at in one step
_LOCK = (
    select(patient.c.posted_card, patient.c.decided_at)
    .where(patient.c.source == bindparam("source"), patient.c.patient == bindparam("patient"))
    .with_for_update()
)
# Only what was looked at: a newer version may have come meanwhile.
_DELETE = delete(evidence).where(
    evidence.c.source == bindparam("of_source"),
    evidence.c.ref == bindparam("old_ref"),
    evidence.c.fact == bindparam("old_fact"),
)
_BLANK = {"verdict": "", "card": None, "recheck_at": None, "rules": "", "decided_at": None}


class SqlForgetting(OverDatabase):
    """`Forgetting` over SQL."""

    async def forget_evidence(
        self, *, before: datetime, after: tuple[str, str], limit: int
    ) -> Walked:
        """Look at *limit* patients and forget those whose newest clinical date is before."""
        names = await self._database.read(partial(_next_names, after=after, limit=limit))
        forgotten = 0
        for source, own in names:
            if not own:
                forgotten += await self._forget_nobodys(source, before)
            elif await self._database.read(partial(_is_old, name=(source, own), before=before)):
                forget = partial(_forget, name=(source, own), before=before)
                forgotten += await self._database.write(forget)
        return Walked(forgotten=forgotten, at=names[-1] if len(names) == limit else None)

    async def _forget_nobodys(self, source: str, before: datetime) -> int:
        """Forget facts that name no patient one by one: deletions of what was never stored."""
        gone, after = 0, ""
        while rows := await self._database.read(partial(_nobodys, source=source, after=after)):
            after = rows[-1][0]
            dates = [(ref, fact, newest_date([fact_from_json(fact)])) for ref, fact in rows]
            old: list[dict[str, object]] = [
                {"of_source": source, "old_ref": ref, "old_fact": fact}
                for ref, fact, at in dates
                if at is not None and at < before
            ]
            if old:
                gone += await self._database.write(partial(_delete, old=old))
        return gone


def _next_names(
    connection: Connection, after: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    statement = (
        select(patient.c.source, patient.c.patient)
        .where(tuple_(patient.c.source, patient.c.patient) > after)
        .order_by(patient.c.source, patient.c.patient)
        .limit(limit)
    )
    return [(row.source, row.patient) for row in connection.execute(statement)]


def _is_old(connection: Connection, name: tuple[str, str], before: datetime) -> bool:
    """Say whether the newest date of a patient, and of all merged with it, is before *before*."""
    source, own = name
    links = links_of(connection, source, [own])
    facts = facts_of_patients(connection, source, sorted({own, *links, *links.values()}))
    if own not in facts:
        return False
    newest = newest_date(fact for some in facts.values() for fact in some)
    return newest is not None and newest < before


def _forget(connection: Connection, name: tuple[str, str], before: datetime) -> int:
    source, own = name
    row = connection.execute(_LOCK, {"source": source, "patient": own}).one_or_none()
    if row is None or row.posted_card is not None or not _is_old(connection, name, before):
        return 0
    gone = connection.execute(
        delete(evidence).where(evidence.c.source == source, evidence.c.patient == own)
    ).rowcount
    # The row stays, with the sequences and a revision that says that something has changed.
    connection.execute(
        update(patient)
        .where(patient.c.source == source, patient.c.patient == own)
        .values(**_BLANK, revision=patient.c.revision + 1)
    )
    return gone


def _nobodys(connection: Connection, source: str, after: str) -> list[tuple[str, bytes]]:
    statement = (
        select(evidence.c.ref, evidence.c.fact)
        .where(evidence.c.source == source, evidence.c.patient == "", evidence.c.ref > after)
        .order_by(evidence.c.ref)
        .limit(_NOBODYS)
    )
    return [(row.ref, row.fact) for row in connection.execute(statement)]


def _delete(connection: Connection, old: list[dict[str, object]]) -> int:
    return connection.execute(_DELETE, old).rowcount
