"""Statements over evidence that reads and `apply` share, and which fact replaces which."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import Connection, bindparam, select

from marrowd.core.facts import Fact
from marrowd.store.codec import fact_from_json, fact_to_json
from marrowd.store.dialect import Insert
from marrowd.store.many import given, insert_many
from marrowd.store.schema import evidence

KEYS_PER_QUERY = 500  # SQLite limits the parameters of one statement
_GIVEN = ("source", "ref", "patient", "report_rules", "fact", "merged_into")

# Built once: putting a statement together takes longer than SQLite takes to run it.
_BY_REF = select(evidence.c.ref, evidence.c.fact).where(
    evidence.c.source == bindparam("source"),
    evidence.c.ref.in_(bindparam("refs", expanding=True)),
)
_BY_PATIENT = select(evidence.c.patient, evidence.c.fact).where(
    evidence.c.source == bindparam("source"),
    evidence.c.patient.in_(bindparam("patients", expanding=True)),
)


def replaces(arriving: Fact, stored: Fact) -> bool:
    """
    Say whether *arriving* takes the place of *stored*: by `Version.order`, and never an older one.

    At one and the same version the resource has not changed but our reading of it may have: other
    rules read it (`sweep --reread`), or a text that could not be fetched now is there. A delivery
    that merely repeats the version, or has lost a text meanwhile, changes nothing.
    """
    is_reread = arriving.rules != stored.rules and arriving.version.order == stored.version.order
    return is_reread or arriving.says_more_than(stored)


def versions_of(connection: Connection, source: str, refs: Sequence[str]) -> dict[str, Fact]:
    """Give what is stored of *refs*."""
    found: dict[str, Fact] = {}
    for some in batches(refs):
        for ref, fact in connection.execute(_BY_REF, {"source": source, "refs": some}):
            found[ref] = fact_from_json(fact)
    return found


def facts_of_patients(
    connection: Connection, source: str, patients: Sequence[str]
) -> Mapping[str, tuple[Fact, ...]]:
    """Give the facts of each of *patients*, sorted by ref."""
    found: defaultdict[str, list[Fact]] = defaultdict(list)
    for some in batches(patients):
        for patient, fact in connection.execute(_BY_PATIENT, {"source": source, "patients": some}):
            found[patient].append(fact_from_json(fact))
    return {
        patient: tuple(sorted(facts, key=lambda fact: fact.ref)) for patient, facts in found.items()
    }


def as_of(patient: str, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Tell *facts*, those of merged records among them, as *patient*'s; sorted by ref."""
    told = (fact if fact.patient == patient else replace(fact, patient=patient) for fact in facts)
    return tuple(sorted(told, key=lambda fact: fact.ref))


def save(connection: Connection, source: str, facts: Sequence[Fact]) -> None:
    """Write *facts* over whatever is stored of their resources."""
    if not facts:
        return
    rows = [_values(source, fact) for fact in facts]
    connection.execute(_upsert(connection.dialect.name), given(connection, rows))


@cache
def _upsert(dialect: str) -> Insert:
    statement = insert_many(dialect, evidence, _GIVEN)
    return statement.on_conflict_do_update(
        index_elements=[evidence.c.source, evidence.c.ref],
        set_={
            "patient": statement.excluded.patient,
            "report_rules": statement.excluded.report_rules,
            "fact": statement.excluded.fact,
            "merged_into": statement.excluded.merged_into,
        },
    )


def _values(source: str, fact: Fact) -> dict[str, object]:
    is_report = fact.report is not None or fact.text is not None
    return {
        "source": source,
        "ref": fact.ref,
        "patient": fact.patient,
        "report_rules": fact.rules if is_report else None,
        "fact": fact_to_json(fact),
        "merged_into": fact.merged_into,
    }


def batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut *keys* into runs that fit one statement."""
    for start in range(0, len(keys), KEYS_PER_QUERY):
        yield keys[start : start + KEYS_PER_QUERY]
