"""The transport and its circuit breaker: what counts as nobody being there."""

import asyncio
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer, running

from marrowd.errors import MarrowdError
from marrowd.fhir.answers import LeftAlone, Unreachable
from marrowd.fhir.breaker import Breaker, BreakerLimits, State
from marrowd.fhir.client import FhirClient
from marrowd.fhir.transport import Limits, Transport
from marrowd.telemetry.metrics import CallOutcome, Operation

LIMITS = Limits(timeout_s=0.3, tries=1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    limits = BreakerLimits(opens_after=2, first_pause_s=10.0)
    return Breaker(clock=clock, rng=random.Random(1), limits=limits)  # noqa: S311 - jitter


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer()) as server:
        server.put({"resourceType": "Observation", "id": "1"})
        yield server


@pytest.fixture
def calls() -> list[tuple[Operation, CallOutcome]]:
    return []


@pytest.fixture
async def client(server, breaker, calls) -> AsyncIterator[FhirClient]:
    async with aiohttp.ClientSession() as session:
        transport = Transport(
            session,
            breaker=breaker,
            limits=LIMITS,
            observe=lambda operation, outcome, _s: calls.append((operation, outcome)),
        )
        yield FhirClient(transport, server.base_url)


async def failed(client: FhirClient, times: int) -> None:
    for _ in range(times):
        with pytest.raises(MarrowdError):
            await client.read("Observation/1")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"is_dropped": True}, id="no answer"),
        pytest.param({"delay_s": 0.5}, id="too late"),
        pytest.param({"status": 502}, id="bad gateway"),
        pytest.param({"status": 503}, id="unavailable"),
        pytest.param({"status": 504}, id="gateway time-out"),
    ],
)
async def test_a_server_that_is_not_there_is_left_alone(client, server, calls, fault) -> None:
    server.faults.append(Fault(prefix="/", **fault))
    await failed(client, 2)

    with pytest.raises(LeftAlone, match="read not asked") as raised:
        await client.read("Observation/1")

    assert raised.value.retry_after_s >= 10.0
    assert calls == [(Operation.READ, CallOutcome.UNAVAILABLE)] * 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 429, 500])
async def test_any_answer_says_that_somebody_is_there(client, server, breaker, status) -> None:
    server.faults.append(Fault(prefix="/", status=status))

    await failed(client, 5)

    assert breaker.state is State.CLOSED


async def test_one_trial_then_all_pass_again(client, server, breaker, clock) -> None:
    server.faults.append(Fault(prefix="/", status=503, times=2))
    await failed(client, 2)
    clock.now += 60.0
    server.faults.append(Fault(prefix="/", delay_s=0.1, times=1))

    results = await asyncio.gather(
        *(client.read("Observation/1") for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(result, LeftAlone) for result in results) == 4
    assert breaker.state is State.CLOSED
    await client.read("Observation/1")


async def test_a_trial_that_is_cancelled_is_no_news(client, server, breaker, clock) -> None:
    server.faults.append(Fault(prefix="/", status=503, times=2))
    await failed(client, 2)
    clock.now += 60.0
    server.faults.append(Fault(prefix="/", delay_s=0.2, times=1))
    trial = asyncio.create_task(client.read("Observation/1"))
    await asyncio.sleep(0.05)

    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)

    assert breaker.state is State.OPEN
    await client.read("Observation/1")


async def test_repeats_of_one_request_count_too(server, breaker) -> None:
    server.faults.append(Fault(prefix="/", status=503))
    limits = Limits(tries=5, first_pause_s=0.001)
    async with aiohttp.ClientSession() as session:
        client = FhirClient(Transport(session, breaker=breaker, limits=limits), server.base_url)
        with pytest.raises(LeftAlone):
            await client.read("Observation/1")

    assert len(server.seen) == 2


async def test_without_a_breaker_every_request_is_made(server) -> None:
    server.faults.append(Fault(prefix="/", status=503))
    async with aiohttp.ClientSession() as session:
        client = FhirClient(Transport(session, limits=LIMITS), server.base_url)
        for _ in range(7):
            with pytest.raises(Unreachable):
                await client.read("Observation/1")

    assert len(server.seen) == 7
