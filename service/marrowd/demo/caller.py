"""The stand-in EHR as a caller of the service: notifications, and the hook of an opened chart."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import aiohttp

from marrowd.demo.counts import Counts, counts_from
from marrowd.demo.ehr import Ehr, bundle_of
from marrowd.demo.received import Card
from marrowd.demo.records import Resource, ref_of
from marrowd.errors import Unavailable

SOURCE: Final = "hospital"
HOOK: Final = "marrow-vitamin-d-patient-view"
_PATIENT: Final = "{{context.patientId}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Calls one running service."""

    session: aiohttp.ClientSession
    public_url: str
    ops_url: str
    secret: str
    ehr: Ehr

    async def notify(self, resource: Resource) -> None:
        """Send *resource* as an R4 rest-hook does."""
        await self._event("PUT", f"/{ref_of(resource)}", resource)

    async def ping(self) -> None:
        """Say only that something changed."""
        await self._event("POST", "", None)

    async def counts(self) -> Counts:
        """Look at the metrics."""
        async with self.session.get(f"{self.ops_url}/metrics") as answer:
            return counts_from(await answer.text())

    async def templates(self) -> Mapping[str, str]:
        """Give the prefetch templates of the hook, as discovery tells them."""
        async with self.session.get(f"{self.public_url}/cds-services") as answer:
            services = (await answer.json())["services"]
        found: Mapping[str, str] = next(s["prefetch"] for s in services if s["id"] == HOOK)
        return found

    async def open_chart(self, patient: str, templates: Mapping[str, str]) -> list[Card]:
        """
        Call the patient-view hook for *patient* ("ada") and give its cards.

        Raises:
            Unavailable: the answer was not 200.
        """
        call = {
            "hook": "patient-view",
            "hookInstance": str(uuid.uuid4()),
            "fhirServer": self.ehr.fhir_url,
            "context": {"userId": "Practitioner/demo", "patientId": patient},
            "prefetch": {
                key: self._prefetched(template.replace(_PATIENT, patient))
                for key, template in templates.items()
            },
        }
        url = f"{self.public_url}/cds-services/{HOOK}"
        async with self.session.post(url, json=call) as answer:
            if answer.status != 200:  # noqa: PLR2004 - HTTP
                message = f"the hook answered {answer.status} for Patient/{patient}"
                raise Unavailable(message)
            cards: list[Card] = (await answer.json())["cards"]
            return cards

    def _prefetched(self, query: str) -> Resource | None:
        kind, _, params = query.partition("?")
        if not params:
            return self.ehr.records.read(kind)
        return bundle_of(self.ehr.records.search(kind, parse_qsl(params)))

    async def _event(self, method: str, path: str, body: Any) -> None:  # noqa: ANN401 - JSON
        url = f"{self.public_url}/events/{SOURCE}{path}"
        headers = {"Authorization": f"Bearer {self.secret}"}
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            if answer.status != 204:  # noqa: PLR2004 - HTTP
                message = f"the intake answered {answer.status} to {method} {path or 'a ping'}"
                raise Unavailable(message)
