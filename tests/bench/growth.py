"""
What an event and a hook cost in a store that has grown tenfold: they must not feel it.

10,000 patients and 100,000, each with a result, a report, a card and all that an event leaves
behind; BENCH_PATIENTS makes it 1,000,000 or more. The second store is made of the first by
SQL, since only its size matters. Processor time, of patients taken at random, on SQLite; the work
of the loops (`line.py` has them) is done call by call.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
from tests.bench.rows import Row, Scale, at_most, compared
from tests.support.hook_calls import MARCH, facts_of, hooks_over, level, mri, request_for
from tests.support.loops import SOURCE
from tests.support.store import an_event

from marrowd.cds.services import Service
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.work.deciding import Decider

_TENTH = 10_000
_AT_ONCE = 40  # events and hooks of one figure
_SEED = "SEED"  # what stands for the patient's number, in every key and in the facts
_BASE_URL = "https://fhir.example.org/r4"
_LEASE = {"worker": "w", "limit": 10, "now": MARCH, "until": MARCH + timedelta(minutes=1)}


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare a store with one ten times as large."""
    few = int(_TENTH * scale.part)
    lots = int(os.environ.get("BENCH_PATIENTS", str(10 * few)))
    return asyncio.run(_rows(scale, folder, few, lots))


async def _rows(scale: Scale, folder: Path, few: int, lots: int) -> list[Row]:
    event: dict[int, list[float]] = {few: [], lots: []}
    first: dict[int, list[float]] = {few: [], lots: []}
    rng = random.Random(1)  # noqa: S311 - which patients
    async with (
        _grown(folder / "few.sqlite3", few) as small,
        _grown(folder / "lots.sqlite3", lots) as large,
        aiohttp.ClientSession() as session,
    ):
        stores = {few: small, lots: large}
        for number in range(scale.rounds + 1):
            for size in stores if number % 2 else reversed(stores):
                chosen = rng.sample(range(size), _AT_ONCE)
                event[size].append(await _events(stores[size], chosen, number))
                first[size].append(await _hooks(stores[size], session, chosen))
    name = f"{few:,} patients"
    return [  # the first round warms up
        compared(f"{what}, {lots:,} patients", "ms", of[lots][1:], name, of[few][1:], at_most(1.3))
        for what, of in (("event to message in the store", event), ("hook's first answer", first))
    ]


async def _events(store: Store, patients: list[int], version: int) -> float:
    """Give the milliseconds that a corrected result takes, until its message is taken."""
    begun = time.process_time()
    for number in patients:
        await _event(store, str(number), version=str(version + 2), value=9 + version / 10)
    return (time.process_time() - begun) / len(patients) * 1e3


async def _event(store: Store, patient: str, *, version: str, value: float) -> None:
    result = level(f"o{patient}", value, patient=patient, version=version)
    report = mri(f"r{patient}", patient=patient)
    facts = facts_of(result, report, patient=f"Patient/{patient}")
    await store.accept([an_event(f"Observation/o{patient}", key=f"o{patient}/{version}")])
    [event] = await store.claim(**_LEASE)
    await store.apply(SOURCE, facts, _DECIDER.at(SOURCE, MARCH), now=MARCH, event=event)
    [message] = await store.claim_messages("ehr", **_LEASE)
    await store.taken(message, now=MARCH)


async def _hooks(store: Store, session: aiohttp.ClientSession, patients: list[int]) -> float:
    """Give the milliseconds that the first answer for a patient takes."""
    hooks = hooks_over(store, session, base_url=_BASE_URL)
    requests = [request_for(str(number), base_url=_BASE_URL) for number in patients]
    answer = partial(hooks.call, service=Service.PATIENT_VIEW)
    begun = time.process_time()
    for request in requests:
        await answer(request)
    return (time.process_time() - begun) / len(patients) * 1e3


_DECIDER = Decider(
    policy=policy_from(PolicySettings()),
    rules="test",
    base_urls={SOURCE: _BASE_URL},
    destinations={SOURCE: ["ehr"]},
)


@asynccontextmanager
async def _grown(path: Path, patients: int) -> AsyncIterator[Store]:
    """Make one patient as the service would, and the others like it."""
    store = open_store(f"sqlite:///{path}")
    await store.open()
    await _event(store, _SEED, version="1", value=14)
    await store.close()
    await asyncio.to_thread(_multiply, path, patients)
    store = open_store(f"sqlite:///{path}")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _multiply(path: Path, patients: int) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        for table in ("inbox", "patient", "evidence", "outbox"):
            columns = [
                (name, kind.upper())
                for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})")
                if (table, name) != ("inbox", "id")
            ]
            names = ", ".join(f'"{name}"' for name, _ in columns)
            values = ", ".join(_value(table, name, kind) for name, kind in columns)
            database.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "  # noqa: S608
                f"WHERE i + 1 < {patients}) INSERT INTO {table} ({names}) "
                f"SELECT {values} FROM n, {table}"
            )
        database.execute("ANALYZE")
    database.close()


def _value(table: str, name: str, kind: str) -> str:
    if (table, name) == ("outbox", "id"):
        return "'msg_' || lower(hex(randomblob(16)))"
    if (table, name) == ("outbox", "body"):
        return "x'7b7d'"  # by far the largest, and read by nobody once it is taken
    if kind == "BLOB":
        return f"CAST(replace(CAST(\"{name}\" AS TEXT), '{_SEED}', n.i) AS BLOB)"
    if kind == "TEXT":
        return f"replace(\"{name}\", '{_SEED}', n.i)"
    return f'"{name}"'
