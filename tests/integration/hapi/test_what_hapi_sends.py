"""
What the service takes for granted about a FHIR server's notifications, shown on the server itself.

When a newer HAPI breaks the line, these tests say whether it was HAPI that changed.
"""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.support.hospital import lab
from tests.support.service import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEND_DELETES = "http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages"
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Recorder:
    def __init__(self):
        self.seen = []

    async def handle(self, request):
        body = await request.json() if request.can_read_body else None
        self.seen.append((request.method, request.path, body, dict(request.headers)))
        return web.Response(status=204)

    def of(self, ident):
        return [s for s in self.seen if s[1].endswith(f"/{ident}")]


@pytest_asyncio.fixture(loop_scope="session")
async def recorder(hapi_client):
    recorder = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", recorder.handle)
    server = TestServer(app)
    await server.start_server()
    ref = f"Subscription/s-{uuid4().hex[:12]}"
    await hapi_client.put(
        {
            "resourceType": "Subscription",
            "id": ref.partition("/")[2],
            "status": "requested",
            "reason": "test",
            "criteria": "Observation?code=http://loinc.org|1989-3",
            "channel": {
                "extension": [{"url": SEND_DELETES, "valueBoolean": True}],
                "type": "rest-hook",
                "endpoint": str(server.make_url("/here")),
                "payload": "application/fhir+json",
                "header": ["Authorization: Bearer a-secret-of-the-test"],
            },
        }
    )

    async def is_active():
        return (await hapi_client.get(ref))["status"] == "active"

    try:
        await until(is_active, "the Subscription is active")
        yield recorder
    finally:
        await hapi_client.delete(ref)
        await server.close()


@pytest.fixture
def level():
    ident = f"o-{uuid4().hex[:12]}"
    return lab(ident, f"Patient/p-{ident}", at=AT)


async def test_version_comes_whole_with_the_header_asked_for(hapi, hapi_client, recorder, level):
    before = hapi.count().delivered
    stored = await hapi_client.put(level)

    await until(lambda: recorder.of(level["id"]), "the notification came")

    [(method, path, body, headers)] = recorder.of(level["id"])
    assert (method, path) == ("PUT", f"/here/Observation/{level['id']}")
    assert body == stored
    assert headers["Authorization"] == "Bearer a-secret-of-the-test"
    await until(lambda: hapi.count().delivered > before, "HAPI has counted it")


async def test_entered_in_error_is_told_and_so_is_deletion(hapi_client, recorder, level):
    await hapi_client.put(level)
    await until(lambda: recorder.of(level["id"]), "the first version came")
    await hapi_client.put({**level, "status": "entered-in-error"})
    await until(lambda: len(recorder.of(level["id"])) == 2, "the second version came")
    await hapi_client.delete(f"Observation/{level['id']}")

    await until(lambda: len(recorder.of(level["id"])) == 3, "the deletion came")

    told = [
        (method, body and (body["meta"]["versionId"], body["status"]))
        for method, _, body, _ in recorder.of(level["id"])
    ]
    assert told == [("PUT", ("1", "final")), ("PUT", ("2", "entered-in-error")), ("DELETE", None)]


async def test_other_codes_and_unchanged_updates_are_not_told(hapi_client, recorder, level):
    other = lab(f"x-{level['id']}", level["subject"]["reference"], at=AT, code="2951-2")
    await hapi_client.put(other)
    await hapi_client.put(level)
    await until(lambda: recorder.of(level["id"]), "the first version came")
    await hapi_client.put(level)
    await hapi_client.put({**level, "status": "amended"})
    await until(lambda: len(recorder.of(level["id"])) == 2, "the change came")

    assert [s[2]["meta"]["versionId"] for s in recorder.of(level["id"])] == ["1", "2"]
    assert recorder.of(other["id"]) == []
