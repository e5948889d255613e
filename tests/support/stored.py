"""Events, facts and decisions for tests of the store and of what stands on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marrowd.core.facts import (
    Analyte,
    Fact,
    Piece,
    Report,
    Standing,
    Unit,
    Version,
    VitaminDResult,
    When,
)
from marrowd.core.reading import Modality
from marrowd.store.cards_shown import AnswerStanding, Asked
from marrowd.store.protocols import (
    EventKind,
    NewEvent,
    NewMessage,
    PatientChange,
    PatientState,
    Store,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = NOW + timedelta(seconds=30)
AFTER_LEASE = NOW + timedelta(seconds=31)


def event(key: str = "1", **values: object) -> NewEvent:
    plain = NewEvent(
        source="main",
        kind=EventKind.RESOURCE,
        key=key,
        received_at=NOW,
        ref=f"Observation/{key}",
        payload=b'{"resourceType": "Observation"}',
    )
    return plain._replace(**values)


def version(number: int, *, is_withdrawn: bool = False) -> Version:
    return Version(
        last_updated=NOW + timedelta(minutes=number),
        version_id=number,
        is_withdrawn=is_withdrawn,
        digest=f"{number:064x}",
    )


def lab(
    ref: str = "Observation/1",
    *,
    patient: str = "Patient/1",
    number: int = 1,
    value: str = "12.50",
    rules: str = "1",
) -> Fact:
    result = VitaminDResult(
        ref=ref,
        version=str(number),
        analyte=Analyte.TOTAL,
        standing=Standing.COUNTS,
        status="final",
        when=When(instant=NOW),
        value=Decimal(value),
        unit=Unit.NG_ML,
    )
    return Fact(
        ref=ref,
        patient=patient,
        version=version(number),
        version_id=str(number),
        rules=rules,
        results=(result,),
    )


def tombstone(ref: str = "Observation/1", *, patient: str = "Patient/1", number: int = 2) -> Fact:
    return Fact(ref=ref, patient=patient, version=version(number, is_withdrawn=True), rules="1")


def report(
    ref: str = "DiagnosticReport/1",
    *,
    patient: str = "Patient/1",
    rules: str = "1",
    unreadable: str | None = None,
) -> Fact:
    return Fact(
        ref=ref,
        patient=patient,
        version=version(1),
        rules=rules,
        report=Report(
            status="final",
            standing=Standing.COUNTS,
            effective=When(instant=NOW),
            issued=None,
            modality=Modality.MR,
            is_foot=True,
            pieces=(Piece(where="presentedForm[0]", unreadable=unreadable),),
        ),
    )


def change(*messages: NewMessage, **values: object) -> PatientChange:
    plain = PatientChange(
        verdict="card" if messages else "no_report",
        card=None,
        posted_card=messages[-1].id if messages else None,
        recheck_at=None,
        rules="1",
        messages=messages,
    )
    return replace(plain, **values)


def saying(destination: str = "ehr") -> Callable[[PatientState], PatientChange]:
    """Decide on one message more for each patient asked about."""

    def decide(state: PatientState) -> PatientChange:
        sequence = state.last_sequence.get(destination, 0) + 1
        message = NewMessage(
            id=f"{state.source}/{state.patient}/{destination}/{sequence}",
            destination=destination,
            sequence=sequence,
            body=b"{}",
            event_received_at=NOW,
        )
        return change(message)

    return decide


class Quiet:
    """Decides on nothing, and remembers what it was asked."""

    def __init__(self, **values: object) -> None:
        self.asked: list[PatientState] = []
        self._values = values

    def __call__(self, state: PatientState) -> PatientChange:
        self.asked.append(state)
        return change(**self._values)


async def standing(store: Store, source: str, patient: str, card: str) -> AnswerStanding:
    """Ask about one patient and one card alone."""
    [found] = await store.standings([Asked(source, patient, card)])
    return found
