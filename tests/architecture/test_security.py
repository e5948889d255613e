"""What SECURITY.md says of the code as a whole, and that its table leaves no item out."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## OWASP ASVS")[2]
CODE = {
    path.relative_to(ROOT): path.read_text(encoding="utf-8")
    for path in (ROOT / "service").rglob("*.py")
}
# The items of ASVS 5.0 that fit a service like this one.
ITEMS = """
1.2.4 1.2.9 1.3.1 1.3.6 1.3.12 1.5.1 1.5.3 2.1.1 2.1.2 2.1.3 2.2.3 2.3.3 2.4.1 4.1.1 4.1.3 4.1.4
4.1.5 4.2.1 5.1.1 5.2.1 5.2.2 5.2.3 8.2.2 8.4.1 9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 11.2.3 12.2.1
12.3.1 12.3.2 12.3.3 12.3.4 13.1.1 13.1.2 13.1.3 13.2.1 13.2.2 13.2.3 13.2.4 13.2.5 13.3.1 13.3.4
13.4.2 13.4.5 14.1.1 14.1.2 14.2.1 14.2.7 14.3.2 15.1.1 15.1.2 15.1.3 15.2.4 15.2.5 15.3.2 15.4.2
16.1.1 16.2.1 16.2.2 16.2.5 16.3.1 16.3.2 16.4.1 16.5.1 16.5.2 16.5.3 16.5.4
""".split()


def told() -> set[str]:
    """Give the items of the table, those within "a to b" too."""
    rows = [row.split("|")[1] for row in TABLE.splitlines() if re.match(r"\| \d", row)]
    ranges = re.findall(r"(\d+\.\d+)\.(\d+) to \1\.(\d+)", "\n".join(rows))
    within = [[f"{part}.{n}" for n in range(int(a), int(b) + 1)] for part, a, b in ranges]
    return {*re.findall(r"\d+\.\d+\.\d+", "\n".join(rows)), *chain(*within)}


def test_every_item_is_in_the_table():
    assert set(ITEMS) <= told()


def test_every_place_and_test_of_the_table_is_there():
    paths = re.findall(r"`((?:service|tests|docs|charts|deploy|openapi)/[^`]+)`", TABLE)

    assert [] == [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"\bssl\s*=|verify_ssl|CERT_NONE|_create_unverified", id="certificates"),
        pytest.param(r"^\s*(?:from|import) (?:xml|lxml|defusedxml)\b", id="an XML parser"),
        pytest.param(r"allow_redirects=True", id="redirects"),
        pytest.param(r"\b(?:pickle|marshal|eval|exec)\b\(?", id="code out of data"),
    ],
)
def test_nowhere_in_the_code(pattern):
    assert [] == [path for path, text in CODE.items() if re.search(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize("name", ["Makefile", "deploy/Containerfile"])
def test_what_is_installed_is_what_was_locked(name):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert re.search(r"--no-deps --require-hashes", text)
