"""Many patients to one search, and none of them any the worse for the others."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.support.fhir_server import Fault, FhirServer, running

from marrowd.errors import EhrUnavailable
from marrowd.fhir.answers import LeftAlone
from marrowd.fhir.client import FhirClient
from marrowd.fhir.transport import Limits, Transport
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.listing import Found, PatientLists

BOUNDS = Bounds(together=3, searches=2)


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer()) as server:
        yield server


@pytest.fixture
async def fetcher(server: FhirServer) -> AsyncIterator[Fetcher]:
    async with aiohttp.ClientSession() as session:
        client = FhirClient(Transport(session, limits=Limits(tries=1)), server.base_url)
        yield Fetcher("hospital", client, bounds=BOUNDS)


@pytest.fixture
def lists(fetcher: Fetcher) -> PatientLists:
    return PatientLists(fetcher, "Condition", bounds=BOUNDS)


def problem(ident: str, patient: str) -> dict:
    return {"resourceType": "Condition", "id": ident, "subject": {"reference": patient}}


async def asked(lists: PatientLists, *patients: str) -> list[Found | BaseException]:
    return await asyncio.gather(*map(lists.of, patients), return_exceptions=True)


def ids(found: Found | BaseException) -> list[str]:
    assert isinstance(found, list), found
    return [resource["id"] for resource in found]


def searched(server: FhirServer) -> list[str]:
    """Give the patients of each search since the last look."""
    queries = sorted(seen.query.removeprefix("patient=") for seen in server.seen)
    server.seen.clear()
    return queries


async def proven(lists: PatientLists, server: FhirServer) -> None:
    server.put(problem("1", "Patient/1"))
    server.put(problem("2", "Patient/2"))
    await asked(lists, "Patient/1", "Patient/2")
    server.seen.clear()


async def test_those_who_wait_are_asked_about_together(
    lists: PatientLists, server: FhirServer
) -> None:
    for number in (1, 2, 3):
        server.put(problem(f"a{number}", f"Patient/{number}"))
    server.put(problem("b1", "Patient/1"))

    found = await asked(lists, "Patient/1", "Patient/2", "Patient/3")

    assert [ids(own) for own in found] == [["a1", "b1"], ["a2"], ["a3"]]
    assert searched(server) == ["Patient/1,Patient/2,Patient/3"]


async def test_one_alone_is_asked_about_at_once(lists: PatientLists, server: FhirServer) -> None:
    server.put(problem("1", "Patient/1"))

    assert ids(await lists.of("Patient/1")) == ["1"]
    assert searched(server) == ["Patient/1"]


async def test_one_who_is_asked_for_twice_gets_it_twice(
    lists: PatientLists, server: FhirServer
) -> None:
    await proven(lists, server)

    found = await asked(lists, "Patient/1", "Patient/1", "Patient/3")

    assert [ids(own) for own in found] == [["1"], ["1"], []]


async def test_nothing_found_counts_once_two_were_named_in_one_answer(
    lists: PatientLists, server: FhirServer
) -> None:
    server.put(problem("1", "Patient/1"))

    assert [ids(own) for own in await asked(lists, "Patient/1", "Patient/2")] == [["1"], []]
    assert searched(server) == ["Patient/1,Patient/2", "Patient/2"]

    await proven(lists, server)

    assert [ids(own) for own in await asked(lists, "Patient/3", "Patient/4")] == [[], []]
    assert searched(server) == ["Patient/3,Patient/4"]


async def test_a_server_that_takes_the_list_for_an_id_costs_nobody_anything(
    lists: PatientLists, server: FhirServer
) -> None:
    server.takes_lists = False
    server.put(problem("2", "Patient/2"))

    with capture_logs() as logs:
        found = await asked(lists, "Patient/1", "Patient/2")
        assert [ids(own) for own in found] == [[], ["2"]]
        assert searched(server) == ["Patient/1", "Patient/1,Patient/2", "Patient/2"]
        await asked(lists, "Patient/1", "Patient/2", "Patient/3")

    assert searched(server) == ["Patient/1", "Patient/2", "Patient/3"]
    assert [line["event"] for line in logs] == ["patients_asked_one_by_one"]


async def test_a_server_that_refuses_lists_is_asked_one_by_one(
    lists: PatientLists, server: FhirServer
) -> None:
    server.put(problem("1", "Patient/1"))
    server.put(problem("2", "Patient/2"))
    server.faults.append(Fault(prefix="/Condition", times=1, status=400))

    found = await asked(lists, "Patient/1", "Patient/2")

    assert [ids(own) for own in found] == [["1"], ["2"]]
    server.seen.clear()
    await asked(lists, "Patient/1", "Patient/2")
    assert searched(server) == ["Patient/1", "Patient/2"]


@pytest.mark.parametrize("fault", [Fault(prefix="/Condition", times=1, status=500)])
async def test_what_goes_wrong_with_many_is_tried_with_each(
    lists: PatientLists, server: FhirServer, fault: Fault
) -> None:
    await proven(lists, server)
    server.faults.append(fault)

    found = await asked(lists, "Patient/1", "Patient/2")

    assert [ids(own) for own in found] == [["1"], ["2"]]
    assert searched(server) == ["Patient/1", "Patient/1,Patient/2", "Patient/2"]
    await asked(lists, "Patient/1", "Patient/2")
    assert searched(server) == ["Patient/1,Patient/2"]  # it was no fault of the list


async def test_one_who_cannot_be_had_takes_nobody_along(
    lists: PatientLists, server: FhirServer
) -> None:
    await proven(lists, server)
    server.faults.append(Fault(prefix="/Condition", times=2, status=500))

    found = await asked(lists, "Patient/1", "Patient/2")

    assert sorted(type(own) for own in found if isinstance(own, Exception)) == [EhrUnavailable]
    assert len([own for own in found if isinstance(own, list)]) == 1


async def test_a_list_that_may_not_be_seen_is_none_for_each(
    lists: PatientLists, server: FhirServer
) -> None:
    server.faults.append(Fault(prefix="/Condition", status=403))

    assert await asked(lists, "Patient/1", "Patient/2") == [None, None]


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/9"},
        {"reference": "https://elsewhere.example/fhir/Patient/1"},
        {"identifier": {"system": "urn:mrn", "value": "1"}},
    ],
)
async def test_an_answer_that_names_somebody_else_is_not_dealt_out(
    lists: PatientLists, server: FhirServer, subject: dict
) -> None:
    await proven(lists, server)
    odd = server.put({**problem("odd", "Patient/1"), "also": subject})
    answer = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": {**odd, "subject": subject}}],
    }
    body = str(answer).replace("'", '"').encode()
    headers = {"Content-Type": "application/fhir+json"}
    server.faults.append(
        Fault(prefix="/Condition", times=1, status=200, headers=headers, body=body)
    )

    found = await asked(lists, "Patient/1", "Patient/2")

    assert [ids(own) for own in found] == [["1", "odd"], ["2"]]
    assert searched(server) == ["Patient/1", "Patient/1,Patient/2", "Patient/2"]


async def test_a_server_that_is_left_alone_is_asked_about_nobody(
    server: FhirServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> list[dict]:
        message = "not asked"
        raise LeftAlone(message)

    monkeypatch.setattr(Fetcher, "every", refuse)
    lists = PatientLists(fetcher, "Condition", bounds=BOUNDS)

    found = await asked(lists, "Patient/1", "Patient/2")

    assert [type(own) for own in found] == [LeftAlone, LeftAlone]
    assert server.seen == []


async def test_a_search_names_so_many_and_so_many_are_under_way(
    lists: PatientLists, server: FhirServer
) -> None:
    await proven(lists, server)
    server.faults.append(Fault(prefix="/Condition", delay_s=0.05))
    waiting = asyncio.gather(*(lists.of(f"Patient/{number}") for number in range(1, 11)))
    await asyncio.sleep(0.03)

    assert len(server.seen) == BOUNDS.searches

    assert len(await waiting) == 10
    assert [query.count(",") + 1 for query in searched(server)] == [3, 1, 3, 3]


async def test_nobody_hangs_when_the_asking_is_cut_short(
    lists: PatientLists, server: FhirServer
) -> None:
    server.faults.append(Fault(prefix="/Condition", delay_s=5))
    waiting = [lists.of("Patient/1"), lists.of("Patient/2")]
    waiting[1].cancel()  # one who gave up changes nothing for the others
    await asyncio.sleep(0.01)

    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if "PatientLists" in str(task.get_coro()):
            task.cancel()

    with pytest.raises(EhrUnavailable):
        await waiting[0]
