"""
The whole line on real parts: HAPI -> marrowd -> EHR, and what a test may ask of it.

Everything is awaited with a bound. Several lines may run on one HAPI, each under its own name.
"""

import base64
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from tests.support import ehr as stand_in
from tests.support.ehr import Ehr
from tests.support.hapi import HapiClient
from tests.support.hapi_server import HapiServer
from tests.support.service import Service, until

_PATIENT_VIEW = "marrow-vitamin-d-patient-view"


class Line:
    """HAPI -> marrowd -> EHR."""

    def __init__(self, server: HapiServer, hapi: HapiClient, service: Service, ehr: Ehr) -> None:
        self.server = server
        self.hapi = hapi
        self.service = service
        self.ehr = ehr
        self._templates: dict[str, str] = {}

    async def connect(self) -> None:
        """Make the Subscriptions and wait until HAPI has activated them."""
        synced = await self.service.run("subscriptions", "sync")
        assert synced.code == 0, synced.err
        await until(self._all_active, "every Subscription is active")

    async def disconnect(self) -> None:
        """Take the Subscriptions away, by the command and then by hand should it leave any."""
        removed = await self.service.run("subscriptions", "remove")
        left = await self.subscriptions()
        for subscription in left:
            await self.hapi.delete(f"Subscription/{subscription['id']}")
        assert removed.code == 0, removed.err
        assert not left

    async def subscriptions(self) -> list[dict[str, Any]]:
        """Give this service's Subscriptions as HAPI holds them."""
        held = await self.hapi.search("Subscription")
        mine = f"{self.service.url}/"
        return [s for s in held if s["channel"].get("endpoint", "").startswith(mine)]

    async def _all_active(self) -> bool:
        states = [s["status"] for s in await self.subscriptions()]
        return bool(states) and set(states) == {"active"}

    async def is_current(self) -> bool:
        """
        Say whether the service answers hooks from what it has stored.

        It does once it has seen its Subscriptions active and its first sweep has ended.
        """
        status, _ = await self._view("Patient/nobody")
        return status == HTTPStatus.OK

    def messages(self, patient: str) -> list[dict[str, Any]]:
        """Give what the EHR took about *patient*, each message once, in order of arrival."""
        return [m for m in self.ehr.effects if m["patient"] == patient]

    async def message(self, patient: str, number: int = 1) -> dict[str, Any]:
        """Wait for the EHR's *number*-th message about *patient*."""
        await until(
            lambda: len(self.messages(patient)) >= number,
            lambda: (
                f"message {number} about {patient}; "
                f"the verdict is {self.service.verdicts().get(patient)}"
            ),
        )
        return self.messages(patient)[number - 1]

    async def verdict(self, patient: str, expected: str) -> None:
        """Wait until *expected* is the verdict on *patient*."""
        await until(
            lambda: self.service.verdicts().get(patient) == expected,
            lambda: (
                f"the verdict on {patient} is {expected}; "
                f"it is {self.service.verdicts().get(patient)}"
            ),
        )

    async def idle(self) -> None:
        """Wait until nothing waits in the service."""
        await until(self.service.is_idle, "inbox and outbox are empty")

    async def received(self) -> float:
        """Give how many events the service has accepted."""
        return await self.service.metric("marrowd_events_received_total")

    async def deliver(self, resource: dict[str, Any]) -> int:
        """Bring an event to the intake as HAPI does; give the answer's status."""
        path = f"{resource['resourceType']}/{resource['id']}"
        url = f"{self.service.url}/events/{self.service.source}/{path}"
        headers = {"Authorization": f"Bearer {self.service.secret}"}
        async with (
            aiohttp.ClientSession() as session,
            session.put(url, json=resource, headers=headers) as answer,
        ):
            return answer.status

    async def cards(self, patient: str) -> list[dict[str, Any]]:
        """Ask the patient-view hook as an EHR does that sends problem list and orders along."""
        status, said = await self._view(patient, sent=("problems", "orders"))
        assert status == HTTPStatus.OK, said
        return list(said["cards"])

    async def _view(self, patient: str, *, sent: Sequence[str] = ()) -> tuple[int, dict[str, Any]]:
        ident = patient.removeprefix("Patient/")
        if sent and not self._templates:
            self._templates = await self._discovered()
        call = {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "fhirServer": self.hapi.base_url,
            "context": {"userId": "Practitioner/1", "patientId": ident},
            "prefetch": {
                key: await self.hapi.get(
                    self._templates[key].replace("{{context.patientId}}", ident)
                )
                for key in sent
            },
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.service.url}/cds-services/{_PATIENT_VIEW}", json=call) as answer,
        ):
            return answer.status, dict(await answer.json(content_type=None))

    async def _discovered(self) -> dict[str, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.service.url}/cds-services") as answer,
        ):
            services = (await answer.json(content_type=None))["services"]
        return next(dict(s["prefetch"]) for s in services if s["id"] == _PATIENT_VIEW)


@asynccontextmanager
async def running(
    source: str, folder: Path, server: HapiServer, hapi: HapiClient
) -> AsyncIterator[Line]:
    """Run a service named *source* and an EHR of its own on a shared HAPI; nothing of it stays."""
    secret = webhook_secret()
    async with stand_in.running(Ehr(secrets=(secret,))) as ehr:
        service = Service(
            folder,
            source=source,
            base_url=hapi.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
        )
        line = Line(server, hapi, service, ehr)
        try:
            await line.connect()
            await service.start()
            await until(line.is_current, "the service answers hooks from what it has stored")
            yield line
        finally:
            await line.disconnect()
            await service.stop()


def webhook_secret() -> str:
    """Make a Standard Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
