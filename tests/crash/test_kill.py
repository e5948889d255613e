"""kill -9 under load: nothing that was acknowledged is missing, nothing took effect twice."""

import asyncio
import os
import random
import sys
import time

import pytest
from tests.crash.installation import migrated, postgres, service
from tests.crash.storm import Load, asking, broken, is_idle
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr, Reply
from tests.support.fhir_server import FhirServer
from tests.support.line import webhook_secret
from tests.support.service import until

pytestmark = [pytest.mark.crash]
SECONDS = float(os.environ.get("MARROWD_TEST_CRASH_S", "120"))
_SETTLED_S = 400.0  # leases of the dead run out, and a whole sweep comes after


async def _kill_and_start(load, rng, until_s):
    while time.monotonic() < until_s:
        await asyncio.sleep(rng.uniform(1, 3))
        await load._service.kill()
        load.history.kills += 1
        await load._service.start()


async def _kill_database(load, server, until_s):
    while time.monotonic() < until_s - 10:
        await asyncio.sleep(15)
        server.kill()
        load.history.database_kills += 1
        await until(server.is_up, "PostgreSQL is back", timeout_s=60)


async def _fail_ehr(ehr, until_s):
    """Down for a third of the time: refuses, takes and does not say so."""
    while time.monotonic() < until_s:
        await asyncio.sleep(10)
        down_until = time.monotonic() + 5
        while time.monotonic() < min(down_until, until_s):
            if not ehr.replies:
                ehr.replies.append(Reply(status=503))
                ehr.replies.append(Reply(is_dropped=True, is_taken=True))
            await asyncio.sleep(0.05)
        ehr.replies.clear()


async def _storm(folder, url, database=None):
    signed = webhook_secret()
    async with (
        fhir_server.running(FhirServer()) as server,
        stand_in.running(Ehr(secrets=(signed,))) as ehr,
    ):
        settings = {"store": {"url": f'"{url}"'}}
        marrowd = service(
            folder,
            base_url=server.base_url,
            ehr_url=ehr.url,
            webhook_secret=signed,
            settings=settings,
        )
        load = Load(server, marrowd)
        ask = asking(url)
        rng = random.Random(3)  # noqa: S311 - moments
        await marrowd.start()
        try:
            ends = time.monotonic() + SECONDS
            writing = asyncio.create_task(load.run())
            others = [_kill_and_start(load, rng, ends), _fail_ehr(ehr, ends)]
            if database is not None:
                others.append(_kill_database(load, database, ends))
            await asyncio.gather(*others)
            load.is_over = True
            await writing
            swept = "SELECT value FROM cursor WHERE name = 'swept at'"
            before = ask(swept)
            await until(lambda: ask(swept) != before, "a sweep came after", timeout_s=_SETTLED_S)
            await until(lambda: is_idle(ask), "all is done", timeout_s=_SETTLED_S)
            found = broken(load.history, ask, server, ehr)
        finally:
            await marrowd.stop()
    history = load.history
    sys.stdout.write(
        f"\n{url.partition(':')[0]}: {SECONDS:g} s, {history.kills} kills of the service,"
        f" {history.database_kills} of the database; {len(history.acked)} events acknowledged in"
        f" {history.tries} tries ({dict(history.refused)}); {len(ehr.posts)} posts,"
        f" {len(ehr.effects)} took effect; {len(found)} missing, doubled or wrong\n"
    )
    return found, history, ehr


async def test_sqlite(tmp_path):
    found, history, ehr = await _storm(tmp_path, f"sqlite:///{tmp_path}/marrowd.sqlite3")

    assert found == []
    assert history.kills > SECONDS / 15
    assert len(history.acked) > SECONDS
    assert ehr.effects


async def test_postgresql_killed_as_well(tmp_path):
    with postgres() as database:
        await migrated(database)
        found, history, ehr = await _storm(tmp_path, database.url, database)

    assert found == []
    assert history.database_kills >= 1
    assert len(history.acked) > SECONDS
    assert ehr.effects
