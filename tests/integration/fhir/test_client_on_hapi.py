"""The client and the Subscriptions against the server that they are made for."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from tests.support.hapi import HapiClient
from tests.support.hapi_server import HapiServer
from tests.support.hospital import lab, order, person, problem, report, study

from marrowd.fhir.answers import Absent, Rejected
from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import interests, wanted
from marrowd.fhir.transport import Transport
from marrowd.rules.codes import load_codes
from marrowd.work.fetching import Bounds, Fetcher
from marrowd.work.listing import PatientLists
from marrowd.work.subscriptions import (
    list_subscriptions,
    remove_subscriptions,
    sync_subscriptions,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAKEN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FIRST, SECOND = "the-first-secret-1", "the-second-secret-2"


@pytest_asyncio.fixture(loop_scope="session")
async def client(hapi: HapiServer) -> AsyncIterator[FhirClient]:
    async with aiohttp.ClientSession() as session:
        yield FhirClient(Transport(session), hapi.base_url)


@pytest.fixture
def name() -> str:
    return uuid4().hex[:12]


async def test_sync_twice_changes_nothing_and_a_new_secret_is_written(
    client: FhirClient, name: str
) -> None:
    endpoint = f"http://127.0.0.1:9/events/{name}"
    one, other = (wanted(load_codes(), endpoint=endpoint, secret=s) for s in (FIRST, SECOND))
    try:
        made = await sync_subscriptions(client, one, endpoint=endpoint)
        again = await sync_subscriptions(client, one, endpoint=endpoint)
        rotated = await sync_subscriptions(client, other, endpoint=endpoint)
        listed = await list_subscriptions(client, endpoint=endpoint)
    finally:
        await remove_subscriptions(client, endpoint=endpoint)

    assert [row.done for row in made] == ["created"] * 4
    assert [(row.done, row.why) for row in again] == [("kept", "")] * 4
    assert [(row.done, row.why) for row in rotated] == [("updated", "secret")] * 4
    assert {row.state for row in listed} <= {"active", "requested"}
    assert await list_subscriptions(client, endpoint=endpoint) == []


async def test_numbers_are_as_written(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    await hapi_client.put(lab(name, f"Patient/{name}", at=TAKEN, value=18.50))

    read = await client.read(f"Observation/{name}")

    assert read["valueQuantity"]["value"].text == "18.5"


async def test_what_is_deleted_is_absent_at_the_servers_own_time(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    written = await hapi_client.put(lab(name, f"Patient/{name}", at=TAKEN))
    await hapi_client.delete(f"Observation/{name}")

    with pytest.raises(Absent) as caught:
        await client.read(f"Observation/{name}")

    assert caught.value.at is not None
    before = datetime.fromisoformat(written["meta"]["lastUpdated"])
    assert caught.value.at >= before - timedelta(seconds=1)  # an HTTP date has whole seconds


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/pdf", ""])
async def test_a_binary_comes_as_its_bytes(
    client: FhirClient, hapi_client: HapiClient, name: str, content_type: str
) -> None:
    data = base64.b64encode(b"edema").decode()
    stored = content_type or "text/plain"
    await hapi_client.put(
        {"resourceType": "Binary", "id": name, "contentType": stored, "data": data}
    )

    content = await client.content(f"Binary/{name}", content_type=content_type)

    assert (content.data, content.content_type) == (b"edema", stored)


async def test_what_belongs_together_is_found(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    patient = f"Patient/{name}"
    accession = [{"system": "urn:acc", "value": f"A,{name}"}]
    # HAPI finds by reference only what refers to something that is there.
    await hapi_client.put({"resourceType": "Patient", "id": name})
    await hapi_client.put(order(name, patient, at=TAKEN))
    await hapi_client.put(lab(name, patient, at=TAKEN))
    ordered = [{"reference": f"ServiceRequest/{name}"}]
    await hapi_client.put({**study(name, patient, at=TAKEN), "identifier": accession})
    written = report(name, patient, "x", at=TAKEN)[0]
    results = [{"reference": f"Observation/{name}"}]
    await hapi_client.put({**written, "basedOn": ordered, "result": results})

    by_accession = await client.search(
        "ImagingStudy", [("identifier", f"urn:acc|A\\,{name}")], is_private=True
    )
    by_order = await client.search("DiagnosticReport", [("based-on", f"ServiceRequest/{name}")])
    by_result = await client.search("DiagnosticReport", [("result", f"Observation/{name}")])
    by_day = await client.search(
        "DiagnosticReport",
        [("patient", patient), ("date", "ge2026-01-04"), ("date", "le2026-01-06")],
    )

    assert [[r["id"] for r in found] for found in (by_accession, by_order, by_result, by_day)] == [
        [name]
    ] * 4


async def test_problems_and_orders_of_several_patients_come_in_one_search(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    refs = [f"Patient/{name}{letter}" for letter in "abc"]
    for ref in refs:
        await hapi_client.put(person(ref))
    for ref in refs[:2]:  # the third has nothing
        ident = ref.removeprefix("Patient/")
        await hapi_client.put(problem(ident, ref, icd10="E55.9", since=TAKEN))
        await hapi_client.put(order(ident, ref, at=TAKEN))
    fetcher = Fetcher(name, client, bounds=Bounds())
    sent = 0

    async def every(*args: Any, **kwargs: Any) -> Any:
        nonlocal sent
        sent += 1
        return await Fetcher.every(fetcher, *args, **kwargs)

    fetcher.every = every
    problems = PatientLists(fetcher, "Condition", bounds=Bounds())
    orders = PatientLists(fetcher, "ServiceRequest", [("status", "active")], bounds=Bounds())

    for lists in (problems, orders):
        found = await asyncio.gather(*map(lists.of, refs))
        assert [[f"Patient/{r['id']}" for r in own or []] for own in found] == [
            [refs[0]],
            [refs[1]],
            [],
        ]
    assert sent == 2


async def test_an_equal_search_sees_what_has_just_come(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    await hapi_client.put({"resourceType": "Patient", "id": name})
    params = [("patient", f"Patient/{name}")]
    assert await client.search("Observation", params) == []

    await hapi_client.put(lab(name, f"Patient/{name}", at=TAKEN))

    assert len(await client.search("Observation", params)) == 1


async def test_every_sweep_is_a_search_that_the_server_knows(
    client: FhirClient, hapi_client: HapiClient, name: str
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for number in range(3):
        await hapi_client.put(lab(f"{name}-{number}", f"Patient/{name}", at=TAKEN))
    since = ("_lastUpdated", f"ge{before.isoformat(timespec='milliseconds')}")

    for interest in interests(load_codes()):
        params = [*interest.params, since, ("_sort", "_lastUpdated"), ("_count", "2")]
        pages = [page async for page in client.pages(interest.type, params)]
        times = [r["meta"]["lastUpdated"] for page in pages for r in page.resources]
        assert times == sorted(times)
        if interest.slug == "results":
            assert len(pages) > 1
            assert {f"{name}-{n}" for n in range(3)} <= {
                r["id"] for page in pages for r in page.resources
            }


@pytest.mark.parametrize("shortened", [("_elements", "id,meta"), ("_summary", "true")])
async def test_a_page_is_listed_without_what_makes_it_large(
    client: FhirClient, hapi_client: HapiClient, name: str, shortened: tuple[str, str]
) -> None:
    await hapi_client.put({"resourceType": "Patient", "id": name})
    written = await hapi_client.put(report(name, f"Patient/{name}", "x" * 9_000, at=TAKEN)[0])
    params = [("patient", f"Patient/{name}"), ("_sort", "_lastUpdated"), shortened]

    [listed] = await client.search("DiagnosticReport", params)

    assert listed["id"] == name
    for member in ("versionId", "lastUpdated"):
        assert written["meta"][member] == listed["meta"][member]
    assert len(str(listed)) < 2_000


async def test_a_parameter_that_the_server_does_not_know_is_refused(client: FhirClient) -> None:
    with pytest.raises(Rejected):
        await client.search("DiagnosticReport", [("imaging-study", "ImagingStudy/1")])
