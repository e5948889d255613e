"""A hospital of its own for each test, traced, on SQLite or on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.ops import hospital as hospitals
from tests.ops.hospital import Hospital
from tests.support.collector import Collector, collecting

from marrowd.store import migrate


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path) -> str:
    """Give the URL of a database that has our schema and nothing in it."""
    if request.param == "postgresql":
        return request.getfixturevalue("migrated_postgres_url")
    url = f"sqlite:///{tmp_path}/marrowd.sqlite3"
    migrate.upgrade(url)
    return url


@pytest_asyncio.fixture
async def hospital(tmp_path, store_url, collector) -> AsyncIterator[Hospital]:
    settings = {
        "tracing": {"endpoint": f'"{collector.url}"'},
        "store": {"url": f'"{store_url}"'},
        "log": {"format": '"json"'},
        "[sources]": {"subscribe": '"none"'},
    }
    async with hospitals.running(tmp_path, settings=settings) as hospital:
        yield hospital
