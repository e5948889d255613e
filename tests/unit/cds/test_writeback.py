"""Cards as Communications on a FHIR server that is slow, gone, wrong or asked twice."""

import json
from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.verdicts import verdict

from marrowd.cds import writeback
from marrowd.cds.cards import cards_for
from marrowd.cds.webhook import Answer, credentials
from marrowd.cds.writeback import FhirDestination

[CARD] = cards_for(verdict())
OTHER = {**CARD, "uuid": "7a1f4c1e-0000-5000-8000-000000000000"}


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer()) as server:
        yield server


@pytest.fixture
async def destination(server: FhirServer) -> AsyncIterator[FhirDestination]:
    async with aiohttp.ClientSession() as session:
        yield FhirDestination(
            session,
            name="ehr",
            url=server.base_url,
            shown=lambda: credentials("ehr", token="letmein"),
        )


def message(
    server: FhirServer,
    sequence: int,
    *,
    cards: tuple[dict[str, Any], ...] = (),
    retracts: tuple[str, ...] = (),
) -> bytes:
    said = {
        "id": f"msg_{sequence}",
        "patient": "Patient/1",
        "fhirServer": server.base_url,
        "sequence": sequence,
        "issued": f"2026-03-01T12:0{sequence}:00.123456Z",
        "cards": cards,
        "retracts": retracts,
        "about": ["DiagnosticReport/1", "Observation/1"] if cards else [],
    }
    return json.dumps(said).encode()


def story(server: FhirServer) -> list[bytes]:
    """Posted, replaced, taken back, posted anew."""
    return [
        message(server, 1, cards=(CARD,)),
        message(server, 2, cards=(OTHER,), retracts=(CARD["uuid"],)),
        message(server, 3, retracts=(OTHER["uuid"],)),
        message(server, 4, cards=(CARD,)),
    ]


def held(server: FhirServer) -> dict[str, str]:
    """Give the status of each card's one Communication."""
    states = [(r["identifier"][0]["value"], r["status"]) for r in server.of_type("Communication")]
    assert len(dict(states)) == len(states)
    return dict(states)


AT_THE_END = {CARD["uuid"]: "completed", OTHER["uuid"]: "entered-in-error"}


async def test_the_server_follows_the_story(
    server: FhirServer, destination: FhirDestination
) -> None:
    seen = []
    for body in story(server):
        assert await destination.send("m", body) == Answer(status=200)
        seen.append(held(server))

    assert seen == [
        {CARD["uuid"]: "completed"},
        {CARD["uuid"]: "entered-in-error", OTHER["uuid"]: "completed"},
        {CARD["uuid"]: "entered-in-error", OTHER["uuid"]: "entered-in-error"},
        AT_THE_END,
    ]
    assert {s.headers["Authorization"] for s in server.seen} == {"Bearer letmein"}
    made = [s for s in server.seen if s.method == "POST"]
    assert all(s.headers["If-None-Exist"].startswith("identifier=urn") for s in made)


async def test_each_message_may_come_twice_and_late(
    server: FhirServer, destination: FhirDestination
) -> None:
    for body in story(server):
        await destination.send("m", body)
        await destination.send("m", body)
    writes = len([s for s in server.seen if s.method != "GET"])
    for body in story(server):
        await destination.send("m", body)

    assert held(server) == AT_THE_END
    assert writes == len([s for s in server.seen if s.method != "GET"])


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_in_any_order_they_end_alike(
    server: FhirServer, destination: FhirDestination, order: tuple[int, ...]
) -> None:
    bodies = story(server)
    for number in order:
        assert (await destination.send("m", bodies[number])).status == 200

    assert held(server) == AT_THE_END


class Dropping(FhirServer):
    """Drops the connection of one request, before or after it took effect."""

    def __init__(self, *, at: int, is_late: bool) -> None:
        super().__init__()
        self._left = at
        self._is_late = is_late

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self._left -= 1
        if self._left:
            return await super().handle(request)
        if self._is_late:
            await super().handle(request)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


@pytest.mark.parametrize("is_late", [False, True], ids=["unseen", "answer lost"])
@pytest.mark.parametrize("at", range(1, 11))
async def test_a_crash_at_any_request_is_made_good(*, at: int, is_late: bool) -> None:
    async with (
        running(Dropping(at=at, is_late=is_late)) as server,
        aiohttp.ClientSession() as session,
    ):
        destination = FhirDestination(session, name="ehr", url=server.base_url)
        for body in story(server):
            while (await destination.send("m", body)).status != 200:
                pass

        assert held(server) == AT_THE_END


async def test_a_withdrawal_of_what_was_never_told_writes_nothing(
    server: FhirServer, destination: FhirDestination
) -> None:
    answer = await destination.send("m", message(server, 1, retracts=(CARD["uuid"],)))

    assert (answer.status, held(server)) == (200, {})


async def test_of_two_that_crossed_one_is_kept(
    server: FhirServer, destination: FhirDestination
) -> None:
    await destination.send("m", message(server, 1, cards=(CARD,)))
    [first] = server.of_type("Communication")
    server.put({**first, "id": "99999"})

    await destination.send("m", message(server, 2, cards=(CARD,)))

    states = {r["id"]: r["status"] for r in server.of_type("Communication")}
    assert states == {first["id"]: "completed", "99999": "entered-in-error"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 422, 429, 500, 503])
async def test_a_refusal_is_the_answer(
    server: FhirServer, destination: FhirDestination, status: int, method: str
) -> None:
    headers = {"Retry-After": "7", "Location": "/elsewhere"}
    server.faults.append(Fault(prefix="/Comm", method=method, status=status, headers=headers))

    answer = await destination.send("m", message(server, 1, cards=(CARD,)))

    assert answer == Answer(status=status, retry_after_s=7.0)
    assert not server.asked("/elsewhere")


@pytest.mark.parametrize("sequence", [1, 2], ids=["posted", "withdrawn"])
async def test_what_is_not_ours_is_never_written_over(
    server: FhirServer, destination: FhirDestination, sequence: int
) -> None:
    theirs = server.put({"resourceType": "Communication", "id": "theirs", "status": "completed"})
    # A server may ignore a search parameter it does not know, and answer with everything it has.
    everything = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": theirs}]}
    server.faults.append(
        Fault(prefix="/Comm", method="GET", status=200, body=json.dumps(everything).encode())
    )

    answer = await destination.send("m", story(server)[sequence - 1])

    assert answer == Answer(problem="not_searched")
    assert server.of_type("Communication") == [theirs]


@pytest.mark.parametrize("status", [409, 412])
async def test_who_created_meanwhile_is_looked_for_again(
    server: FhirServer, destination: FhirDestination, status: int
) -> None:
    server.faults.append(Fault(prefix="/Comm", method="POST", status=status, times=1))
    body = message(server, 1, cards=(CARD,))

    assert await destination.send("m", body) == Answer(problem="conflict")
    assert (await destination.send("m", body)).status == 200
    assert held(server) == {CARD["uuid"]: "completed"}


@pytest.mark.parametrize("status", [404, 409, 410, 412])
async def test_who_wrote_meanwhile_is_read_again(
    server: FhirServer, destination: FhirDestination, status: int
) -> None:
    await destination.send("m", message(server, 1, cards=(CARD,)))
    server.faults.append(Fault(prefix="/Comm", method="PUT", status=status, times=1))
    body = message(server, 2, retracts=(CARD["uuid"],))

    assert await destination.send("m", body) == Answer(problem="conflict")
    assert (await destination.send("m", body)).status == 200
    [put] = [s for s in server.seen if s.method == "PUT"][1:]
    assert put.headers["If-Match"] == 'W/"1"'


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        pytest.param(Fault(prefix="/", is_dropped=True), "connection", id="dropped"),
        pytest.param(Fault(prefix="/", status=200, body=b"<html>"), "not_fhir", id="a login page"),
        pytest.param(Fault(prefix="/", status=200, body=b"[]"), "not_fhir", id="a list"),
        pytest.param(Fault(prefix="/", is_endless=True), "too_large", id="endless"),
    ],
)
async def test_what_is_no_answer_is_named(
    server: FhirServer, destination: FhirDestination, fault: Fault, problem: str
) -> None:
    server.faults.append(fault)

    answer = await destination.send("m", message(server, 1, cards=(CARD,)))

    assert answer == Answer(problem=problem)


async def test_a_slow_answer_is_not_waited_for(server: FhirServer) -> None:
    server.faults.append(Fault(prefix="/", delay_s=5.0))
    async with aiohttp.ClientSession() as session:
        destination = FhirDestination(session, name="ehr", url=server.base_url, timeout_s=0.1)

        answer = await destination.send("m", message(server, 1, cards=(CARD,)))

    assert answer == Answer(problem="timeout")


async def test_all_requests_together_have_a_limit(
    server: FhirServer, destination: FhirDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeback, "WHOLE_S", 0.3)
    server.faults.append(Fault(prefix="/", delay_s=0.2))

    answer = await destination.send("m", message(server, 1, cards=(CARD,)))

    assert answer == Answer(problem="timeout")
