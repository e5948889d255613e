import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.store import NOON, HandClock

from marrowd.core.facts import Fact, Version
from marrowd.errors import EhrUnavailable
from marrowd.fhir.client import FhirClient
from marrowd.fhir.subjects import Subject
from marrowd.fhir.transport import Limits, Transport
from marrowd.work.background import tombstone_of
from marrowd.work.fetching import Bounds, Fetcher, any_of
from marrowd.work.retrying import NoSubject
from marrowd.work.sharing import Shared
from marrowd.work.subjects import patient_of

BEFORE = NOON - timedelta(seconds=1)


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer()) as server:
        yield server


@pytest.fixture
async def client(server: FhirServer) -> AsyncIterator[FhirClient]:
    async with aiohttp.ClientSession() as session:
        yield FhirClient(Transport(session, limits=Limits(tries=1)), server.base_url)


@pytest.fixture
def fetcher(client: FhirClient) -> Fetcher:
    return Fetcher("hospital", client, bounds=Bounds(contents=2, related=2, parallel=2))


async def test_parts_that_are_not_there_are_told_from_those_that_are(
    fetcher: Fetcher, server: FhirServer
) -> None:
    server.put({"resourceType": "Observation", "id": "1"})
    server.put({"resourceType": "Observation", "id": "2"})
    server.faults.append(Fault(prefix="/Observation/2", status=403))

    found, gone = await fetcher.read(
        ["Observation/1", "Observation/2", "Observation/3", "not a reference"]
    )

    assert [r["id"] for r in found] == ["1"]
    assert [g.ref for g in gone] == ["Observation/3"]
    assert gone[0].at is not None  # the server's own time


async def test_a_server_that_is_down_stops_the_rest(fetcher: Fetcher, server: FhirServer) -> None:
    server.faults.append(Fault(prefix="/Observation/0", status=500))
    server.faults.append(Fault(prefix="/Observation", delay_s=0.2))

    with pytest.raises(EhrUnavailable):
        await fetcher.read([f"Observation/{n}" for n in range(20)])

    assert len(server.seen) < 20


async def test_only_so_many_are_asked_for(fetcher: Fetcher, server: FhirServer) -> None:
    for number in range(4):
        server.put({"resourceType": "Observation", "id": str(number)})

    assert len(await fetcher.contents([f"Binary/{n}" for n in range(5)])) == 2
    assert len(await fetcher.search("Observation", [])) == 2
    assert len(await fetcher.listed("Observation", []) or []) == 4


@pytest.mark.parametrize(
    ("tokens", "value"),
    [
        (["urn:a|1", "urn:b|2"], "urn:a|1,urn:b|2"),
        (["urn:a|1,2"], r"urn:a|1\,2"),
        (["urn:a|$\\"], "urn:a|\\$\\\\"),
    ],
)
def test_search_values_are_escaped(tokens: list[str], value: str) -> None:
    assert any_of(tokens) == value


@pytest.mark.parametrize("is_ours", [True, False])
async def test_an_absolute_subject_counts_only_on_this_server(
    client: FhirClient, *, is_ours: bool
) -> None:
    base = client.base_url.partition("://")[2] if is_ours else "elsewhere/fhir"
    subject = Subject(patient="Patient/1", base=base)

    if is_ours:
        assert await patient_of(subject, client) == "Patient/1"
    else:
        with pytest.raises(NoSubject):
            await patient_of(subject, client)


async def test_an_identifier_of_two_patients_is_nobody(
    client: FhirClient, server: FhirServer
) -> None:
    for ident in ("1", "2"):
        identifier = [{"system": "urn:mrn", "value": "7"}]
        server.put({"resourceType": "Patient", "id": ident, "identifier": identifier})

    with pytest.raises(NoSubject, match="2 Patients"):
        await patient_of(Subject(identifiers=("urn:mrn|7",)), client)


def test_a_tombstone_wins_over_what_is_stored_even_with_a_slow_clock() -> None:
    stored = Fact(
        ref="Observation/1",
        patient="Patient/1",
        version=Version(last_updated=NOON, version_id=3, digest="ff"),
        version_id="3",
    )

    tomb = tombstone_of("Observation/1", stored, at=NOON.replace(year=2020))

    assert tomb.version.order > stored.version.order
    assert tomb.patient == "Patient/1"


def shared(clock: HandClock, *, most: int = 9) -> Shared[int]:
    return Shared(clock=clock, most=most)


async def test_one_fetch_serves_all_who_came_before_it_began() -> None:
    clock = HandClock()
    numbers, kept = iter(range(9)), shared(clock)

    async def fetch() -> int:
        await asyncio.sleep(0.01)
        return next(numbers)

    asked = [kept.get("a", fetch, since=BEFORE) for _ in range(5)]
    assert await asyncio.gather(*asked) == [0] * 5
    clock.move(timedelta(seconds=5))
    assert await kept.get("a", fetch, since=BEFORE) == 0
    assert await kept.get("b", fetch, since=BEFORE) == 1


async def test_one_who_comes_later_gets_something_newer() -> None:
    clock = HandClock()
    numbers, kept = iter(range(9)), shared(clock)

    async def fetch() -> int:
        return next(numbers)

    assert await kept.get("a", fetch, since=BEFORE) == 0
    clock.move(timedelta(seconds=1))
    assert await kept.get("a", fetch, since=clock()) == 1


async def test_a_failure_is_not_kept() -> None:
    kept = shared(HandClock())

    async def fail() -> int:
        raise EhrUnavailable(str(kept))

    async def succeed() -> int:
        return 1

    with pytest.raises(EhrUnavailable):
        await kept.get("a", fail, since=BEFORE)

    assert await kept.get("a", succeed, since=BEFORE) == 1


async def test_only_so_many_are_kept() -> None:
    numbers, kept = iter(range(9)), shared(HandClock(), most=1)

    async def fetch() -> int:
        return next(numbers)

    assert [await kept.get(key, fetch, since=BEFORE) for key in "aba"] == [0, 1, 2]


async def test_one_who_gives_up_leaves_the_answer_to_the_others() -> None:
    kept = shared(HandClock())
    go = asyncio.Event()

    async def fetch() -> int:
        await go.wait()
        return 1

    first = asyncio.create_task(kept.get("a", fetch, since=BEFORE))
    second = asyncio.create_task(kept.get("a", fetch, since=BEFORE))
    await asyncio.sleep(0)
    first.cancel()
    go.set()

    assert await second == 1
