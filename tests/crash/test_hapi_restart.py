"""A real HAPI, killed in the middle of a stream: what it forgot is found by the sweep."""

import asyncio
import contextlib
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from tests.support.hapi import HapiClient, Refused
from tests.support.hapi_server import HapiServer, HapiUnavailable, what_is_missing
from tests.support.hospital import EDEMA, lab, person, report
from tests.support.line import running
from tests.support.service import until

pytestmark = [pytest.mark.restart]
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
_SLOW_S = 240.0


def _free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


async def _start(folder, port):
    return await asyncio.to_thread(
        HapiServer.start, folder, port=port, db=folder / "hapi-db", poll_ms=100
    )


class Stream:
    """Writes patients with everything that makes a card."""

    def __init__(self, hapi):
        self.patients = []
        self._hapi = hapi

    async def write(self, count):
        """Write *count* more; one that the server refuses or does not answer is written again."""
        for _ in range(count):
            patient = f"Patient/h{len(self.patients)}"
            stem = patient.removeprefix("Patient/")
            resources = [
                person(patient),
                lab(f"l{stem}", patient, at=DAY - timedelta(days=3)),
                *report(f"m{stem}", patient, EDEMA, at=DAY),
            ]
            await until(lambda r=resources: self._wrote(r), "HAPI takes it", timeout_s=_SLOW_S)
            self.patients.append(patient)

    async def _wrote(self, resources):
        try:
            await self._hapi.transaction(resources)
        except (aiohttp.ClientError, TimeoutError, Refused):
            return False
        return True


async def test_what_a_killed_server_forgot_is_found(tmp_path):
    missing = what_is_missing()
    if missing is not None:
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    port = _free_port()
    try:
        server = await _start(tmp_path, port)
    except HapiUnavailable as error:
        pytest.fail(str(error))
    try:
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            hapi = HapiClient(server.base_url, session)
            async with running("restart", tmp_path, server, hapi) as line:
                stream = Stream(hapi)
                await stream.write(10)
                # Nobody answers: what is written now is in the server's memory alone.
                await line.service.kill()
                await stream.write(10)
                server.kill()
                writing = asyncio.create_task(stream.write(10))
                server = await _start(tmp_path, port)
                line.server = server
                await line.service.start()
                await writing
                await until(line.is_current, "hooks are answered", timeout_s=_SLOW_S)

                def left():
                    verdicts = line.service.verdicts()
                    return [p for p in stream.patients if verdicts.get(p) != "association"]

                await until(
                    lambda: not left(), lambda: f"no verdict on {left()}", timeout_s=_SLOW_S
                )
                await line.idle()
                recovered = await line.service.metric("marrowd_sweep_recovered_total")
                received = await line.service.metric("marrowd_events_received_total")
                cards = {p: len(line.messages(p)) for p in stream.patients}
        sys.stdout.write(
            f"\nHAPI {server.version}: {len(stream.patients)} patients; killed once with the"
            f" notices of 10 in memory; {recovered:g} events recovered by sweep, {received:g}"
            f" notified since the restart; {sum(cards.values())} cards\n"
        )

        assert set(cards.values()) == {1}
        assert recovered >= 20  # a result and a report of each of the ten
    finally:
        server.kill()
