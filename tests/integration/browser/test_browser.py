"""
A browser-based EHR calls the hooks across origins, with a JWT: card, suggestion, override.

Debian's chromium, driven by playwright. Where it is not installed the test is skipped and says so;
in CI that is a failure.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright, expect
from tests.support.hook_calls import EDEMA, PATIENT_VIEW, bundle, hooks_running, mri, whole_prefetch
from tests.support.store import count_of
from tests.support.tokens import ISSUER, claims, jwks, signed

from marrowd.settings import Issuer, Rotation
from marrowd.web.cors import cors
from marrowd.web.trust import Trust

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = Path(__file__).with_name("page.html")
MARCH = 1772366400  # 2026-03-01T12:00:00Z, when the clock of these tests stands still
FEEDBACK = f"{PATIENT_VIEW}/feedback"
HOSTILE = f"{EDEMA} <img src=x onerror=\"document.title='taken'\"> www.evil.example"


@pytest.fixture
def chromium() -> str:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed: apt-get install chromium")
        pytest.skip("chromium is not installed: no browser test")
    return CHROMIUM


@pytest.fixture
async def ehr():
    """The EHR's own web server, another origin than the service's."""
    app = web.Application()

    async def page(_request):
        return web.FileResponse(PAGE)

    app.router.add_get("/", page)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def bench(tmp_path, ehr):
    address: list[str] = []

    def trust(parts):
        keys = parts["folder"] / "jwks.json"
        keys.write_text(json.dumps(jwks()))
        return Trust(
            [Issuer(iss=ISSUER, source="hospital", jwks_file=str(keys))],
            session=parts["session"],
            tokens=parts["store"],
            clock=parts["clock"],
            public_url=lambda: address[0],
            rotation=Rotation(),
        )

    async with hooks_running(tmp_path, trust=trust, middlewares=[cors([ehr])]) as running:
        address.append(str(running.client.make_url("")).rstrip("/"))
        yield running


@pytest.fixture
async def page(chromium, ehr, bench):
    service = str(bench.client.make_url("")).rstrip("/")
    paths = ("/cds-services", PATIENT_VIEW, FEEDBACK)
    handed_in = {
        "service": service,
        "now": MARCH * 1000,
        "prefetch": whole_prefetch(reports=bundle(mri(text=HOSTILE))),
        "tokens": {
            path: [signed(claims(f"{service}{path}", at=MARCH)) for _ in range(3)] for path in paths
        },
    }
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"],  # the tests may run as root
        )
        page = await browser.new_page()
        page.set_default_timeout(15_000)
        await page.add_init_script(f"window.ehr = {json.dumps(handed_in)}")
        await page.goto(f"{ehr}/")
        yield page
        await browser.close()


async def says(page: Page, text: str) -> None:
    await expect(page.locator("#state")).to_have_text(text, timeout=15_000)


async def test_a_browser_ehr_shows_accepts_and_overrides(page, bench):
    await page.evaluate("openChart()")
    await says(page, "200 1")
    await expect(page.locator("article.warning h1")).to_have_text(
        "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus"
    )

    await page.locator("button.accept").first.click()
    await says(page, "accepted 200")

    await page.locator("select").select_option("explained-by-injury")
    await page.locator("button.override").click()
    await says(page, "overridden 200")

    await page.evaluate("openChart()")
    await says(page, "200 0")
    for outcome, reason in (("accepted", "none"), ("overridden", "explained-by-injury")):
        labels = {"outcome": outcome, "reason": reason}
        assert count_of(bench.metrics, "card_feedback_total", **labels) == 1


async def test_text_of_a_report_is_harmless_where_markup_is_rendered(page):
    await page.evaluate("openChart()")
    await says(page, "200 1")

    assert await page.locator("article img").count() == 0
    assert await page.title() == "Chart"
    assert "evil" not in await page.locator("article").inner_html()


async def test_a_refusal_can_be_read_by_the_page(page):
    await page.evaluate("expectRefusal('/cds-services')")

    await says(page, "refused 401 OperationOutcome")
