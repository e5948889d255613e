"""A full disk: refused and not ready, nothing acknowledged lost, well again without anybody."""

import asyncio
import json
import subprocess
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus

import aiohttp
import pytest
from tests.crash.installation import SOURCE, service
from tests.crash.storm import DAY, History, asking, broken, is_idle
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import lab
from tests.support.line import webhook_secret
from tests.support.service import until

pytestmark = [pytest.mark.crash]


@contextmanager
def small_disk(folder):
    """Mount twelve megabytes at *folder*."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "marrowd-test", str(folder)]
    came = subprocess.run(mount, capture_output=True, text=True, check=False)
    if came.returncode:
        pytest.skip(f"a small disk needs the right to mount: {came.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


class Sender:
    """Writes versions on the server and brings each to the intake once."""

    def __init__(self, session, server, marrowd):
        self.acked = set()
        self._session = session
        self._server = server
        self._marrowd = marrowd
        self._number = 0

    async def send(self):
        """Send one result; give the status."""
        self._number += 1
        note = [{"text": "x" * 4_000}]
        patient = f"Patient/d{self._number % 50}"
        ident = f"l{self._number}"
        written = {**lab(ident, patient, at=DAY - timedelta(days=1)), "note": note}
        body = json.dumps(self._server.put(written)).encode()
        url = f"{self._marrowd.url}/events/{SOURCE}/Observation/{ident}"
        async with self._session.put(url, data=body) as answer:
            if answer.status == HTTPStatus.NO_CONTENT:
                self.acked.add(f"Observation/{ident}")
            return answer.status

    async def ready(self):
        """Ask whether the service is ready."""
        async with self._session.get(f"{self._marrowd.ops_url}/readyz") as answer:
            return answer.status


async def test_a_full_disk_is_refused_and_survived(tmp_path):
    signed = webhook_secret()
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk):
        async with (
            fhir_server.running(FhirServer()) as server,
            stand_in.running(Ehr(secrets=(signed,))) as ehr,
        ):
            url = f"sqlite:///{disk}/marrowd.sqlite3"
            marrowd = service(
                tmp_path,
                base_url=server.base_url,
                ehr_url=ehr.url,
                webhook_secret=signed,
                settings={"store": {"url": f'"{url}"'}},
            )
            await marrowd.start()
            try:
                headers = {"Authorization": f"Bearer {marrowd.secret}"}
                async with aiohttp.ClientSession(headers=headers) as session:
                    sender = Sender(session, server, marrowd)
                    refused = await _fill(sender, disk)

                    assert refused == HTTPStatus.SERVICE_UNAVAILABLE
                    assert await sender.ready() == HTTPStatus.SERVICE_UNAVAILABLE

                    await asyncio.sleep(3)  # loops meet the full disk as well
                    (disk / "filler").unlink()

                    async def takes():
                        return await sender.send() == HTTPStatus.NO_CONTENT

                    await until(takes, "events are taken again", timeout_s=30)
                    assert await sender.ready() == HTTPStatus.OK

                    ask = asking(url)
                    # What could not be recorded while the disk was full waits for its lease.
                    await until(lambda: is_idle(ask), "all is done", timeout_s=150)
                    held = {key.partition("#")[0] for (key,) in ask("SELECT key FROM inbox")}
                    assert sender.acked <= held
                    assert not [x for x in broken(History(), ask, server, ehr) if "wrong" not in x]
            finally:
                await marrowd.stop()


async def _fill(sender, disk):
    """Send until the disk is full; give the answer that is not 204."""
    for _ in range(20):
        assert await sender.send() == HTTPStatus.NO_CONTENT
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    for _ in range(2_000):  # the journal may have room left
        status = await sender.send()
        if status != HTTPStatus.NO_CONTENT:
            return status
    return None
