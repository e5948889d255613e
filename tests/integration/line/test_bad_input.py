"""
What can go wrong at the edges: each gets its answer, and the worker goes on with the next event.

The FHIR server here is the one in memory, because a real one cannot be told to be ill.
"""

import json
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from tests.support import ehr as stand_in
from tests.support import fhir_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import Fault, FhirServer
from tests.support.hospital import EDEMA, lab, report
from tests.support.line import webhook_secret
from tests.support.service import Service, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = "ill"
MAX_BODY = 100_000
VALID = lab("lab-1", "Patient/bad-1", at=datetime(2026, 1, 5, 9, tzinfo=UTC))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fhir():
    async with fhir_server.running(FhirServer()) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(fhir, tmp_path_factory):
    secret = webhook_secret()
    async with stand_in.running(Ehr(secrets=(secret,))) as ehr:
        service = Service(
            tmp_path_factory.mktemp("ill"),
            source=SOURCE,
            base_url=fhir.base_url,
            ehr_url=ehr.url,
            webhook_secret=secret,
            settings={"http": {"max_body": str(MAX_BODY)}, "[sources]": {"subscribe": '"none"'}},
        )
        try:
            await service.start()
            yield service
        finally:
            await service.stop()


@pytest.fixture(autouse=True)
def no_faults(request):
    yield
    if "fhir" in request.fixturenames:
        request.getfixturevalue("fhir").faults.clear()


async def send(service, path, body, *, secret=None, method="PUT", chunked=False):
    """Send *body* to the intake; give status, headers and the parsed answer."""
    headers = {"Content-Type": "application/fhir+json"}
    if secret != "":
        headers["Authorization"] = f"Bearer {secret or service.secret}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    if chunked:
        data = in_chunks(data)
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method, f"{service.url}/events/{path}", data=data, headers=headers
        ) as answer,
    ):
        said = await answer.read()
        return answer.status, answer.headers, json.loads(said) if said else None


async def in_chunks(data):
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def bring(service, fhir, *resources):
    """Put resources on the server and tell the service of each; 204 for all."""
    for resource in resources:
        stored = fhir.put(resource)
        path = f"{SOURCE}/{stored['resourceType']}/{stored['id']}"
        status, _, said = await send(service, path, stored)
        assert (status, said) == (204, None)


async def goes_on(service, fhir, name):
    """Show that the worker still turns a patient's events into a verdict."""
    day = datetime.now(UTC) - timedelta(days=30)
    patient = f"Patient/next-{name}"
    level = lab(f"next-lab-{name}", patient, at=day - timedelta(days=3))
    await bring(service, fhir, level, *report(f"next-mri-{name}", patient, EDEMA, at=day))
    await until(
        lambda: service.verdicts().get(patient) == "association", "the next patient is screened"
    )


@pytest.mark.parametrize(
    ("path", "body", "statuses"),
    [
        pytest.param(f"{SOURCE}/Observation/lab-1", b"{not json", {400}, id="not-json"),
        pytest.param(f"{SOURCE}/Observation/lab-1", b"", {400}, id="empty"),
        pytest.param(f"{SOURCE}/Observation/lab-1", b"\xff\xfe{}", {400}, id="not-utf-8"),
        pytest.param(f"{SOURCE}/Observation/lab-1", b'{"a": NaN}', {400}, id="nan"),
        pytest.param(f"{SOURCE}/Observation/lab-1", b"[" * 90_000, {400}, id="deep"),
        pytest.param(f"{SOURCE}/Observation/lab-1", {"a": 1}, {400, 422}, id="not-fhir"),
        pytest.param(f"{SOURCE}/Observation/lab-1", [VALID], {400, 422}, id="array"),
        pytest.param(f"{SOURCE}/Nonsense/lab-1", VALID, {404}, id="unknown-type"),
        pytest.param(f"{SOURCE}/ImagingStudy/lab-1", VALID, {422}, id="other-type"),
        pytest.param(f"{SOURCE}/Observation/lab-2", VALID, {422}, id="other-id"),
        pytest.param("nowhere/Observation/lab-1", VALID, {404}, id="unknown-source"),
        pytest.param(SOURCE, {"resourceType": "Bundle", "type": "searchset"}, {422}, id="bundle"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_an_outcome(service, path, body, statuses):
    method = "POST" if path == SOURCE else "PUT"

    status, headers, said = await send(service, path, body, method=method)

    assert status in statuses
    assert headers["Content-Type"].startswith("application/fhir+json")
    assert said["resourceType"] == "OperationOutcome"
    assert service.secret not in json.dumps(said)


@pytest.mark.parametrize("secret", ["", "wrong", "Bearer"], ids=["missing", "wrong", "scheme"])
async def test_without_the_secret_nothing_is_accepted(service, secret):
    before = await service.metric("marrowd_events_received_total")

    status, _, _ = await send(service, f"{SOURCE}/Observation/lab-1", VALID, secret=secret)

    assert status == 401
    assert await service.metric("marrowd_events_received_total") == before


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_body_over_the_limit_is_413(service, chunked):
    body = {**VALID, "note": [{"text": "x" * MAX_BODY}]}

    status, _, _ = await send(service, f"{SOURCE}/Observation/lab-1", body, chunked=chunked)

    assert status == 413


async def test_type_that_is_not_used_is_ignored_and_counted(service):
    before = await service.metric("marrowd_events_ignored_total", reason="type")
    device = {"resourceType": "Device", "id": "d-1"}

    status, _, _ = await send(service, f"{SOURCE}/Device/d-1", device)

    assert status == 204
    assert await service.metric("marrowd_events_ignored_total", reason="type") == before + 1


async def test_resource_without_subject_is_parked_with_a_reason(service, fhir):
    orphan = {k: v for k, v in lab("orphan", "", at=datetime.now(UTC)).items() if k != "subject"}

    await bring(service, fhir, orphan)
    await goes_on(service, fhir, "orphan")

    async def listed():
        ran = await service.run("inbox", "list")
        assert ran.code == 0, ran.err
        return [line for line in ran.out.splitlines() if "no_subject" in line]

    [line] = await until(listed, "the event is listed as parked")
    assert "Observation" in line
    assert "orphan" not in line  # an id may be a record's number
    assert await service.metric("marrowd_events_parked_total", reason="no_subject") >= 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(prefix="/Binary", status=404), id="gone"),
        pytest.param(Fault(prefix="/Binary", is_endless=True), id="endless"),
        pytest.param(Fault(prefix="/Binary", status=400), id="refused"),
    ],
)
async def test_binary_that_cannot_be_had_makes_an_unreadable_report(service, fhir, fault, request):
    name = request.node.callspec.id
    day = datetime.now(UTC) - timedelta(days=30)
    patient = f"Patient/binary-{name}"
    fhir.faults.append(fault)

    level = lab(f"lab-{name}", patient, at=day - timedelta(days=3))
    await bring(
        service, fhir, level, *report(f"mri-{name}", patient, EDEMA, at=day, form="binary")[1:]
    )

    await until(
        lambda: service.verdicts().get(patient) == "report_unreadable", "the report is unreadable"
    )
    await goes_on(service, fhir, f"binary-{name}")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(prefix="/", status=503, times=8), id="down"),
        pytest.param(Fault(prefix="/", is_dropped=True, times=8), id="dropping"),
        pytest.param(Fault(prefix="/", delay_s=1.5, times=8), id="slow"),
    ],
)
async def test_server_in_trouble_delays_a_verdict_and_loses_nothing(service, fhir, fault, request):
    name = request.node.callspec.id
    day = datetime.now(UTC) - timedelta(days=30)
    patient = f"Patient/trouble-{name}"
    level = lab(f"lab-{name}", patient, at=day - timedelta(days=3))
    binary, written = report(f"mri-{name}", patient, EDEMA, at=day, form="binary")
    fhir.put(binary)
    fhir.faults.append(fault)

    await bring(service, fhir, level, written)

    await until(
        lambda: service.verdicts().get(patient) == "association",
        "the server is back and the patient is screened",
        timeout_s=60,
    )
    await goes_on(service, fhir, f"trouble-{name}")
