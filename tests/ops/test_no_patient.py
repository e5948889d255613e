"""
A marker in every field of every input is found in nothing that operators or their tools are shown.

Not in logs at their most talkative, metrics, traces, refusals, the operators' page, `inbox list`,
`outbox list`, nor in what a crash leaves behind.
"""

import json
import subprocess
import sys

import pytest
import pytest_asyncio
from tests.ops import hospital as hospitals
from tests.ops.marked import MARK, bad, good, report, result
from tests.support.collector import collecting
from tests.support.ehr import Reply
from tests.support.fhir_server import Fault
from tests.support.service import until

from marrowd.telemetry.tracing import SpanName, Told

pytestmark = [pytest.mark.ops, pytest.mark.asyncio(loop_scope="session")]

PROBE = "Observation/probe"
TRACED = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": f"{MARK}={MARK}",
    "baggage": f"{MARK}={MARK}",
}
HOOK = f"/cds-services/{hospitals.HOOK}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector():
    """What traces are sent to."""
    async with collecting() as collector:
        yield collector


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def marked(tmp_path_factory, collector):
    """A hospital that has been sent the marker by every way in; with all answers it gave."""
    folder = tmp_path_factory.mktemp("marked")
    settings = {
        "log": {"level": '"debug"', "format": '"json"', "patient_key": '"a key of pseudonyms"'},
        "http": {"max_body": "100000"},
        "tracing": {"endpoint": f'"{collector.url}"'},
        "[sources]": {"subscribe": '"none"'},
    }
    async with hospitals.running(folder, settings=settings) as hospital:
        answers: list[str] = []
        await events(hospital, answers)
        await an_ill_server(hospital)
        await an_ill_ehr(hospital)
        await hooks(hospital, answers)
        await nonsense(hospital, answers)
        yield hospital, answers


async def settled(hospital):
    """Wait until each event has been looked at, done or not."""

    async def all_seen():
        ran = await hospital.service.run("inbox", "list", "--state", "ready")
        return ran.code == 0 and not any(" 0 " in line for line in ran.out.splitlines())

    await until(all_seen, "every event was tried", timeout_s=60)


async def events(hospital, answers):
    for resource in (*good(), *bad()):
        await ask(hospital, answers, "PUT", ref(resource), hospital.fhir.put(resource))
    await ask(hospital, answers, "DELETE", f"Observation/{MARK}-lab")
    await settled(hospital)


async def an_ill_server(hospital):
    """Answer every read and search with the marker: in the body, in a header, in an address."""
    body = json.dumps(
        {"resourceType": "OperationOutcome", "issue": [{"diagnostics": MARK, "details": MARK}]}
    ).encode()
    for number, status in enumerate((400, 401, 404, 422, 500, 302)):
        fault = Fault(
            prefix="/",
            times=4,
            status=status,
            body=body,
            headers={"Location": f"https://{MARK}.example/{MARK}", "X-Note": MARK},
        )
        hospital.fhir.faults.append(fault)
        late = report(f"ill-{number}", subject={"reference": f"Patient/{MARK}{number}"})
        await hospital.bring(late)
        await settled(hospital)
    hospital.fhir.faults.clear()


async def an_ill_ehr(hospital):
    """Refuse cards in words that hold the marker."""
    for number, status in enumerate((400, 500, 302)):
        hospital.ehr.replies.append(
            Reply(status=status, headers={"Location": f"https://{MARK}.example", "X-Note": MARK})
        )
        who = {"reference": f"Patient/{MARK}-ehr{number}"}
        await hospital.bring(result(f"ehr-lab-{number}", subject=who))
        await hospital.bring(report(f"ehr-mri-{number}", subject=who))
    await until(lambda: len(hospital.ehr.posts) >= 3, "cards were posted", timeout_s=60)


async def hooks(hospital, answers):
    calls = [
        {"context": {"patientId": MARK, "userId": f"Practitioner/{MARK}"}, "hookInstance": MARK},
        {"fhirServer": f"https://{MARK}.example/{MARK}"},
        {"fhirAuthorization": {"access_token": MARK, "scope": MARK, "subject": MARK}},
        {"prefetch": {MARK: MARK, "results": {"resourceType": MARK}, "reports": [MARK]}},
        {"prefetch": {"results": {"resourceType": "Bundle", "entry": [{"resource": bad()[4]}]}}},
        {"context": MARK, "extension": {MARK: MARK}},
        {"hook": MARK},
    ]
    for changed in calls:
        await posted(hospital, answers, HOOK, a_call(hospital, changed))
    told = {
        "card": MARK,
        "outcome": "overridden",
        "outcomeTimestamp": MARK,
        "overrideReason": {"reason": {"code": MARK, "system": MARK}, "userComment": MARK},
    }
    when = "2026-03-01T12:00:00Z"
    for feedback in (told, {**told, "outcomeTimestamp": when}, {MARK: MARK}):
        await posted(hospital, answers, f"{HOOK}/feedback", {"feedback": [feedback]})


def a_call(hospital, changed):
    return {
        "hook": "patient-view",
        "hookInstance": "0d9f1bfb-4d2c-4b4f-9f4e-3f5f7d1f2a10",
        "fhirServer": hospital.fhir.base_url,
        "context": {"userId": "Practitioner/1", "patientId": MARK},
        **changed,
    }


async def nonsense(hospital, answers):
    """Send what is wrong in its path, query, header or first byte."""
    for method in ("PUT", "POST", "DELETE"):
        await ask(hospital, answers, method, f"Observation/{MARK}", f'{{"{MARK}": ')
        await ask(hospital, answers, method, f"{MARK}/{MARK}", result("lab"))
        await ask(hospital, answers, method, f"Observation/~{MARK}", result("lab"))
        await ask(hospital, answers, method, f"Observation/other?name={MARK}", result("lab"))
        await ask(hospital, answers, method, PROBE, result("lab"), secret=MARK)
    await posted(hospital, answers, f"/events/{MARK}", {MARK: MARK})
    await posted(hospital, answers, f"/cds-services/{MARK}", {MARK: MARK})
    await posted(hospital, answers, HOOK, MARK)
    for url in (hospital.service.url, hospital.service.ops_url):
        for path in (f"/{MARK}", f"/?{MARK}={MARK}", f"/metrics?name={MARK}"):
            async with hospital.session.get(f"{url}{path}", headers={"X-Note": MARK}) as answer:
                answers.append(await answer.text())


def ref(resource):
    return f"{resource['resourceType']}/{resource['id']}"


async def ask(hospital, answers, method, path, body=None, *, secret=None):
    url = f"{hospital.service.url}/events/{hospital.service.source}/{path}"
    data = body if isinstance(body, str) else json.dumps(body)
    headers = {"Authorization": f"Bearer {secret or hospital.service.secret}", **hospitals.JSON}
    headers |= TRACED
    async with hospital.session.request(method, url, data=data, headers=headers) as answer:
        answers.append(await answer.text())


async def posted(hospital, answers, path, body):
    headers = {"Authorization": f"Bearer {MARK}.{MARK}.{MARK}", "Referer": f"https://{MARK}/"}
    headers |= TRACED
    url = f"{hospital.service.url}{path}"
    async with hospital.session.post(url, json=body, headers=headers) as answer:
        if answer.status != 200:  # a card names its patient's bones to whoever may ask
            answers.append(await answer.text())


def around(text):
    """Give the lines that hold the marker, for a message of failure."""
    return [line[:600] for line in text.splitlines() if MARK in line.lower()]


async def test_no_refusal_quotes_what_was_sent(marked):
    _, answers = marked

    assert [line for answer in answers for line in around(answer)] == []


async def test_no_metric_holds_it(marked):
    hospital, _ = marked

    assert around((await hospital.metrics()).decode()) == []


async def test_no_page_holds_it(marked):
    hospital, _ = marked

    async with hospital.session.get(hospital.service.ops_url) as answer:
        page = await answer.text()

    assert "no_subject" in page
    assert around(page) == []


@pytest.mark.usefixtures("marked")
async def test_no_span_holds_it_and_none_says_what_is_not_on_the_list(collector):
    names = {"notification", "hook", "event", "fhir", "screen", "delivery", "sweep"}
    await until(lambda: names <= {span.name for span in collector.spans}, "every kind of span")
    spans = list(collector.spans)

    assert any(span.is_error for span in spans)
    assert {span.name for span in spans} <= set(SpanName)
    assert {key for span in spans for key in span.told} <= set(Told)
    assert [span for span in spans if span.events or span.said_of_error] == []
    assert MARK.encode() not in collector.raw.lower()


@pytest.mark.parametrize("queue", ["inbox", "outbox"])
async def test_no_list_holds_it(marked, queue):
    hospital, _ = marked

    ran = await hospital.service.run(queue, "list", "--state", "all", "--limit", "1000")

    assert ran.code == 0
    assert around(ran.out + ran.err) == []


async def test_no_log_line_holds_it(marked):
    hospital, _ = marked

    log = hospital.service.log.read_text(errors="replace")

    assert "event_parked" in log
    assert "not_delivered" in log
    assert "hook_answered" in log
    assert "patient_key" in log
    assert around(log) == []


@pytest.mark.parametrize(
    "text",
    [f'{{"{MARK}": ', json.dumps({"resourceType": MARK}), json.dumps(bad()[4])],
    ids=["cut", "no-fhir", "unreadable"],
)
async def test_no_error_of_the_command_line_quotes_a_file(text, tmp_path):
    file = tmp_path / "export.json"
    file.write_text(text)

    ran = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, "-m", "marrowd", "screen", str(file)],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    assert around(ran.stderr.decode()) == []


CRASHES = {
    "main": "def program(): raise ValueError(MARK)\ncli.program = program\ncli.main()",
    "group": "def program(): raise ExceptionGroup(MARK, [KeyError(MARK)])\n"
    "cli.program = program\ncli.main()",
    "thread": "import threading\ncli.program = lambda: None\ncli.main()\n"
    "def work(): raise ValueError(MARK)\nt = threading.Thread(target=work); t.start(); t.join()",
    "task": "import asyncio, gc\n"
    "from marrowd.telemetry.logging import configure_logging\n"
    "configure_logging(as_json=True, level='debug')\n"
    "async def fails(): raise ValueError(MARK)\n"
    "async def run():\n"
    "    task = asyncio.create_task(fails()); await asyncio.sleep(0); del task; gc.collect()\n"
    "asyncio.run(run(), debug=True)",
}


@pytest.mark.parametrize("crash", CRASHES)
async def test_no_crash_tells_it(crash):
    program = f"import marrowd.cli.program as cli\nMARK = '{MARK}'\n{CRASHES[crash]}"

    ran = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=False
    )

    said = (ran.stdout + ran.stderr).decode()
    assert "Error" in said
    assert around(said) == []
