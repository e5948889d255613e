"""Communications on the server that they are made for."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from fhir.resources.R4B.communication import Communication
from tests.support.hapi import HapiClient
from tests.support.hapi_server import HapiServer
from tests.support.verdicts import verdict

from marrowd.cds.cards import cards_for
from marrowd.cds.writeback import FhirDestination

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def destination(hapi: HapiServer) -> AsyncIterator[FhirDestination]:
    async with aiohttp.ClientSession() as session:
        yield FhirDestination(session, name="ehr", url=hapi.base_url)


@pytest.fixture
def patient() -> str:
    return f"cw-{uuid4().hex[:12]}"


async def tell(
    destination: FhirDestination,
    hapi: HapiClient,
    patient: str,
    sequence: int,
    *,
    cards: tuple[dict[str, Any], ...] = (),
    retracts: tuple[str, ...] = (),
) -> None:
    message = {
        "id": f"msg_{sequence}",
        "patient": f"Patient/{patient}",
        "fhirServer": hapi.base_url,
        "sequence": sequence,
        "issued": f"2026-03-01T12:0{sequence}:00.123456Z",
        "cards": cards,
        "retracts": retracts,
        "about": [f"DiagnosticReport/{patient}", f"Observation/{patient}"] if cards else [],
    }
    answer = await destination.send("m", json.dumps(message).encode())
    assert answer.status == 200, answer


async def held(hapi: HapiClient, card: dict[str, Any]) -> list[dict[str, Any]]:
    return await hapi.search("Communication", identifier=f"urn:marrowd:card|{card['uuid']}")


async def test_posted_twice_replaced_withdrawn_and_posted_again(
    destination: FhirDestination, hapi_client: HapiClient, patient: str
) -> None:
    card, other = ({**cards_for(verdict())[0], "uuid": str(uuid4())} for _ in range(2))
    await hapi_client.put({"resourceType": "Patient", "id": patient})
    for _ in range(2):
        await tell(destination, hapi_client, patient, 1, cards=(card,))

    [posted] = await held(hapi_client, card)
    Communication.model_validate(posted)
    assert (posted["status"], posted["meta"]["versionId"]) == ("completed", "1")
    assert posted["payload"][0]["contentString"] == f"{card['summary']}\n\n{card['detail']}"
    assert posted["about"][0] == {"reference": f"DiagnosticReport/{patient}"}

    await tell(destination, hapi_client, patient, 2, cards=(other,), retracts=(card["uuid"],))
    [first], [second] = [await held(hapi_client, one) for one in (card, other)]
    assert (first["status"], second["status"]) == ("entered-in-error", "completed")

    await tell(destination, hapi_client, patient, 3, retracts=(other["uuid"],))
    await tell(destination, hapi_client, patient, 4, cards=(card,))
    for sequence in (1, 2):  # replayed, too late
        await tell(
            destination,
            hapi_client,
            patient,
            sequence,
            cards=(card,) if sequence == 1 else (other,),
            retracts=() if sequence == 1 else (card["uuid"],),
        )

    [first], [second] = [await held(hapi_client, one) for one in (card, other)]
    assert (first["status"], second["status"]) == ("completed", "entered-in-error")
    assert first["meta"]["versionId"] == "3"


async def test_a_withdrawal_before_the_card_holds_its_place(
    destination: FhirDestination, hapi_client: HapiClient, patient: str
) -> None:
    card = {**cards_for(verdict())[0], "uuid": str(uuid4())}
    await hapi_client.put({"resourceType": "Patient", "id": patient})

    await tell(destination, hapi_client, patient, 2, retracts=(card["uuid"],))
    await tell(destination, hapi_client, patient, 1, cards=(card,))

    [only] = await held(hapi_client, card)
    assert only["status"] == "entered-in-error"
    assert {r["id"] for r in await hapi_client.search("Communication", subject=patient)} == {
        only["id"]
    }
