"""The line over topic Subscriptions on a real HAPI: made, kept, and bringing events to cards."""

from datetime import timedelta
from itertools import count

import pytest
import pytest_asyncio
from tests.support import ehr as stand_in
from tests.support.ehr import Ehr
from tests.support.hapi import TOPIC
from tests.support.hospital import EDEMA, lab, report
from tests.support.line import Line, webhook_secret
from tests.support.service import Service, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOPICS = f'{{observation = "{TOPIC}", imaging_study = "{TOPIC}", diagnostic_report = "{TOPIC}"}}'
SEEN_S = 75.0  # HAPI looks for new topics once a minute; the run's was written at its start


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["full-resource", "id-only"])
async def by_topic(request, hapi, hapi_client, tmp_path_factory):
    secret = webhook_secret()
    async with stand_in.running(Ehr(secrets=(secret,))) as ehr:
        service = Service(
            tmp_path_factory.mktemp("topic"),
            source="topic",
            base_url=hapi_client.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
            settings={
                "[sources]": {
                    "subscribe": '"topic"',
                    "topics": TOPICS,
                    "payload": f'"{request.param}"',
                }
            },
        )
        line = Line(hapi, hapi_client, service, ehr)
        try:
            await line.connect()
            await service.start()
            yield line
        finally:
            await line.disconnect()
            await service.stop()


async def test_topic_subscriptions_are_kept_as_they_were_made(by_topic):
    again = await by_topic.service.run("subscriptions", "sync")

    assert again.code == 0, again.err
    done = [row.split() for row in again.out.splitlines()[1:]]
    assert len(done) == 4, again.out
    assert all("kept" in words for words in done), again.out


async def test_events_of_a_topic_become_cards(by_topic, patient, name, study_day):
    values = count(20)

    async def is_brought():
        probe = lab(f"t-{name}", "Patient/probe", at=study_day, value=next(values))
        await by_topic.hapi.put(probe)
        return await by_topic.received()

    await until(is_brought, "the topic is seen and brings events", timeout_s=SEEN_S)
    await by_topic.hapi.transaction(
        [
            lab(f"l-{name}", patient, at=study_day - timedelta(days=3)),
            *report(f"m-{name}", patient, EDEMA, at=study_day),
        ]
    )

    message = await by_topic.message(patient)
    assert (message["type"], message["verdict"]) == ("card.posted", "association")
