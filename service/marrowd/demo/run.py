"""
`marrowd demo`: the whole line once, on one machine, by itself.

The EHR is begun first, because the service asks it for things at once; then the service, on a
database of its own in a temporary directory. At the end all of it is gone.
"""

import asyncio
import base64
import contextlib
import io
import json
import secrets
import signal
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
from pydantic import SecretStr

from marrowd.app import Service, running
from marrowd.demo.caller import HOOK, SOURCE, Caller
from marrowd.demo.checking import failures
from marrowd.demo.ehr import HOST, Ehr
from marrowd.demo.ehr import running as ehr_running
from marrowd.demo.received import Card
from marrowd.demo.replay import replay
from marrowd.demo.show import Show
from marrowd.demo.year import patients_of, steps_of
from marrowd.errors import MarrowdError
from marrowd.settings import Settings
from marrowd.settings.sections import (
    Destination,
    HooksSettings,
    HttpSettings,
    Source,
    StoreSettings,
)
from marrowd.telemetry.logging import configure_logging

_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_HOOK_BUDGET: Final = timedelta(seconds=5)  # a laptop that is busy otherwise is no failure here


def demo_command(*, keep: bool, port: int) -> int:
    """
    Run the demo; 0 when everything came as each patient's story promised, else 1.

    Args:
        keep: leave service and EHR running until Ctrl-C.
        port: the service's port; 0 takes a free one.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a page that is not Unicode shows a mark
    configure_logging(as_json=False, level="warning")
    with contextlib.suppress(KeyboardInterrupt):
        try:
            return asyncio.run(_demo(keep=keep, port=port))
        except MarrowdError as exc:
            sys.stderr.write(f"marrowd demo: {exc}\n")
        except OSError as exc:
            sys.stderr.write(f"marrowd demo: cannot listen on port {port}: {exc.strerror}\n")
    return 1


async def _demo(*, keep: bool, port: int) -> int:
    started = time.monotonic()
    secret, signing = secrets.token_urlsafe(24), _signing_secret()
    ehr = Ehr(signing)
    show = Show(sys.stdout, ehr.cards)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="marrowd-demo-"))
        await stack.enter_async_context(ehr_running(ehr))
        service = await stack.enter_async_context(
            running(_settings(Path(folder), ehr, secret=secret, signing=signing, port=port))
        )
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_TIMEOUT))
        caller = Caller(
            session=session,
            public_url=service.public_url,
            ops_url=service.ops_url,
            secret=secret,
            ehr=ehr,
        )
        wrong = await _year(show, caller, started)
        for line in wrong:
            show.say(f"NOT AS EXPECTED  {line}", "bold red")
        if keep:
            await _keep(show, service, ehr)
    return 1 if wrong else 0


async def _year(show: Show, caller: Caller, started: float) -> list[str]:
    patients = patients_of(datetime.now(UTC))
    for patient in patients:
        caller.ehr.records.put(patient.resource)
    steps = steps_of(patients)
    notices = sum(step.entry.notices for step in steps if step.is_arrival)
    show.heading(len(patients), notices, service=caller.public_url, ehr=caller.ehr.url)
    replayed = await replay(steps, caller)
    templates = await caller.templates()
    shown: dict[str, list[Card]] = {}
    for patient in patients:
        shown[patient.id] = await caller.open_chart(patient.id, templates)
        show.patient(patient, replayed, shown[patient.id])
    show.summary(len(patients), replayed, took_s=time.monotonic() - started)
    return failures(patients, replayed, shown, caller.ehr.cards)


async def _keep(show: Show, service: Service, ehr: Ehr) -> None:
    """Print where to look, and wait for Ctrl-C."""
    call = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "fhirServer": ehr.fhir_url,
        "context": {"userId": "Practitioner/demo", "patientId": "ada"},
    }
    show.say()
    show.say("Left running until Ctrl-C:", "bold")
    show.say(f"  services      {service.public_url}/cds-services")
    show.say(f"  operators     {service.ops_url}/")
    show.say(f"  metrics       {service.ops_url}/metrics")
    show.say(f"  readiness     {service.ops_url}/readyz")
    show.say(f"  EHR's charts  {ehr.cards_url}")
    show.say(f"  EHR's FHIR    {ehr.fhir_url}/DiagnosticReport?patient=Patient/ada")
    show.say("  a chart is opened:")
    show.say(f"    curl -s {service.public_url}/cds-services/{HOOK} \\")
    show.say(f"      -H 'Content-Type: application/json' -d '{json.dumps(call)}'")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await service.until(stopping)


def _settings(folder: Path, ehr: Ehr, *, secret: str, signing: str, port: int) -> Settings:
    return Settings(
        http=HttpSettings(host=HOST, port=port, ops_host=HOST, ops_port=0),
        store=StoreSettings(url=SecretStr(f"sqlite:///{folder / 'demo.sqlite3'}")),
        sources=(
            Source(
                name=SOURCE,
                base_url=ehr.fhir_url,
                notification_secret=(SecretStr(secret),),
                subscribe="none",  # the stand-in notifies without being asked to
                sweep_every=timedelta(days=1),  # one is asked for by a ping
            ),
        ),
        destinations=(
            Destination(name="ehr", url=ehr.cards_url, source=SOURCE, secret=(SecretStr(signing),)),
        ),
        hooks=HooksSettings(require_jwt=False, budget=_HOOK_BUDGET, fetch_budget=_HOOK_BUDGET),
    )


def _signing_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
