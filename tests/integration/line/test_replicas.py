"""Two processes on one PostgreSQL, or one for each role, end where one alone ends."""

import asyncio
import contextlib
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import psycopg
import pytest
import pytest_asyncio
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import EDEMA, NO_EDEMA, lab, report
from tests.support.line import webhook_secret
from tests.support.service import Service, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = "shared"
SECRET = "the-secret-of-all-replicas"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
PATIENTS = 40
ONE, TWO, SPLIT = ("web,work",), ("web,work", "web,work"), ("web", "work")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fhir():
    """A hospital, and every version it has ever written, in order."""
    async with fhir_server.running(FhirServer(start=DAY)) as server:
        server.told = []
        for number in range(PATIENTS):
            patient = f"Patient/r{number}"
            level = {"at": DAY - timedelta(days=3), "value": 14 if number % 4 else 45}
            written = [
                lab(f"l{number}", patient, **level),
                *report(f"m{number}", patient, EDEMA, at=DAY),
            ]
            if number % 3 == 0:  # corrected: the card has to go again
                written += [lab(f"l{number}", patient, at=level["at"], value=60)]
            if number % 5 == 0:
                written += report(f"m{number}", patient, NO_EDEMA, at=DAY)
            server.told += [server.put(resource) for resource in written]
        yield server


@asynccontextmanager
async def installed(folder, fhir, url, roles):
    """Run one process for each of *roles* on the database at *url*, and an EHR."""
    signed = webhook_secret()
    async with stand_in.running(Ehr(secrets=(signed,))) as ehr:
        services = []
        for number, role in enumerate(roles):
            place = folder / str(number)
            place.mkdir()
            service = Service(
                place,
                source=SOURCE,
                base_url=fhir.base_url,
                ehr_url=ehr.url,
                webhook_secret=signed,
                secret=SECRET,
                roles=role,
                settings={
                    "store": {"url": f'"{url}"'},
                    "[sources]": {"subscribe": '"none"', "canary": "true"},
                },
            )
            services.append(service)
        try:
            await asyncio.gather(*(service.start() for service in services))
            yield services, ehr
        finally:
            await asyncio.gather(*(service.stop() for service in services))


async def notify(services, told, *, seed):
    """Deliver every version at least once, in any order, to whichever process listens."""
    rng = random.Random(seed)  # noqa: S311 - an order
    deliveries = [*told, *rng.sample(told, len(told) // 3)]
    rng.shuffle(deliveries)
    listening = [service for service in services if "web" in service.roles]
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def deliver(resource):
            path = f"{SOURCE}/{resource['resourceType']}/{resource['id']}"
            while True:  # as a server does that is not answered
                url = f"{rng.choice(listening).url}/events/{path}"
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.put(url, json=resource) as answer:
                        if answer.status == 204:
                            return
                await asyncio.sleep(0.05)

        await asyncio.gather(*(deliver(resource) for resource in deliveries))


def waiting(url):
    """Give what waits in the database, and what it waits for."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT kind, state, attempts, due_at, reason FROM inbox WHERE due_at IS NOT NULL"
            " UNION ALL SELECT destination, state, attempts, due_at, reason FROM outbox"
            " WHERE due_at IS NOT NULL"
        ).fetchall()


async def idle(url):
    """Wait until nothing waits in the database: a second retry alone is five minutes away."""
    await until(lambda: not waiting(url), lambda: f"empty, but {waiting(url)}", timeout_s=400)


def kept(url):
    """Give what the database holds of the source: evidence, verdicts, cards that stand."""
    with psycopg.connect(url) as connection:
        evidence = connection.execute(
            "SELECT ref, patient, fact FROM evidence WHERE source = %s ORDER BY ref", [SOURCE]
        ).fetchall()
        patients = connection.execute(
            "SELECT patient, verdict, card, posted_card FROM patient"
            " WHERE source = %s ORDER BY patient",
            [SOURCE],
        ).fetchall()
    return evidence, patients


def standing(ehr):
    """Give the cards a clinician is left with, by patient; each message counts once, in order."""
    cards: dict[str, set[str]] = {}
    last: dict[str, int] = {}
    for message in ehr.effects:
        patient = message["patient"]
        assert message["sequence"] > last.get(patient, 0), "out of order"
        last[patient] = message["sequence"]
        shown = cards.setdefault(patient, set())
        shown |= {card["uuid"] for card in message["cards"]}
        assert set(message["retracts"]) <= shown, "withdrawn and never shown"
        shown -= set(message["retracts"])
    return {patient: shown for patient, shown in cards.items() if shown}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(fhir, tmp_path_factory, postgres_server, migrated_template):
    """What one process ends with."""
    name = "alone"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    url = postgres_server.replace("/postgres?", f"/{name}?")
    async with installed(tmp_path_factory.mktemp("alone"), fhir, url, ONE) as (services, ehr):
        await notify(services, fhir.told, seed=1)
        await idle(url)
        return kept(url), standing(ehr)


@pytest.mark.parametrize("roles", [TWO, SPLIT], ids=["two", "split"])
async def test_they_end_with_the_same_evidence_and_cards(
    roles, alone, fhir, tmp_path, migrated_postgres_url
):
    url = migrated_postgres_url
    async with installed(tmp_path, fhir, url, roles) as (services, ehr):
        telling = asyncio.create_task(notify(services, fhir.told, seed=2))
        await until(lambda: len(ehr.effects) > 3, "work has begun")
        assert await services[-1].stop() == 0  # drained in the middle of it
        await services[-1].start()
        await telling
        await idle(url)

        assert kept(url) == alone[0]
        assert standing(ehr) == alone[1]
        with psycopg.connect(url) as connection:
            taken = "SELECT count(*) FROM outbox WHERE destination = %s AND state = 'taken'"
            assert connection.execute(taken, [f"canary:{SOURCE}"]).fetchone()[0] >= 1
    assert len(alone[1]) > PATIENTS / 4
