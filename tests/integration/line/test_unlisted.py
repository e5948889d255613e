"""What no search lists, on a real HAPI: a deletion nobody told, a late report, a merged patient."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.support import ehr as stand_in
from tests.support.ehr import Ehr
from tests.support.hospital import EDEMA, lab, person, report, study
from tests.support.line import Line, webhook_secret
from tests.support.service import Service, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def untold(hapi, hapi_client, tmp_path_factory):
    """A service that HAPI tells nothing: it has sweeps and what a test brings."""
    secret = webhook_secret()
    async with stand_in.running(Ehr(secrets=(secret,))) as ehr:
        service = Service(
            tmp_path_factory.mktemp("untold"),
            source="untold",
            base_url=hapi_client.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
            settings={"[sources]": {"subscribe": '"none"'}},
        )
        try:
            await service.start()
            yield Line(hapi, hapi_client, service, ehr)
        finally:
            await service.stop()


async def sweep(line):
    """Sweep on demand, and only what is new: the server holds what all other tests wrote."""
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    swept = await line.service.run("sweep", "--since", since)
    assert swept.code == 0, swept.err


async def test_a_deletion_that_nobody_told_withdraws_the_card(untold, patient, name, study_day):
    level = lab(f"l-{name}", patient, at=study_day - timedelta(days=3))
    for resource in (level, *report(f"m-{name}", patient, EDEMA, at=study_day)):
        assert await untold.deliver(await untold.hapi.put(resource)) == 204
    await untold.message(patient)

    await untold.hapi.delete(f"Observation/l-{name}")
    await sweep(untold)

    message = await untold.message(patient, 2)
    assert message["type"] == "card.retracted"


async def test_a_late_report_that_nothing_names_is_found_by_its_study(
    untold, patient, name, study_day
):
    level = lab(f"l-{name}", patient, at=study_day - timedelta(days=3))
    for resource in (level, study(f"s-{name}", patient, at=study_day)):
        assert await untold.deliver(await untold.hapi.put(resource)) == 204
    await untold.verdict(patient, "report_pending")

    late, *_ = report(f"m-{name}", patient, EDEMA, at=study_day)
    del late["category"]
    late["code"] = {"text": "MRI right foot"}
    await untold.hapi.put(late)
    await sweep(untold)

    message = await untold.message(patient)
    assert message["verdict"] == "association"


async def test_evidence_follows_a_merged_patient_and_back(untold, patient, name, study_day):
    survivor = f"Patient/p-{uuid4().hex[:12]}"
    await untold.hapi.put(person(survivor))
    level = lab(f"l-{name}", patient, at=study_day - timedelta(days=3))
    for resource in (level, *report(f"m-{name}", patient, EDEMA, at=study_day)):
        assert await untold.deliver(await untold.hapi.put(resource)) == 204
    await untold.message(patient)

    link = [{"other": {"reference": survivor}, "type": "replaced-by"}]
    merged = await untold.hapi.put({**person(patient), "link": link})
    assert await untold.deliver(merged) == 204
    assert (await untold.message(patient, 2))["type"] == "card.retracted"
    assert (await untold.message(survivor))["type"] == "card.posted"

    apart = await untold.hapi.put({**person(patient), "active": True})
    assert await untold.deliver(apart) == 204
    assert (await untold.message(patient, 3))["type"] == "card.posted"
    assert (await untold.message(survivor, 2))["type"] == "card.retracted"
    await until(untold.service.is_idle, "nothing is left to do")
