"""The synthetic year holds together whatever the day it is told on."""

from datetime import UTC, datetime, timedelta

import pytest

from marrowd.core.verdict import VerdictKind
from marrowd.demo.forms import attachment
from marrowd.demo.records import ref_of
from marrowd.demo.year import patients_of, steps_of

NOW = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
PATIENTS = patients_of(NOW)


def test_every_verdict_is_shown():
    assert {patient.expected.verdict for patient in PATIENTS} == set(VerdictKind)


def test_ids_are_used_once():
    assert len({patient.id for patient in PATIENTS}) == len(PATIENTS)


def test_a_silent_patient_says_what_is_known():
    silent = [patient for patient in PATIENTS if not patient.expected.indicator]

    assert silent
    assert all(patient.known for patient in silent)


def test_nothing_lies_in_the_future():
    assert all(step.at < NOW for step in steps_of(PATIENTS))


def test_what_arrives_was_written_before():
    written = set()
    for step in steps_of(PATIENTS):
        versions = {(ref_of(r), r["meta"]["versionId"]) for r in step.entry.resources}
        if step.is_arrival:
            assert versions <= written
        written |= versions


def test_versions_are_numbered_as_they_were_written():
    yann = next(patient for patient in PATIENTS if patient.id == "yann")
    labs = [r for entry in yann.entries for r in entry.resources if r["id"] == "yann-lab"]

    assert [lab["meta"]["versionId"] for lab in labs] == ["1", "2"]


def test_the_year_moves_with_the_day_it_is_told_on():
    later = patients_of(NOW + timedelta(days=100))

    assert all(
        new.at - old.at == timedelta(days=100)
        for old, new in zip(steps_of(PATIENTS), steps_of(later), strict=True)
    )


def test_a_form_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="papyrus"):
        attachment("text", "papyrus")
