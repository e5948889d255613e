"""
The synthetic year: patients, what is written to their charts and when, and what should come of it.

Read from `patients/*.toml`. A time there is "DAY HH:MM", the day counted from the start of the demo
(-30 is a month ago), so that every result is as recent as its story needs on whatever day it is
told. An entry is written to the chart `at` one time and its notification arrives at `sent`, the
same unless said otherwise; `of` is the time it speaks of. `notices` is how often it is notified: 0
for what no Subscription brings, 2 and more for a server that repeats itself.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from marrowd.demo import resources
from marrowd.demo.records import Resource, ref_of
from marrowd.demo.wording import told_of

_FOLDER: Final = Path(__file__).with_name("patients")
_OWN_IDS: Final = ("id", "study")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something written to a chart, or a bare ping (no resources)."""

    at: datetime
    sent: datetime
    notices: int
    told: str  # what it is, for the reader
    resources: tuple[Resource, ...] = ()  # the one that is notified comes last

    @property
    def is_ping(self) -> bool:
        """Say whether the server only says that something changed."""
        return not self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should come of a patient's chart."""

    verdict: str
    messages: tuple[str, ...]  # acts of `received.Message`, in order
    indicator: str = ""  # of the card in the hook; "" when there should be none
    says: tuple[str, ...] = ()  # parts of that card's summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A made-up patient."""

    id: str
    resource: Resource
    name: str
    about: str
    shows: str  # why the patient is in the demo
    known: str  # what a silent patient's chart holds, in a sentence
    is_whole: bool  # the card is printed with its detail
    quote: str  # or only the paragraph that holds this
    entries: tuple[Entry, ...]
    expected: Expected

    @property
    def ref(self) -> str:
        """Give "Patient/id"."""
        return f"Patient/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens in the year: a write, or the arrival of a notification."""

    at: datetime
    patient: Patient
    entry: Entry
    is_arrival: bool


@dataclass(kw_only=True)
class _Versions:
    """Counts the versions of each resource."""

    seen: Counter[str] = field(default_factory=Counter)

    def next_of(self, resource: Resource, at: datetime) -> Resource:
        ref = ref_of(resource)
        self.seen[ref] += 1
        meta = {"versionId": str(self.seen[ref]), "lastUpdated": at.isoformat()}
        return {**resource, "meta": meta}


def patients_of(now: datetime) -> tuple[Patient, ...]:
    """Give the patients of the year that ends at *now*, by id."""
    rows = [
        row
        for file in sorted(_FOLDER.glob("*.toml"))
        for row in tomllib.loads(file.read_text(encoding="utf-8"))["patient"]
    ]
    return tuple(_patient(row, now) for row in sorted(rows, key=lambda row: str(row["id"])))


def steps_of(patients: tuple[Patient, ...]) -> list[Step]:
    """Give everything that happens, in order; what is written comes before what arrives."""
    steps = []
    for patient in patients:
        for entry in patient.entries:
            if not entry.is_ping:
                steps.append(Step(at=entry.at, patient=patient, entry=entry, is_arrival=False))
            if entry.notices:
                steps.append(Step(at=entry.sent, patient=patient, entry=entry, is_arrival=True))
    return sorted(steps, key=lambda step: (step.at, step.is_arrival))


def _patient(row: Mapping[str, Any], now: datetime) -> Patient:
    ident = str(row["id"])
    born = int(row["born"])
    card = row.get("card", {})
    made = [_entry(entry, ident, now) for entry in row["entry"]]
    return Patient(
        id=ident,
        resource=resources.patient(ident, row["name"], row["gender"], f"{born}-04-01"),
        name=row["name"],
        about=f"{row['gender']}, born {born}",
        shows=row["shows"],
        known=row.get("known", ""),
        is_whole=row.get("whole", False),
        quote=row.get("quote", ""),
        entries=_with_versions(made),
        expected=Expected(
            verdict=row["verdict"],
            messages=tuple(row.get("messages", ())),
            indicator=card.get("indicator", ""),
            says=tuple(card.get("says", ())),
        ),
    )


def _with_versions(entries: list[Entry]) -> tuple[Entry, ...]:
    """Number the versions by when they were written, whenever they are told of."""
    versions = _Versions()
    return tuple(
        replace(entry, resources=tuple(versions.next_of(r, entry.at) for r in entry.resources))
        for entry in sorted(entries, key=lambda entry: entry.at)
    )


def _entry(row: Mapping[str, Any], patient: str, now: datetime) -> Entry:
    at = _instant(row["at"], now)
    kind = str(row["kind"])
    written: tuple[Resource, ...] = ()
    if kind != "ping":
        of = _instant(row.get("of", row["at"]), now)
        own = {**row, **{key: f"{patient}-{row[key]}" for key in _OWN_IDS if key in row}}
        if "results" in row:
            own["results"] = [f"{patient}-{result}" for result in row["results"]]
        written = tuple(resources.WRITERS[kind](own, f"Patient/{patient}", of))
    return Entry(
        at=at,
        sent=_instant(row.get("sent", row["at"]), now),
        notices=row.get("notices", 1),
        told=told_of(row),
        resources=written,
    )


def _instant(text: str, now: datetime) -> datetime:
    day, _, clock = text.partition(" ")
    date = (now + timedelta(days=int(day))).date()
    return datetime.combine(date, time.fromisoformat(clock), tzinfo=UTC)
