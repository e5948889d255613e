"""Every answer, refusals included, tells a browser to keep, run and frame nothing."""

import pytest
from tests.support.hook_calls import PATIENT_VIEW, a_call, hooks_running, whole_prefetch

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "marrowd",
    "X-Content-Type-Options": "nosniff",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cds-services", 200),
        ("POST", PATIENT_VIEW, 200),
        ("POST", "/cds-services/none", 404),
        ("GET", "/none", 404),
        ("DELETE", "/cds-services", 405),
    ],
)
async def test_every_answer_carries_them(tmp_path, method, path, status):
    async with hooks_running(tmp_path) as bench:
        answer = await bench.client.request(method, path, json=a_call(prefetch=whole_prefetch()))

        assert answer.status == status
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
