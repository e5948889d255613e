"""
pytest's side of the real HAPI FHIR server: one per run, shared by every test that asks for `hapi`.

A test isolates itself by its own patients and its own Subscriptions, which are removed after it. At
its end the run says what it ran against: `HAPI FHIR <version>: <n> events delivered`.
"""

import json
import os
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio
from tests.support.hapi_server import HapiServer, HapiUnavailable, what_is_missing

Resource = dict[str, Any]
_FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


class Refused(AssertionError):
    """HAPI did not do what a test asked of it."""


class HapiClient:
    """What a hospital's own systems do to the server: write, correct, delete, look."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self._session = session

    async def put(self, resource: Mapping[str, Any]) -> Resource:
        """Write a resource under its own id; give it back with the version the server gave it."""
        path = f"{resource['resourceType']}/{resource['id']}"
        return await self._ask("PUT", path, resource)

    async def get(self, ref: str) -> Resource:
        """Read a resource as the server holds it."""
        return await self._ask("GET", ref)

    async def delete(self, ref: str) -> None:
        """Delete a resource."""
        await self._ask("DELETE", ref)

    async def transaction(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """Write many resources at once, all or none."""
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
            for r in resources
        ]
        await self._ask(
            "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        )

    async def search(self, resource_type: str, **parameters: str) -> list[Resource]:
        """Search to the last page; a leading underscore is written as `p_id` for `_id`."""
        query = urlencode({name.removeprefix("p"): v for name, v in parameters.items()})
        found: list[Resource] = []
        url: str | None = f"{resource_type}?{query}&_count=200"
        while url is not None:
            bundle = await self._ask("GET", url)
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            links = {link["relation"]: link["url"] for link in bundle.get("link", [])}
            url = links.get("next", "").removeprefix(f"{self.base_url}/") or None
            if url is not None:
                url = url.removeprefix(self.base_url)
        return found

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Resource:
        url = f"{self.base_url}/{path}" if not path.startswith("?") else f"{self.base_url}{path}"
        data = None if body is None else json.dumps(body).encode()
        async with self._session.request(method, url, data=data, headers=_FHIR) as answer:
            said = await answer.read()
            if not answer.ok:
                message = f"{method} {path}: {answer.status} {said.decode(errors='replace')[:2000]}"
                raise Refused(message)
            return dict(json.loads(said)) if said else {}


TOPIC = "http://example.org/topics/evidence"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic"
_R4B = "http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic"


def _put_topic(base_url: str) -> None:
    """Write the SubscriptionTopic of the run at once: HAPI looks for new ones once a minute."""
    triggers = [
        {
            "extension": [
                {"url": "resource", "valueUri": kind},
                {"url": "supportedInteraction", "valueCode": "create"},
                {"url": "supportedInteraction", "valueCode": "update"},
            ],
            "url": f"{_R4B}.resourceTrigger",
        }
        for kind in ("Observation", "ImagingStudy", "DiagnosticReport")
    ]
    code = {"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}
    topic = {
        "resourceType": "Basic",
        "id": "evidence-topic",
        "code": {"coding": [code]},
        "extension": [{"url": f"{_R5}.url", "valueUri": TOPIC}, *triggers],
        "modifierExtension": [{"url": f"{_R5}.status", "valueCode": "active"}],
    }
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{base_url}/Basic/evidence-topic",
        data=json.dumps(topic).encode(),
        headers=_FHIR,
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - our own URL
        pass


@pytest.fixture(scope="session")
def hapi(
    tmp_path_factory: pytest.TempPathFactory, closing_line: Callable[[str], None]
) -> Iterator[HapiServer]:
    """The run's HAPI FHIR server, with its data in memory."""
    missing = what_is_missing()
    if missing is not None:
        message = f"no real HAPI FHIR server: {missing}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    try:
        server = HapiServer.start(tmp_path_factory.mktemp("hapi"))
    except HapiUnavailable as error:
        pytest.fail(str(error), pytrace=False)
    _put_topic(server.base_url)
    yield server
    server.stop()
    delivered = server.last_count.delivered
    closing_line(f"HAPI FHIR {server.version}: {delivered} events delivered")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hapi_client(hapi: HapiServer) -> AsyncIterator[HapiClient]:
    """A client of the run's HAPI."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield HapiClient(hapi.base_url, session)
