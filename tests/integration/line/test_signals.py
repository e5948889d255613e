"""What the signals that operators send do to the running service."""

import pytest
from tests.support.service import Service, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_sighup_ends_nothing_and_is_told(tmp_path):
    service = Service(
        tmp_path,
        source="hospital",
        base_url="http://127.0.0.1:1/fhir",
        ehr_url="http://127.0.0.1:1/cards",
        webhook_secret="whsec_" + "a2tr" * 11,
        settings={"[sources]": {"subscribe": '"none"'}},
    )
    await service.start()

    try:
        for times in (1, 2):
            service.hang_up()
            await until(
                lambda times=times: service.end_of_log().count("hangup_ignored") == times,
                lambda: f"SIGHUP is told:\n{service.end_of_log()}",
            )
        assert await service.metric("marrowd_build_info") == 1
    finally:
        code = await service.stop()

    assert code == 0
    assert "draining" in service.end_of_log()
