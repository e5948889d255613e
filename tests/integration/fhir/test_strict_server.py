"""
The real service before a FHIR server that wants SMART tokens and sends documents of every kind.

The authorization server is strict with assertions. The documents come through the fetch of a
Binary, and each that is bad stands beside another patient's good one.
"""

import base64
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support import ehr as stand_in
from tests.support import fhir_server, smart_server
from tests.support.documents import pdf, pdf_bomb, rtf
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import as_html, lab, report
from tests.support.line import webhook_secret
from tests.support.patience import PATIENCE_S
from tests.support.service import Service, until
from tests.support.smart_server import SmartServer
from tests.support.tokens import ec_key

pytestmark = pytest.mark.asyncio(loop_scope="session")

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Linux's /proc")

SOURCE = "strict"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
WORDS = "MRI right foot. There is bone marrow edema in the talus and in the navicular."
GOOD = {
    "pdf": ("application/pdf", pdf(WORDS)),
    "rtf": ("application/rtf", rtf(WORDS)),
    "html": ("text/html", as_html(WORDS).encode()),
}
BAD = {
    "bomb": ("application/pdf", pdf_bomb(600_000_000)),
    "not-a-pdf": ("application/pdf", b"%PDF-1.7 nothing of the kind"),
    "picture": ("application/pdf", pdf("")),
    "long-rtf": ("application/rtf", b"{\\rtf1 " + rb"\b0 x\'e4 " * 1_200_000 + b"}"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def smart():
    async with smart_server.running(SmartServer()) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fhir():
    async with fhir_server.running(FhirServer()) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(fhir, smart, tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    key = folder / "key.pem"
    key.write_bytes(ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    secret = webhook_secret()
    auth = (
        f'{{kind = "smart-backend", client_id = "marrowd", key_id = "ehr", '
        f'private_key_file = "{key}", token_url = "{smart.token_url}"}}'
    )
    async with stand_in.running(Ehr(secrets=(secret,))) as ehr:
        service = Service(
            folder,
            source=SOURCE,
            base_url=fhir.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
            settings={"[sources]": {"subscribe": '"none"', "auth": auth}},
        )
        try:
            await service.start()
            yield service
        finally:
            await service.stop()


async def bring(service, fhir, name, content_type, data):
    """Bring one patient: a low level, and a report whose text is in a document."""
    patient = f"Patient/{name}"
    level = lab(f"lab-{name}", patient, at=DAY - timedelta(days=3))
    binary, written = report(f"mri-{name}", patient, WORDS, at=DAY, form="binary")
    encoded = base64.b64encode(data).decode()
    binary = {**binary, "contentType": content_type, "data": encoded}
    written["presentedForm"] = [{**written["presentedForm"][0], "contentType": content_type}]
    fhir.put(binary)
    headers = {"Authorization": f"Bearer {service.secret}"}
    async with aiohttp.ClientSession() as session:
        for resource in (level, written):
            stored = fhir.put(resource)
            path = f"{stored['resourceType']}/{stored['id']}"
            url = f"{service.url}/events/{SOURCE}/{path}"
            async with session.put(url, json=stored, headers=headers) as answer:
                assert answer.status == 204
    return patient


async def verdict(service, patient, expected, *, timeout_s=PATIENCE_S):
    await until(
        lambda: service.verdicts().get(patient) == expected,
        lambda: f"{expected} on {patient}: {service.verdicts().get(patient)}",
        timeout_s=timeout_s,
    )


@pytest.mark.parametrize("name", GOOD)
async def test_a_document_becomes_a_verdict(service, fhir, smart, name):
    patient = await bring(service, fhir, name, *GOOD[name])

    await verdict(service, patient, "association")
    assert {seen.headers.get("Authorization") for seen in fhir.seen} == {"Bearer token-1"}
    assert (smart.requests, smart.refused) == (1, [])


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_document_disturbs_nobody_else(service, fhir, name):
    bad = await bring(service, fhir, f"{name}-bad", *BAD[name])
    good = await bring(service, fhir, f"{name}-good", *GOOD["pdf"])

    await verdict(service, good, "association")
    await verdict(service, bad, "report_unreadable")


@needs_proc
async def test_a_killed_parser_is_replaced(service, fhir):
    await verdict(service, await bring(service, fhir, "before", *GOOD["rtf"]), "association")
    [child] = children_of(service)
    os.kill(child, signal.SIGKILL)

    await verdict(service, await bring(service, fhir, "after", *GOOD["rtf"]), "association")


@needs_proc
async def test_a_stop_leaves_no_parser_behind(service, fhir):
    await verdict(service, await bring(service, fhir, "last", *GOOD["html"]), "association")
    [child] = children_of(service)

    assert await service.stop() == 0

    assert not os.path.exists(f"/proc/{child}")  # noqa: ASYNC240, PTH110 - a look into memory
    assert "token-1" not in service.log.read_text(encoding="utf-8")


def children_of(service):
    pid = service._process.pid
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
