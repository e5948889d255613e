"""The demo runs by itself to a good end, and reads well where there is no terminal."""

import re
import subprocess
import sys

import pytest

WIDTH = 100


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
