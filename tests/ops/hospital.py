"""
A hospital for the tools to watch: the real service, a FHIR server and an EHR, and a day's traffic.

The traffic touches every stage once: a pair of findings that makes a card, what needs no work, what
is parked, a hook that shows the card, and what a clinician makes of it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import EDEMA, NO_EDEMA, lab, person, report
from tests.support.line import webhook_secret
from tests.support.service import Service, until

HOOK = "marrow-vitamin-d-patient-view"
OVERRIDE = "urn:marrowd:override-reason"
JSON = {"Content-Type": "application/fhir+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """What runs, and how the EHR speaks to it."""

    service: Service
    fhir: FhirServer
    ehr: Ehr
    session: aiohttp.ClientSession

    async def bring(self, resource: dict[str, Any]) -> int:
        """Store a resource and notify of it; give the answer's status."""
        stored = self.fhir.put(resource)
        return await self.notify(f"{stored['resourceType']}/{stored['id']}", stored)

    async def notify(self, ref: str, body: Any) -> int:
        """Notify of a resource as an R4 rest-hook does."""
        url = f"{self.service.url}/events/{self.service.source}/{ref}"
        headers = {"Authorization": f"Bearer {self.service.secret}", **JSON}
        async with self.session.put(url, json=body, headers=headers) as answer:
            return answer.status

    async def open_chart(self, patient: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Ask the patient-view hook."""
        call = {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "fhirServer": self.fhir.base_url,
            "context": {"userId": "Practitioner/1", "patientId": patient},
            "prefetch": {
                "problems": {"resourceType": "Bundle", "type": "searchset"},
                "orders": {"resourceType": "Bundle", "type": "searchset"},
            },
            **more,
        }
        url = f"{self.service.url}/cds-services/{HOOK}"
        async with self.session.post(url, json=call) as answer:
            return answer.status, dict(await answer.json(content_type=None))

    async def answer_card(self, card: str, **said: Any) -> int:
        """Tell what a clinician did with a card."""
        told = {"card": card, "outcomeTimestamp": datetime.now(UTC).isoformat(), **said}
        url = f"{self.service.url}/cds-services/{HOOK}/feedback"
        async with self.session.post(url, json={"feedback": [told]}) as answer:
            return answer.status

    async def metrics(self) -> bytes:
        """Give the exposition, as Prometheus asks for it."""
        async with self.session.get(f"{self.service.ops_url}/metrics") as answer:
            return await answer.read()

    async def subscribe(self) -> None:
        """Make the Subscriptions, which this server turns active at once."""
        ran = await self.service.run("subscriptions", "sync")
        assert ran.code == 0, ran.err
        for resource in self.fhir.of_type("Subscription"):
            self.fhir.put({**resource, "status": "active"})

    async def day(self, number: int) -> None:
        """Send one patient's worth of everything."""
        day = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
        name = f"p{number}"
        patient = f"Patient/{name}"
        self.fhir.put(person(patient))
        for resource in (
            lab(f"lab-{name}", patient, at=day - timedelta(days=3)),
            *report(f"mri-{name}", patient, EDEMA, at=day),
            *report(f"old-{name}", patient, NO_EDEMA, at=day - timedelta(days=60)),
        ):
            assert await self.bring(resource) == 204
        nobodys = lab(f"stray-{name}", patient, at=day)
        del nobodys["subject"]
        assert await self.bring(nobodys) == 204
        assert await self.bring({"resourceType": "Patient", "id": f"other-{name}"}) == 204
        taken = len(self.ehr.effects)
        await until(lambda: len(self.ehr.effects) > taken or self._has_card(patient), "a card")
        await until(self.service.is_idle, "nothing waits")
        opened = []

        async def has_opened() -> bool:  # once the first sweep has shown that nothing was missed
            opened[:] = await self.open_chart(name)
            return opened[0] == 200

        await until(has_opened, "the chart opens")
        said = opened[1]
        for card in said["cards"]:
            chosen = [{"id": s["uuid"]} for s in card.get("suggestions", ())][:1]
            said = {"outcome": "accepted", "acceptedSuggestions": chosen}
            if not chosen or number % 2:
                reason = {"reason": {"code": "known-and-monitored", "system": OVERRIDE}}
                said = {"outcome": "overridden", "overrideReason": reason}
            assert await self.answer_card(card["uuid"], **said) == 200

    def _has_card(self, patient: str) -> bool:
        return any(message["patient"] == patient for message in self.ehr.effects)


@asynccontextmanager
async def running(
    folder: Path, *, settings: Mapping[str, Mapping[str, str]] | None = None
) -> AsyncIterator[Hospital]:
    """Run a hospital; *settings* are further keys of the service's configuration."""
    secret = webhook_secret()
    async with (
        fhir_server.running(FhirServer()) as fhir,
        stand_in.running(Ehr(secrets=(secret,))) as ehr,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
    ):
        service = Service(
            folder,
            source="hospital",
            base_url=fhir.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
            settings=settings,
        )
        hospital = Hospital(service=service, fhir=fhir, ehr=ehr, session=session)
        await hospital.subscribe()
        try:
            await service.start()
            yield hospital
        finally:
            await service.stop()
