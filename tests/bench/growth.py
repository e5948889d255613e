"""
What an event and a hook cost in a store that has grown tenfold: they must not feel it.

10,000 patients and 100,000, each with a result, a report, a card and all that an event leaves
behind; BENCH_PATIENTS makes it 1,000,000 or more, which takes minutes. Processor time, the database
server's included, of patients taken at random; the work of the loops (`line.py` has them) is done
call by call.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import aiohttp
from tests.bench.grown import SEED, multiply, processor_of
from tests.bench.rows import Row, Scale, at_most, compared
from tests.support.hook_calls import MARCH, facts_of, hooks_over, level, mri, request_for
from tests.support.loops import SOURCE
from tests.support.postgres import new_database, running_server
from tests.support.store import an_event

from marrowd.cds.services import Service
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.store import migrate
from marrowd.store.open import open_store
from marrowd.store.protocols import Store
from marrowd.telemetry.logging import configure_logging
from marrowd.work.deciding import Decider

_TENTH = 10_000
_AT_ONCE = 40  # events and hooks of one figure
_BASE_URL = "https://fhir.example.org/r4"
_LEASE = {"worker": "w", "limit": 10, "now": MARCH, "until": MARCH + timedelta(minutes=1)}


class _Grown(NamedTuple):
    store: Store
    spent_s: Callable[[], float]


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare a store with one ten times as large, on both databases."""
    configure_logging(
        as_json=True, level="warning"
    )  # a line for each hook is not what is read here
    few = int(_TENTH * scale.part)
    lots = int(os.environ.get("BENCH_PATIENTS", str(10 * few)))
    on_sqlite = {size: f"sqlite:///{folder}/{size}.sqlite3" for size in (few, lots)}
    found = asyncio.run(_rows(scale, "SQLite", on_sqlite))
    with running_server() as server:
        on_postgresql = {size: new_database(server, f"of_{size}") for size in (few, lots)}
        for url in on_postgresql.values():
            migrate.upgrade(url)
        return found + asyncio.run(_rows(scale, "PostgreSQL", on_postgresql))


async def _rows(scale: Scale, database: str, urls: Mapping[int, str]) -> list[Row]:
    few, lots = urls
    event: dict[int, list[float]] = {size: [] for size in urls}
    first: dict[int, list[float]] = {size: [] for size in urls}
    rng = random.Random(1)  # noqa: S311 - which patients
    async with (
        _grown(urls[few], few) as small,
        _grown(urls[lots], lots) as large,
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
        compared(
            f"{what}, {lots:,} patients, {database}",
            "ms",
            of[lots][1:],
            name,
            of[few][1:],
            at_most(1.3),
        )
        for what, of in (("event to message in the store", event), ("hook's first answer", first))
    ]


async def _events(grown: _Grown, patients: list[int], version: int) -> float:
    """Give the milliseconds that a corrected result takes, until its message is taken."""
    begun = grown.spent_s()
    for number in patients:
        await _event(grown.store, str(number), version=str(version + 2), value=9 + version / 10)
    return (grown.spent_s() - begun) / len(patients) * 1e3


async def _event(store: Store, patient: str, *, version: str, value: float) -> None:
    result = level(f"o{patient}", value, patient=patient, version=version)
    report = mri(f"r{patient}", patient=patient)
    facts = facts_of(result, report, patient=f"Patient/{patient}")
    await store.accept([an_event(f"Observation/o{patient}", key=f"o{patient}/{version}")])
    [event] = await store.claim(**_LEASE)
    await store.apply(SOURCE, facts, _DECIDER.at(SOURCE, MARCH), now=MARCH, event=event)
    [message] = await store.claim_messages("ehr", **_LEASE)
    await store.taken(message, now=MARCH)


async def _hooks(grown: _Grown, session: aiohttp.ClientSession, patients: list[int]) -> float:
    """Give the milliseconds that the first answer for a patient takes."""
    hooks = hooks_over(grown.store, session, base_url=_BASE_URL)
    requests = [request_for(str(number), base_url=_BASE_URL) for number in patients]
    answer = partial(hooks.call, service=Service.PATIENT_VIEW)
    begun = grown.spent_s()
    for request in requests:
        await answer(request)
    return (grown.spent_s() - begun) / len(patients) * 1e3


_DECIDER = Decider(
    policy=policy_from(PolicySettings()),
    rules="test",
    base_urls={SOURCE: _BASE_URL},
    destinations={SOURCE: ["ehr"]},
)


@asynccontextmanager
async def _grown(url: str, patients: int) -> AsyncIterator[_Grown]:
    async with _opened(url) as store:
        await _event(store, SEED, version="1", value=14)
    await asyncio.to_thread(multiply, url, patients)
    async with _opened(url) as store:
        yield _Grown(store, processor_of(url))


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
