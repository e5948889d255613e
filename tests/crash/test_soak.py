"""Minutes of valid and hostile traffic: what the service holds stays where it was."""

import asyncio
import contextlib
import io
import json
import os
import random
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from tests.crash.installation import SOURCE, migrated, postgres, service
from tests.crash.storm import DAY, Load, asking, is_idle
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import lab
from tests.support.line import webhook_secret
from tests.support.service import until

pytestmark = [pytest.mark.soak]
SECONDS = float(os.environ.get("MARROWD_TEST_SOAK_S", "120"))
_WARM = 0.35  # of the time: caches fill and allocators settle
_MOST_GROWTH_KB = 40_000
_DEEP = b'{"resourceType":"Observation","id":"x","a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"


def hostile(rng):
    """Give one request that no honest server sends: method, path, body."""
    observation = lab("x", "Patient/x", at=DAY - timedelta(days=1))
    bodies = [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe\x00",
        b'{"resourceType":',
        _DEEP,
        b"x" * 6_000_000,
        json.dumps({**observation, "id": "other"}).encode(),
        json.dumps({**observation, "valueQuantity": {"value": "NaN"}}).encode(),
        json.dumps(observation).replace("14", "1e99999").encode(),
        json.dumps({**observation, "subject": {"reference": "\x00"}}).encode(),
        json.dumps({**observation, "subject": {"reference": "\ud800"}}).encode(),
        json.dumps({**observation, "effectiveDateTime": "9999-99-99"}).encode(),
        json.dumps({**observation, "note": [{"text": "ede" * 100_000}]}).encode(),
        json.dumps({"resourceType": "Bundle", "type": "history", "entry": [{}] * 500}).encode(),
        json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [1, None]}).encode(),
    ]
    paths = [
        f"/events/{SOURCE}/Observation/x",
        f"/events/{SOURCE}/Observation/..%2f..",
        f"/events/{SOURCE}",
        "/events/nobody/Observation/x",
        "/cds-services/marrow-vitamin-d-patient-view",
        "/nowhere",
    ]
    return rng.choice(("PUT", "POST", "DELETE", "PATCH")), rng.choice(paths), rng.choice(bodies)


class Weight(NamedTuple):
    """What a service and its children hold at one moment."""

    kilobytes: int
    files: int
    threads: int
    tasks: int
    connections: int


def weight(marrowd, ask):
    """Give what *marrowd* holds; connections are those a PostgreSQL knows, of us one."""
    kilobytes = files = threads = 0
    pid = marrowd.pid()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    for each in [str(pid), *children]:
        with contextlib.suppress(FileNotFoundError):  # a child that opened a document has ended
            for line in Path(f"/proc/{each}/status").read_text(encoding="ascii").splitlines():
                if line.startswith("VmRSS:"):
                    kilobytes += int(line.split()[1])
                if line.startswith("Threads:"):
                    threads += int(line.split()[1])
            files += sum(1 for _ in Path(f"/proc/{each}/fd").iterdir())
    tasks = int(marrowd.config.with_name("tasks").read_text(encoding="ascii") or 0)
    connections = 0
    if ask.__name__ == "postgres":
        ours = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        connections = ask(ours)[0][0]
    return Weight(kilobytes, files, threads, tasks, connections)


async def _attack(marrowd, until_s, seen):
    rng = random.Random(5)  # noqa: S311 - what comes next
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while time.monotonic() < until_s:
            method, path, body = hostile(rng)
            headers = {"Content-Type": "application/json"}
            if rng.random() < 0.8:
                headers["Authorization"] = f"Bearer {marrowd.secret}"
            try:
                async with session.request(
                    method, marrowd.url + path, data=io.BytesIO(body), headers=headers
                ) as answer:
                    await answer.read()
                    seen[answer.status] = seen.get(answer.status, 0) + 1
            except (aiohttp.ClientError, TimeoutError) as error:
                seen[type(error).__name__] = seen.get(type(error).__name__, 0) + 1
            await asyncio.sleep(0.01)


async def _weights(folder, url):
    """Give the weight of every second, the events acknowledged and the answers to hostility."""
    signed = webhook_secret()
    async with (
        fhir_server.running(FhirServer()) as server,
        stand_in.running(Ehr(secrets=(signed,))) as ehr,
    ):
        server.versions = _Forgetful()
        marrowd = service(
            folder,
            base_url=server.base_url,
            ehr_url=ehr.url,
            webhook_secret=signed,
            settings={"store": {"url": f'"{url}"'}},
        )
        ask = asking(url)
        await marrowd.start()
        try:
            ends = time.monotonic() + SECONDS / 2
            load, seen, weights = Load(server, marrowd), {}, []
            writing = asyncio.create_task(load.run(writers=2))
            attacking = asyncio.create_task(_attack(marrowd, ends, seen))
            while time.monotonic() < ends:
                await asyncio.sleep(1)
                weights.append(await asyncio.to_thread(weight, marrowd, ask))
            load.is_over = True
            await asyncio.gather(writing, attacking)
            await until(lambda: is_idle(ask), "all is done", timeout_s=120)
        finally:
            await marrowd.stop()
    return weights, len(load.history.acked), seen


def _hold(store, weights, acknowledged, seen):
    settled = weights[int(len(weights) * _WARM) :]
    half = len(settled) // 2
    first, last = (
        Weight(*(max(column) for column in zip(*part, strict=True)))
        for part in (settled[:half], settled[half:])
    )
    sys.stdout.write(
        f"\n{store}, {SECONDS / 2:g} s: {acknowledged} events acknowledged, hostile requests by"
        f" answer {dict(sorted(seen.items(), key=str))}\nmost held, first half: {first}\n"
        f"most held, second half: {last}\n"
    )

    assert 500 not in seen
    assert acknowledged > SECONDS / 4
    assert last.kilobytes - first.kilobytes < _MOST_GROWTH_KB
    assert last.files <= first.files + 10
    assert last.threads <= first.threads + 2
    assert last.tasks <= first.tasks + 20
    assert last.connections <= first.connections + 2


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


@needs_proc
async def test_nothing_grows_on_sqlite(tmp_path):
    _hold("SQLite", *await _weights(tmp_path, f"sqlite:///{tmp_path}/marrowd.sqlite3"))


@needs_proc
async def test_nothing_grows_on_postgresql(tmp_path):
    with postgres() as database:
        await migrated(database)
        _hold("PostgreSQL", *await _weights(tmp_path, database.url))


class _Forgetful(list):
    """The stand-in's history, which nobody asks for here."""

    def append(self, _entry):
        """Keep nothing."""
