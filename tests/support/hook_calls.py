"""
The hooks on a listener of their own, over a real store, and the calls an EHR makes of them.

Reports are read by a reader of one sentence, so that nothing here hangs on the real one's skill.
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from tests.support.patience import PATIENCE_S
from tests.support.store import HandClock, opened, some_metrics
from tests.support.verdicts import POLICY

from marrowd.cds.call_facts import read_facts
from marrowd.cds.decision import Rules
from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.facts import Fact
from marrowd.core.reading import Certainty, NotRead, Reading, Section, Statement
from marrowd.fhir.facts import Extraction
from marrowd.fhir.json import parse
from marrowd.fhir.references import nowhere
from marrowd.rules.codes import load_codes
from marrowd.store.protocols import PatientChange, PatientState, Store
from marrowd.telemetry.metrics import Metrics
from marrowd.web.answers import answering
from marrowd.web.gathering import HookSource
from marrowd.web.hooks import Budget, Hooks

PATIENT_VIEW = "/cds-services/marrow-vitamin-d-patient-view"
ORDER_SIGN = "/cds-services/marrow-vitamin-d-order-sign"
ENCOUNTER_START = "/cds-services/marrow-vitamin-d-encounter-start"
HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
MARCH = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
AMPLE = Budget(whole_s=PATIENCE_S, fetch_s=PATIENCE_S / 2)
EDEMA = "FINDINGS: Marrow edema in the left talus."
NO_EDEMA = "FINDINGS: The marrow is normal."


class WordReader:
    """Knows one sentence, and that a text in another tongue is not for it."""

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:  # noqa: ARG002 - a Protocol's
        """Find the sentence."""
        if "Knochenmark" in text:
            return Reading(language="de", reason=NotRead.LANGUAGE)
        start = text.find("Marrow edema in the left talus.")
        statements = () if start < 0 else (_statement(start),)
        normal = () if statements else (Laterality.LEFT,)
        return Reading(
            language="en",
            sections=(section or Section.FINDINGS,),
            statements=statements,
            marrow_normal=normal,
        )


def _statement(start: int) -> Statement:
    sentence = "Marrow edema in the left talus."
    return Statement(
        bone=Bone.TALUS,
        laterality=Laterality.LEFT,
        certainty=Certainty.AFFIRMED,
        evidence=sentence,
        start=start,
        end=start + len(sentence),
        section=Section.FINDINGS,
    )


def extraction() -> Extraction:
    """How resources are read here."""
    return Extraction(reader=WordReader(), rules="test", codes=load_codes())


def level(
    ident: str = "lab1",
    value: object = 14.0,
    *,
    patient: str = "p1",
    day: str = "2026-01-12",
    version: str = "1",
    **changed: Any,
) -> dict[str, Any]:
    """A final 25(OH)D result."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "meta": {"versionId": version, "lastUpdated": f"{day}T10:00:00Z"},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "62292-8"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value,
            "unit": "ng/mL",
            "system": "http://unitsofmeasure.org",
            "code": "ng/mL",
        },
    } | changed


def mri(
    ident: str = "mri1",
    text: str = EDEMA,
    *,
    patient: str = "p1",
    day: str = "2026-02-01",
    version: str = "1",
    **changed: Any,
) -> dict[str, Any]:
    """A final report of an MRI of the left ankle."""
    return {
        "resourceType": "DiagnosticReport",
        "id": ident,
        "meta": {"versionId": version, "lastUpdated": f"{day}T10:00:00Z"},
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
        ],
        "code": {"text": "MRI LEFT ANKLE WITHOUT CONTRAST"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        "conclusion": text,
    } | changed


def bundle(*resources: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """The answer to a search."""
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": entries,
    } | changed


def whole_prefetch(**changed: Any) -> dict[str, Any]:
    """Every key answered: a low level, edema, nothing else."""
    return {
        "patient": {"resourceType": "Patient", "id": "p1"},
        "vitaminD": bundle(level()),
        "reports": bundle(mri()),
        "studies": bundle(),
        "problems": bundle(),
        "orders": bundle(),
    } | changed


def a_call(hook: str = "patient-view", **changed: Any) -> dict[str, Any]:
    """A call of *hook* for the patient p1, without prefetch."""
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": "p1"}
    if hook == "encounter-start":
        context["encounterId"] = "e1"
    if hook == "order-sign":
        context["draftOrders"] = bundle(vitamin_d_order())
    return {"hook": hook, "hookInstance": HOOK_INSTANCE, "context": context} | changed


def vitamin_d_order() -> dict[str, Any]:
    """A draft order for 25(OH)D."""
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "62292-8"}]},
        "subject": {"reference": "Patient/p1"},
    }


@dataclass(kw_only=True)
class Bench:
    """A running listener with what stands behind it."""

    client: TestClient[web.Request, web.Application]
    hooks: Hooks
    store: Store
    metrics: Metrics
    clock: HandClock
    source: str = "hospital"
    base_url: str = ""
    current: bool = True
    rings: int = 0

    async def post(self, path: str, body: object, **options: Any) -> aiohttp.ClientResponse:
        """Send JSON; bytes go as they are."""
        headers = {"Content-Type": "application/json"} | options.pop("headers", {})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, data=io.BytesIO(data), headers=headers, **options)

    async def cards(self, path: str, body: object, **options: Any) -> list[dict[str, Any]]:
        """Give the cards of a call that is answered."""
        answer = await self.post(path, body, **options)
        text = await answer.text()
        assert answer.status == 200, text
        return json.loads(text)["cards"]

    async def keep(self, *resources: Mapping[str, Any], patient: str = "Patient/p1") -> None:
        """Make *resources* stored evidence, as the worker would."""
        now = self.clock()
        await keep(self.store, *resources, source=self.source, patient=patient, now=now)


async def keep(
    store: Store, *resources: Mapping[str, Any], source: str, patient: str, now: datetime
) -> None:
    """Make *resources* stored evidence of *patient*."""
    await store.apply(source, facts_of(*resources, patient=patient), _undecided, now=now)


def facts_of(*resources: Mapping[str, Any], patient: str) -> list[Fact]:
    """Read *resources* as the worker would."""
    parsed = [parse(json.dumps(resource)) for resource in resources]
    return list(read_facts(parsed, patient=patient, extraction=extraction(), resolve=nowhere))


def hooks_over(
    store: Store, session: aiohttp.ClientSession, *, base_url: str, **changed: Any
) -> Hooks:
    """Give hooks over *store*, whose evidence is current."""
    return Hooks(
        **{
            "store": store,
            "sources": [HookSource(name="hospital", base_url=base_url)],
            "session": session,
            "extraction": extraction(),
            "rules": Rules(policy=POLICY, version="test"),
            "metrics": some_metrics(),
            "clock": HandClock(MARCH),
            "wake": lambda: None,
            "is_current": lambda _source: True,
            "budget": AMPLE,
        }
        | changed
    )


def request_for(patient: str, *, base_url: str) -> web.Request:
    """Give a call of patient-view without prefetch as a handler gets it, without a socket."""
    context = {"userId": "Practitioner/1", "patientId": patient}
    body = json.dumps(a_call(fhirServer=base_url, context=context)).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return make_mocked_request("POST", PATIENT_VIEW, headers=headers, payload=arrived(body))


def arrived(body: bytes) -> aiohttp.StreamReader:
    """Give *body* as a request has it once all of it has come."""
    loop = asyncio.get_running_loop()
    payload = aiohttp.StreamReader(BaseProtocol(loop), limit=2**16, loop=loop)
    payload.feed_data(body)
    payload.feed_eof()
    return payload


def _undecided(_state: PatientState) -> PatientChange:
    return PatientChange(
        verdict="nothing_relevant", card=None, posted_card=None, recheck_at=None, rules="test"
    )


@asynccontextmanager
async def hooks_running(
    folder: Path,
    *,
    base_url: str = "https://fhir.example.org/r4",
    budget: Budget = AMPLE,
    max_body: int = 1_000_000,
    middlewares: Sequence[Any] = (),
    also: Callable[[web.Application, dict[str, Any]], None] = lambda _app, _parts: None,
    **changed: Any,
) -> AsyncIterator[Bench]:
    """Run the hooks on a free loopback port."""
    clock = HandClock(MARCH)
    metrics = some_metrics()
    async with opened(folder) as store, aiohttp.ClientSession() as session:
        bench: Bench

        def ring() -> None:
            bench.rings += 1

        if callable(changed.get("trust")):
            parts = {"store": store, "session": session, "clock": clock, "folder": folder}
            changed["trust"] = changed["trust"](parts)
        parts = {
            "metrics": metrics,
            "clock": clock,
            "wake": ring,
            "is_current": lambda _source: bench.current,
            "budget": budget,
        }
        called_back = changed.pop("session", session)
        hooks = hooks_over(store, called_back, base_url=base_url, **parts | changed)
        app = web.Application(middlewares=[*middlewares, answering], client_max_size=max_body)
        hooks.add_routes(app)
        also(app, {"store": store, "metrics": metrics, "clock": clock})
        async with TestClient(TestServer(app)) as client:
            bench = Bench(
                client=client,
                hooks=hooks,
                store=store,
                metrics=metrics,
                clock=clock,
                base_url=base_url,
            )
            yield bench
