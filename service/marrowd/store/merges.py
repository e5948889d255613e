"""Which records of a source were merged into which, read from the facts that say so."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, union_all

from marrowd.store.schema import evidence
from marrowd.store.stored import batches

_LINKS = select(evidence.c.patient, evidence.c.merged_into).where(
    evidence.c.source == bindparam("source"),
    evidence.c.merged_into.is_not(None),
)
# Not one condition with OR: each half finds its rows by an index of its own.
_BOTH_WAYS = union_all(
    _LINKS.where(evidence.c.patient.in_(bindparam("patients", expanding=True))),
    _LINKS.where(evidence.c.merged_into.in_(bindparam("patients", expanding=True))),
)


def links_of(connection: Connection, source: str, patients: Iterable[str]) -> dict[str, str]:
    """Give every link that *patients* hang together by: by merged record, what it was merged to."""
    links: dict[str, str] = {}
    seen: set[str] = set()
    asked = set(patients)
    while asked:
        seen |= asked
        for some in batches(sorted(asked)):
            values = {"source": source, "patients": some}
            links |= {row[0]: row[1] for row in connection.execute(_BOTH_WAYS, values)}
        asked = {*links, *links.values()} - seen
    return links
