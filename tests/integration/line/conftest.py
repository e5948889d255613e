"""One HAPI, one service, one EHR for all tests of the line; each test has patients of its own."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.support.hospital import person
from tests.support.line import running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def line(hapi, hapi_client, tmp_path_factory):
    """The line that most tests share."""
    async with running("hapi", tmp_path_factory.mktemp("line"), hapi, hapi_client) as line:
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def patient(hapi_client):
    """A patient on the server whom no other test has."""
    patient = f"Patient/p-{uuid4().hex[:12]}"
    await hapi_client.put(person(patient))
    return patient


@pytest.fixture
def name(patient):
    """A stem for ids of this test's resources."""
    return patient.removeprefix("Patient/p-")


@pytest.fixture(scope="session")
def study_day():
    """When the foot was imaged: far from every edge of a window, whatever day the tests run."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
