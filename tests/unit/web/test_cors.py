"""CORS: named origins, preflight without a token, headers on errors too."""

import pytest
from tests.support.hook_calls import PATIENT_VIEW, a_call, hooks_running, whole_prefetch

from marrowd.web.cors import cors

EHR = "https://ehr.example.org"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path, middlewares=[cors([EHR])]) as running:
        yield running


@pytest.mark.parametrize("path", ["/cds-services", PATIENT_VIEW, f"{PATIENT_VIEW}/feedback"])
async def test_a_preflight_is_answered_and_names_authorization(bench, path):
    answer = await bench.client.options(path, headers={"Origin": EHR} | ASKED)

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == EHR
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("origin", [EHR, "https://evil.example.org"])
async def test_a_preflight_carries_what_every_answer_carries(bench, origin):
    sent = {"Origin": origin, "X-Request-ID": "abc-1"} | ASKED
    answer = await bench.client.options(PATIENT_VIEW, headers=sent)

    assert answer.headers["X-Request-ID"] == "abc-1"
    assert answer.headers["Server"] == "marrowd"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_foreign_origin_gets_no_permission(bench):
    foreign = {"Origin": "https://evil.example.org"}

    preflight = await bench.client.options(PATIENT_VIEW, headers=foreign | ASKED)
    call = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()), headers=foreign)

    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in call.headers


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param(PATIENT_VIEW, b'{"a": 1}', 422, id="422"),
        pytest.param(PATIENT_VIEW, b"{", 400, id="400"),
        pytest.param("/cds-services/nothing", b"{}", 404, id="404"),
        pytest.param("/cds-services", b"{}", 405, id="405"),
    ],
)
async def test_errors_can_be_read_by_the_page_too(bench, path, body, status):
    answer = await bench.post(path, body, headers={"Origin": EHR})

    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == EHR
    assert "Origin" in answer.headers["Vary"]


async def test_other_paths_are_left_alone(bench):
    answer = await bench.client.get("/elsewhere", headers={"Origin": EHR})

    assert "Access-Control-Allow-Origin" not in answer.headers
