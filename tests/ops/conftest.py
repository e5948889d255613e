"""One hospital under traffic and one Prometheus for all tests of this folder."""

import asyncio
import contextlib
import itertools

import pytest_asyncio
from tests.ops.hospital import running
from tests.ops.prometheus import scraping


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hospital(tmp_path_factory):
    """A hospital; what has happened in it so far is what tests before this one did."""
    folder = tmp_path_factory.mktemp("hospital")
    async with running(folder, settings={"[sources]": {"canary": "true"}}) as hospital:
        yield hospital


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def watched(hospital, tmp_path_factory):
    """A Prometheus that has seen traffic begin and go on."""
    target = hospital.service.ops_url.removeprefix("http://")
    async with scraping(tmp_path_factory.mktemp("prometheus"), target) as prometheus:
        await hospital.day(0)
        going_on = asyncio.create_task(_days(hospital))
        yield prometheus
        going_on.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await going_on


async def _days(hospital):
    """Keep traffic up, a patient a second: a rate over nothing shows nothing."""
    for number in itertools.count(1):
        await hospital.day(number)
        await asyncio.sleep(1)
