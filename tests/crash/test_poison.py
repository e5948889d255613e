"""An event that ends every process that handles it is put aside; all others go their way."""

import asyncio
import contextlib
from datetime import timedelta
from functools import partial

import aiohttp
import pytest
from tests.crash.installation import SOURCE, service
from tests.crash.poisoned import POISON
from tests.crash.storm import DAY, asking, is_idle
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import EDEMA, lab, report
from tests.support.line import webhook_secret
from tests.support.service import until

pytestmark = [pytest.mark.crash]
_PATIENTS = 12
_STARTS = 12  # a process that dies is started again, as an orchestrator does


async def _notify(marrowd, server, resources):
    headers = {"Authorization": f"Bearer {marrowd.secret}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for resource in resources:
            ref = f"{resource['resourceType']}/{resource['id']}"
            url = f"{marrowd.url}/events/{SOURCE}/{ref}"
            taking = partial(_is_taken, session, url, server.put(resource))
            await until(taking, "the event is acknowledged", timeout_s=60)


async def _is_taken(session, url, body):
    try:
        async with session.put(url, json=body) as answer:
            return answer.status == 204
    except aiohttp.ClientError:
        return False  # it died just then


async def _keep_alive(marrowd, deaths):
    while True:
        if not marrowd.is_alive():
            deaths.append(marrowd.pid())
            await marrowd.start()
        await asyncio.sleep(0.1)


async def test_a_deadly_event_is_parked_and_the_others_go_on(tmp_path):
    signed = webhook_secret()
    url = f"sqlite:///{tmp_path}/marrowd.sqlite3"
    async with (
        fhir_server.running(FhirServer()) as server,
        stand_in.running(Ehr(secrets=(signed,))) as ehr,
    ):
        marrowd = service(
            tmp_path,
            base_url=server.base_url,
            ehr_url=ehr.url,
            webhook_secret=signed,
            module="tests.crash.poisoned",
        )
        resources, deaths = [], []
        for number in range(_PATIENTS):
            said = f"{EDEMA} {POISON}" if number == _PATIENTS // 2 else EDEMA
            patient = f"Patient/p{number}"
            resources.append(lab(f"l{number}", patient, at=DAY - timedelta(days=3)))
            resources += report(f"m{number}", patient, said, at=DAY)
        await marrowd.start()
        keeping = asyncio.create_task(_keep_alive(marrowd, deaths))
        try:
            await _notify(marrowd, server, resources)
            ask = asking(url)
            await until(lambda: is_idle(ask), "all is done or parked", timeout_s=180)
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await marrowd.stop()
    parked = ask("SELECT key, reason FROM inbox WHERE state = 'parked'")
    told = {effect["patient"] for effect in ehr.effects}

    deadly = f"DiagnosticReport/m{_PATIENTS // 2}#"
    assert {reason for _, reason in parked} == {"lost"}
    assert {key.removeprefix("sweep:").partition("#")[0] + "#" for key, _ in parked} == {deadly}
    assert len(parked) <= 2  # as it was notified, and once more as a sweep found it
    assert 2 <= len(deaths) <= _STARTS
    assert told == {f"Patient/p{n}" for n in range(_PATIENTS) if n != _PATIENTS // 2}
