"""What no notification brought is found: at a restart by itself, at any time by the command."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from tests.support.hospital import EDEMA, lab, report
from tests.support.line import running
from tests.support.service import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
SOURCE = "missed"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def missing(hapi, hapi_client, tmp_path_factory):
    """A line of its own, because it is cut."""
    folder = tmp_path_factory.mktemp(SOURCE)
    async with running(SOURCE, folder, hapi, hapi_client) as line:
        yield line


@pytest.fixture
def what_happens(name, patient, study_day):
    return [
        lab(f"lab-{name}", patient, at=study_day - timedelta(days=10)),
        *report(f"mri-{name}", patient, EDEMA, at=study_day, form="binary"),
    ]


async def test_restart_finds_what_happened_while_the_service_was_down(
    missing, patient, what_happens
):
    await missing.service.kill()
    refused = missing.server.count().refused
    await missing.hapi.transaction(what_happens)
    await until(lambda: missing.server.count().refused > refused, "HAPI has tried in vain")
    await missing.disconnect()
    missing.service.move()  # what HAPI still tries goes to the old address
    await missing.service.start()

    message = await missing.message(patient)
    await missing.idle()

    assert message["verdict"] == "association"
    assert len(missing.messages(patient)) == 1
    assert await missing.service.metric("marrowd_sweep_recovered_total", source=SOURCE) >= 2


async def test_sweep_command_finds_what_no_subscription_brought(missing, patient, what_happens):
    await missing.disconnect()
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    await missing.hapi.transaction(what_happens)
    await missing.idle()
    assert patient not in missing.service.verdicts()

    swept = await missing.service.run("sweep", "--source", SOURCE, "--since", since)
    message = await missing.message(patient)
    again = await missing.service.run("sweep", "--source", SOURCE, "--since", since)
    await missing.idle()

    assert (swept.code, again.code) == (0, 0), swept.err + again.err
    assert message["verdict"] == "association"
    assert len(missing.messages(patient)) == 1
