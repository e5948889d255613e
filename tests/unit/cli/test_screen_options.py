"""The options of `marrowd screen`, and what it keeps until all of its input is read."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.support import resources as fhir
from tests.support.screened import screen, screen_texts, terms

from marrowd.cli.gathered import Gathered, Role, rank
from marrowd.cli.screen import moment, screen_command
from marrowd.cli.spool import Spool
from marrowd.core.facts import Version
from marrowd.errors import BadConfiguration, BadInput, StoreUnavailable, UnreadableResource
from marrowd.fhir.facts import facts_from

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-01", "2026-03-01T22:59:59.999999"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00"),
        ("2026-03-01T12:00:00", "2026-03-01T11:00:00"),
        ("2026-03-01 12:00", "2026-03-01T11:00:00"),
        ("20260301", "2026-03-01T22:59:59.999999"),
    ],
)
def test_now_is_local_and_a_date_is_its_end(text, utc):
    assert moment(text, VIENNA).isoformat() == f"{utc}+00:00"


@pytest.mark.parametrize("text", ["", "soon", "2026", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_a_now_that_is_none(text):
    with pytest.raises(BadConfiguration):
        moment(text, UTC)


def test_without_now_it_is_the_clock():
    assert moment(None, UTC).tzinfo is UTC


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lab.json"
    path.write_text(json.dumps(fhir.lab()))
    return path


@pytest.mark.parametrize(
    ("policy", "now", "workers", "code"),
    [
        (None, "2026-03-01", 1, 0),
        ("iom-2011", None, 0, 0),
        ("none", None, 1, 2),
        (None, "soon", 1, 2),
        (None, None, -1, 2),
    ],
)
def test_exit_codes(file, capfdbinary, policy, now, workers, code):
    assert screen_command([file], policy, now, None, workers) == code
    assert bool(capfdbinary.readouterr().out) is (code == 0)


def test_no_file_and_a_file_that_is_not_there(tmp_path, capfdbinary):
    assert screen_command([], None, None, None, 1) == 2
    assert screen_command([tmp_path / "none.json"], None, None, None, 1) == 3
    assert capfdbinary.readouterr().out == b""


def test_a_configuration_brings_its_zone_codes_and_pains(tmp_path, capfdbinary):
    config = tmp_path / "marrowd.toml"
    config.write_text(
        '[policy]\nsite_zone = "Europe/Vienna"\npain_codes = ["urn:p|FOOT"]\n'
        '[[policy.local_codes]]\nsystem = "urn:l"\ncode = "VITD"\n'
    )
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(fhir.bundle(fhir.lab(code=fhir.coded("VITD", "urn:l")), fhir.mri())))

    assert screen_command([path], None, "2026-03-01", config, 1) == 0
    assert json.loads(capfdbinary.readouterr().out)["verdict"] == "association"


@pytest.mark.parametrize("before", [0, 1, 6_000])
def test_a_broken_line_is_named(before):
    lines = ["", *[json.dumps(fhir.patient(str(n), x="-" * 50)) for n in range(before)], " ", "{]"]

    place = f"line {before + 3}: " if before else ""

    with pytest.raises(BadInput, match=rf"0\.json: {place}not JSON"):
        screen_texts(["\n".join(lines) + "\n"])


def test_versions_sort_as_text_as_they_do_as_values():
    early = datetime(2026, 1, 1, tzinfo=UTC)
    versions = [
        Version(digest=digest, last_updated=updated, version_id=number, is_withdrawn=withdrawn)
        for updated in (None, early, datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
        for number in (None, 0, 9, 10, 10**50)
        for withdrawn in (False, True)
        for digest in ("a", "b")
    ]

    assert sorted(versions, key=rank) == sorted(versions, key=lambda version: version.order)


def test_an_address_of_two_resources_names_neither():
    spool = Spool()
    for ref in ("Patient/1", "Patient/2", "Patient/1"):
        gathered = Gathered()
        gathered.put_address("urn:uuid:1", ref)
        spool.keep(gathered)

    assert spool.address("urn:uuid:1") is None


def test_a_temporary_file_that_fails_is_told_as_what_it_is():
    spool, gathered = Spool(), Gathered()
    gathered.put("a", Version(), role=Role.FACT, subject=None, body=b"{}")
    spool.close()

    with pytest.raises(StoreUnavailable), spool.trouble_told():
        spool.keep(gathered)


def test_a_deletion_of_a_patient_takes_nothing_away():
    gone = {"request": {"method": "DELETE", "url": "Patient/p1"}}
    document = fhir.bundle(gone, fhir.patient(), kind="history")

    assert list(screen_texts([json.dumps(document)]).lines) == ["Patient/p1"]


def test_a_urn_that_is_a_group_is_ignored():
    group = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Group", "id": "g"}}
    lab = fhir.lab(subject={"reference": "urn:uuid:1"})
    found = screen_texts([json.dumps(fhir.bundle(group, lab))])

    assert (found.out, found.err) == (b"", "")


def test_a_patient_without_id_is_told():
    assert screen({"resourceType": "Patient"}).err == "unreadable Patient: resource\n"


def test_a_nameless_resource_that_does_not_matter_is_not():
    assert screen({"resourceType": "Observation", "subject": fhir.PATIENT}).err == ""


def test_policies_have_their_own_cut_offs():
    found = screen(fhir.lab(), fhir.mri(), judged_by=terms("nos-uk"))

    assert [line["severity"] for line in found.lines.values()] == ["insufficient"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnreadableResource("value"), ""),
        (BadInput("nested"), ""),
        (ValueError("Mustermann"), r" \(ValueError at test_screen_options\.py:\d+\)"),
    ],
)
def test_a_mistake_of_ours_is_told_by_its_place_and_stops_nothing(monkeypatch, error, told):
    def failing(resource, **more):
        if resource["id"] == "o1":
            raise error
        return facts_from(resource, **more)

    monkeypatch.setattr("marrowd.cli.screening.facts_from", failing)
    found = screen(fhir.lab(), fhir.mri())
    (line,) = found.lines.values()

    assert line["unreadable"] == [{"ref": "Observation/o1", "reason": "resource"}]
    assert line["verdict"] == "vitamin_d_missing"
    assert re.fullmatch(f"unreadable Observation/o1: resource{told}\n" if told else "", found.err)
