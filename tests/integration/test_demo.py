"""The demo runs by itself to a good end, and reads well where there is no terminal."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

WIDTH = 100
README = Path(__file__).parents[2] / "README.md"


def undated(text):
    """Leave out dates: the demo's year ends today."""
    return re.sub(r"\d{4}-\d\d-\d\d|\d\d [A-Z][a-z]{2}\b", "DAY", text)


@pytest.fixture(scope="module")
def ran():
    return subprocess.run(
        [sys.executable, "-m", "marrowd", "demo"],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_it_ends_well(ran):
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "NOT AS EXPECTED" not in ran.stdout


def test_cards_are_posted_replaced_and_retracted(ran):
    last = ran.stdout.rstrip().rpartition("\n")[2]

    assert "26 patients" in last
    assert "15 posted, 2 replaced, 3 retracted" in last
    assert "(4 duplicates)" in last


def test_a_clinician_reads_the_finding_first(ran):
    assert (
        "WARNING (association): Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus, cuboid"
        in ran.stdout
    )


def test_the_readme_shows_a_card_as_it_is(ran):
    shown = README.read_text(encoding="utf-8").partition("## What the clinician sees")[2]
    lines = undated(shown.split("```")[1]).replace(" ...", "").strip("\n").splitlines()
    there = undated(ran.stdout)

    assert len(lines) > 10
    assert [line for line in lines if line.rstrip(" |") and line not in there] == []


def test_an_amended_report_takes_its_card_back(ran):
    chloe = ran.stdout.partition("Chloe Mockford")[2].partition("\n\n")[0]

    assert "report, amended" in chloe
    assert "edema_absent, card retracted" in chloe
    assert "retracted: Low 25(OH)D 17 ng/mL and MRI marrow edema in right navicular" in chloe
    assert "No card (edema_absent)." in chloe


def test_a_silent_patient_is_told_of_too(ran):
    assert "No card (report_pending). 25(OH)D 20 ng/mL; MRI of the right foot done" in ran.stdout


def test_piped_output_is_plain_and_fits_the_page(ran):
    lines = ran.stdout.splitlines()

    assert not re.search(r"[\x1b\x00-\x08]", ran.stdout)
    assert [line for line in lines if len(line) > WIDTH] == []
