"""
The operators' page in a real browser: legible in light and dark, by keyboard, by a screen reader.

axe-core looks for what breaks WCAG 2.2 A and AA; the tests by hand say what this page must have.
"""

import json
import os
import re
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright
from tests.ops.tools import tool
from tests.support.hospital import lab
from tests.support.service import until

pytestmark = [pytest.mark.ops, pytest.mark.asyncio(loop_scope="session")]

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
LEAST = 4.5  # WCAG 2.2 AA for text of this size
CONTRAST = """
() => {
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const before = node.previousElementSibling;
    for (let n = before; n && node.tagName === "text"; n = n.previousElementSibling)
      if (n.tagName === "rect" && getComputedStyle(n).fill !== "none")
        return rgba(getComputedStyle(n).fill);
    for (let n = node; n; n = n.parentElement) {
      const c = rgba(getComputedStyle(n).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((n) => n.tagName !== "title" && n.tagName !== "desc")
    .filter((n) => [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim()))
    .map((n) => {
      const style = getComputedStyle(n);
      const pair = [light(rgba(n.tagName === "text" ? style.fill : style.color)), light(behind(n))];
      return [n.textContent.trim().slice(0, 40),
        (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
    });
}
"""


def axe() -> str:
    """Give the script that `make test-ops` fetched."""
    path = os.environ.get("AXE")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("AXE is not set: run `make test-ops`")
        pytest.skip("AXE is not set: run `make test-ops`")
    return Path(path).read_text(encoding="utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser():
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=tool("chromium"),
            args=["--no-sandbox"],  # the tests may run as root
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def busy(hospital):
    """The hospital with something of everything, parked events among it."""
    await hospital.day(1000)
    stray = lab("stray-page", "Patient/nobody", at=hospital.fhir.now)
    del stray["subject"]
    assert await hospital.bring(stray) == 204
    await until(hospital.service.is_idle, "nothing waits")
    return hospital


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser, busy, tmp_path):
    contexts = []

    async def opened(theme="light", *, query="?refresh=0", width=1280, script=False):
        context = await browser.new_context(
            color_scheme=theme,
            viewport={"width": width, "height": 1000},
            java_script_enabled=script,
        )
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        await page.goto(f"{busy.service.ops_url}/{query}")
        await page.screenshot(path=tmp_path / f"ops-{theme}-{width}.png", full_page=True)
        return page

    yield opened
    for context in contexts:
        await context.close()


@THEMES
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing(open_page, theme, width):
    page = await open_page(theme, width=width, script=True)
    await page.evaluate(axe())

    found = await page.evaluate("axe.run({resultTypes: ['violations']})")

    assert found["passes"], "axe looked at nothing"
    assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in found["violations"]] == []


@THEMES
async def test_every_text_stands_out(open_page, theme):
    page = await open_page(theme, script=True)

    faint = [(text, ratio) for text, ratio in await page.evaluate(CONTRAST) if ratio < LEAST]

    assert faint == []


async def test_all_of_it_is_there_without_scripts(open_page):
    page = await open_page()

    shown = await page.locator("main").inner_text()
    for words in ("hospital", "active", "no_subject", "ehr", "endocrine-2011", "association"):
        assert words in shown, shown


async def test_landmarks_headings_and_names(open_page):
    page = await open_page()

    for landmark in ("banner", "main", "contentinfo"):
        assert await page.get_by_role(landmark).count() == 1
    assert await page.get_by_role("heading", level=1).count() == 1
    sections = await page.locator("section").count()
    assert await page.get_by_role("heading", level=2).count() == sections
    assert await page.get_by_role("region").count() == sections
    assert await page.locator("html").get_attribute("lang") == "en"
    ids = [await node.get_attribute("id") for node in await page.locator("[id]").all()]
    assert len(set(ids)) == len(ids)


async def test_the_picture_can_be_heard(open_page):
    page = await open_page()

    picture = page.get_by_role("img", name="The line from sources to charts")
    assert re.search(r"Inbox: \d+ waiting", await picture.locator("desc").inner_html())
    for words in ("Sources", "Screening", "Outbox", "Charts"):
        assert await page.get_by_text(words, exact=True).count() >= 1


async def test_tables_have_headers(open_page):
    page = await open_page()

    for table in await page.get_by_role("table").all():
        assert await table.get_attribute("aria-label")
        for row in await table.locator("tbody tr").all():
            assert await row.get_by_role("rowheader").count() == 1
        heads = await table.get_by_role("columnheader").count()
        cells = await table.locator("tbody tr").first.locator("th, td").count()
        assert heads == cells


async def test_it_refreshes_itself_until_it_is_paused_by_keyboard(open_page):
    page = await open_page(query="")
    assert await page.locator("meta[http-equiv=refresh]").get_attribute("content") == "10"

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await page.wait_for_url("**/?refresh=0")
    assert await page.locator("meta[http-equiv=refresh]").count() == 0


@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_runs_off_the_screen(open_page, width):
    page = await open_page(width=width, script=True)

    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_it_says_nothing_of_a_patient(open_page, busy):
    page = await open_page()

    text = await page.content()
    assert "p1000" not in text
    assert "stray" not in text
    assert json.dumps(busy.service.secret) not in text
