"""`marrowd screen`: files in, one line a patient out, and what it says of input it cannot use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import resources as fhir
from tests.support.screened import screen, screen_texts, terms, verdict

from marrowd.errors import BadInput

ROOT = Path(__file__).parents[2]
MEMBERS = [
    *("patient", "verdict", "severity", "pattern", "governing_result", "findings", "unreadable"),
    *("cards", "policy", "rules"),
]


def run(*arguments, stdin=None, **more):
    return subprocess.run(
        [sys.executable, "-m", "marrowd", "screen", *map(str, arguments)],
        check=False,
        capture_output=True,
        input=stdin,
        env={"PYTHONPATH": str(ROOT / "service"), "PATH": ""} | more,
    )


@pytest.fixture
def association(tmp_path):
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(fhir.bundle(fhir.patient(), fhir.lab(), fhir.mri()), indent=1))
    return path


# The command


def test_the_line_of_a_patient(association):
    done = run("--now", "2026-03-01", association)
    (line,) = map(json.loads, done.stdout.splitlines())

    assert (done.returncode, done.stderr) == (0, b"")
    assert list(line) == MEMBERS
    assert line["patient"] == "Patient/p1"
    assert (line["verdict"], line["severity"]) == ("association", "deficient")
    assert line["governing_result"] == {
        "ref": "Observation/o1",
        "version": None,
        "value": 14,
        "comparator": None,
        "unit": "ng/mL",
        "class": "deficient",
        "date": "2026-02-01",
        "status": "final",
        "late": False,
    }
    (finding,) = line["findings"]
    text = fhir.mri()["conclusion"]
    assert text[finding["start"] : finding["end"]] == finding["evidence"]
    assert (finding["report"], finding["piece"]) == ("DiagnosticReport/r1", "conclusion")
    assert len(line["cards"]) == 1


@pytest.mark.parametrize("option", [("--now", "soon"), ("--policy", "none"), ("--workers", "-1")])
def test_a_bad_option_is_2(association, option):
    done = run(*option, association)

    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("now", ["2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01T10:00+02:00"])
def test_now_is_iso_8601(association, now):
    assert run("--now", now, association).returncode == 0


def test_no_file_is_2():
    assert run().returncode == 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" \n\r\n",
        b"\xef\xbb\xbf",
        b"{",
        b"[]",
        b"[{}]",
        b"{}",
        b"5",
        b'"Bundle"',
        b"null",
        b'{"resourceType": 5}',
        b'{"resourceType": ""}',
        b'{"resourceType": "patient"}',
        b"\xff\xfe{\x00",
        b'{"resourceType": "Patient", "id": "\xe4"}',
        b'{"resourceType": "Patient", "id": "a"}\n{"resourceType"',
        b'{"resourceType": "Patient", "id": "a"}\nx\n{"resourceType": "Patient", "id": "b"}',
        b'{"resourceType": "Patient", "id": "a"}\n[]',
        b"[" * 100_000,
    ],
)
def test_a_bad_file_is_3_and_prints_nothing(tmp_path, association, text):
    bad = tmp_path / "bad.json"
    bad.write_bytes(text)
    with pytest.raises(BadInput, match=r"bad|0\.json|1\.json"):
        screen_texts([association.read_bytes(), text])


def test_a_bad_file_beside_a_good_one(tmp_path, association):
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    done = run(association, bad)

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"bad.json" in done.stderr


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_opened_is_3(tmp_path, name):
    done = run(tmp_path / name)

    assert (done.returncode, done.stdout) == (3, b"")


def test_configuration_is_read_where_it_is_given(tmp_path, association):
    config = tmp_path / "marrowd.toml"
    config.write_text('[policy]\nvitamin_d = "nos-uk"\n')

    assert b'"policy":"nos-uk"' in run("--config", config, association).stdout
    assert (
        b'"policy":"iom-2011"'
        in run("--config", config, "--policy", "iom-2011", association).stdout
    )
    assert b'"policy":"nos-uk"' in run(association, MARROWD_CONFIG=str(config)).stdout


def test_bad_configuration_is_2(tmp_path, association):
    config = tmp_path / "marrowd.toml"
    config.write_text("[policy]\nvitamind = 1\n")

    assert run("--config", config, association).returncode == 2


def test_workers_give_the_same_bytes(tmp_path):
    path = tmp_path / "many.ndjson"
    many = [
        {**resource, "subject": {"reference": f"Patient/{number}"}}
        for number in range(300)
        for resource in (fhir.lab(f"o{number}"), fhir.mri(f"r{number}"))
    ]
    path.write_text("\n".join(map(json.dumps, many)))
    alone = run("--now", "2026-03-01", "--workers", "1", path)
    shared = run("--now", "2026-03-01", "--workers", "2", path)
    piped = run("--now", "2026-03-01", "/dev/stdin", stdin=path.read_bytes())

    assert (alone.returncode, shared.returncode) == (0, 0), shared.stderr
    assert alone.stdout == shared.stdout == piped.stdout
    assert len(alone.stdout.splitlines()) == 300


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_bad_line_far_behind_is_3_and_prints_nothing(tmp_path, workers):
    path = tmp_path / "many.ndjson"
    lines = [json.dumps(fhir.lab(f"o{number}")) for number in range(5_000)]
    path.write_text("\n".join([*lines, "{", lines[0]]))
    done = run("--workers", workers, path)

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"many.ndjson: line 5001: not JSON" in done.stderr


# What files hold


def as_ndjson(*resources, end="\n"):
    return end.join(json.dumps(resource) for resource in resources).encode()


RESOURCES = (fhir.patient(), fhir.lab(), fhir.mri())
WHOLE = screen(*RESOURCES).out


@pytest.mark.parametrize(
    "texts",
    [
        [as_ndjson(*RESOURCES)],
        [as_ndjson(*RESOURCES, end="\r\n") + b"\r\n"],
        [b"\xef\xbb\xbf" + as_ndjson(*RESOURCES, end="\n\n \n")],
        [as_ndjson(fhir.bundle(*RESOURCES[:1]), fhir.bundle(*RESOURCES[1:]))],
        [as_ndjson(fhir.bundle(*RESOURCES, kind="searchset"))],
        [json.dumps(fhir.bundle(*RESOURCES, kind="transaction"), indent=2)],
        [json.dumps(fhir.bundle(fhir.bundle(*RESOURCES), kind="batch-response"))],
        [json.dumps(resource, indent=2) for resource in reversed(RESOURCES)],
        [as_ndjson(*RESOURCES), as_ndjson(*reversed(RESOURCES))],
    ],
)
def test_the_same_facts_give_the_same_bytes_however_they_are_filed(texts):
    assert screen_texts(texts).out == WHOLE


def test_an_empty_bundle_prints_nothing():
    found = screen_texts(['{"resourceType": "Bundle", "type": "collection"}'])

    assert (found.out, found.err) == (b"", "")


def test_lines_are_sorted_by_code_point():
    names = ["b", "B", "a-1", "a", "a.1", "é", "10", "9", "𝄞", "ﬀ"]
    found = screen(*(fhir.patient(name) for name in names))

    assert list(found.lines) == [f"Patient/{name}" for name in sorted(names)]


def test_a_patient_has_a_line_without_any_fact():
    found = screen(
        fhir.patient("a"),
        {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/b"}},
        {"resourceType": "Immunization", "id": "i", "patient": {"reference": "Patient/c"}},
    )

    assert [line["verdict"] for line in found.lines.values()] == ["nothing_relevant"] * 3


def test_entries_without_a_resource_are_fine():
    entries = [
        {"fullUrl": "http://h/Observation/9"},
        {"response": {"status": "204"}},
        {"request": {"method": "GET", "url": "Patient/1"}},
        {"request": {"method": "DELETE", "url": "Observation?x=y"}},
        {},
    ]

    assert screen_texts([json.dumps(fhir.bundle(*RESOURCES, *entries))]).out == WHOLE


def test_a_deletion_in_a_history_takes_the_resource_away():
    gone = {
        "request": {"method": "DELETE", "url": "Observation/o1"},
        "response": {"status": "204", "lastModified": "2026-02-05T00:00:00Z", "etag": 'W/"2"'},
    }
    lab = fhir.lab(meta=fhir.meta(1, "2026-02-02T00:00:00Z"))
    found = screen_texts([json.dumps(fhir.bundle(gone, lab, fhir.mri(), kind="history"))])

    assert [line["verdict"] for line in found.lines.values()] == ["vitamin_d_missing"]


def test_unknown_members_are_ignored():
    assert verdict(fhir.lab(foo={"bar": [1]}), fhir.mri())["verdict"] == "association"


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400])
def test_what_is_no_number_to_reckon_with_is_an_unreadable_value(literal):
    text = json.dumps(fhir.bundle(fhir.lab(value="@"))).replace('"@"', literal)
    (line,) = screen_texts([text]).lines.values()

    assert line["unreadable"] == [{"ref": "Observation/o1", "reason": "value"}]


def test_numbers_are_written_as_they_were_reported():
    text = json.dumps(fhir.bundle(fhir.lab(value="@"), fhir.mri())).replace('"@"', "14.000")

    assert b'"value":14.000,' in screen_texts([text]).out


# Whose it is


@pytest.mark.parametrize(
    ("full_url", "reference"),
    [
        (None, "Patient/p1"),
        (None, "Patient/p1/_history/2"),
        ("http://h/fhir/Patient/p1", "http://h/fhir/Patient/p1"),
        ("http://h/fhir/Patient/p1", "https://h/fhir/Patient/p1/_history/2"),
        ("http://h/fhir/Patient/p1", "Patient/p1"),
        ("urn:uuid:05a2", "urn:uuid:05a2"),
        ("urn:oid:1.2.3", "urn:oid:1.2.3"),
        ("http://h/people/7", "http://h/people/7"),
        ("http://h/fhir/Patient/other", "http://h/fhir/Patient/other"),
    ],
)
def test_references_resolve_through_the_full_url(full_url, reference):
    entry = {"resource": fhir.patient()} | ({"fullUrl": full_url} if full_url else {})
    subject = {"subject": {"reference": reference}}
    document = fhir.bundle(entry, fhir.lab(**subject), fhir.mri(**subject))

    assert screen_texts([json.dumps(document)]).out == WHOLE


def test_a_urn_resolves_across_files():
    subject = {"subject": {"reference": "urn:uuid:1"}}
    who = {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": fhir.patient()}],
    }
    texts = [json.dumps(fhir.bundle(fhir.lab(**subject), fhir.mri(**subject))), json.dumps(who)]

    assert screen_texts(texts).out == WHOLE


def test_a_transaction_names_resources_by_their_urn():
    subject = {"subject": {"reference": "urn:uuid:aa-1"}}
    resources = [fhir.patient(), fhir.lab(**subject), fhir.mri(**subject)]
    entries = [
        {
            "fullUrl": f"urn:uuid:aa-{number}",
            "resource": {k: v for k, v in resource.items() if k != "id"},
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in enumerate(resources, 1)
    ]
    (line,) = screen_texts([json.dumps(fhir.bundle(*entries, kind="transaction"))]).lines.values()

    assert (line["patient"], line["verdict"]) == ("Patient/aa-1", "association")
    assert line["governing_result"]["ref"] == "Observation/aa-2"


MRN = {"system": "urn:mrn", "value": "7"}


def test_an_identifier_resolves_to_the_one_patient_that_carries_it():
    subject = {"subject": {"identifier": MRN}}
    who = fhir.patient(identifier=[{"system": "urn:x", "value": "7"}, MRN])

    assert screen(who, fhir.lab(**subject), fhir.mri(**subject)).out == WHOLE
    assert screen(fhir.lab(**subject), fhir.mri(**subject), who).out == WHOLE


@pytest.mark.parametrize(
    "patients",
    [
        [],
        [fhir.patient("a", identifier=[MRN]), fhir.patient("b", identifier=[MRN])],
        [fhir.patient("a", identifier=[{"system": "urn:other", "value": "7"}])],
        [fhir.patient("a", identifier=[{"value": "7"}])],
    ],
)
def test_an_identifier_of_nobody_or_of_two_is_unreadable(patients):
    found = screen(*patients, fhir.lab(subject={"identifier": MRN}))

    assert found.err == "unreadable Observation/o1: resource\n"
    assert {line["verdict"] for line in found.lines.values()} <= {"nothing_relevant"}


def test_only_the_newest_version_of_a_patient_carries_its_identifiers():
    old = fhir.patient("a", identifier=[MRN], meta=fhir.meta(1))
    new = fhir.patient("a", meta=fhir.meta(2))

    assert "Observation/o1" in screen(old, new, fhir.lab(subject={"identifier": MRN})).err


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        "Patient/p1",
        [],
        {"display": "Jo"},
        {"reference": "urn:uuid:9"},
        {"reference": "#p"},
    ],
)
def test_without_a_patient_a_line_on_stderr(subject):
    found = screen(fhir.lab(subject=subject), fhir.patient("x"))

    assert found.err == "unreadable Observation/o1: resource\n"
    assert list(found.lines) == ["Patient/x"]


@pytest.mark.parametrize("kind", ["Group", "Device", "Location"])
def test_other_subjects_are_ignored(kind):
    found = screen(
        fhir.lab(subject={"reference": f"{kind}/1"}),
        fhir.mri(subject={"type": kind, "identifier": MRN}),
    )

    assert (found.out, found.err) == (b"", "")


def test_a_withdrawn_resource_without_patient_is_not_told():
    bare = {"resourceType": "Observation", "id": "o1", "status": "entered-in-error"}

    assert screen(bare).err == ""


def test_two_servers_with_one_patient_id_are_3():
    documents = [
        fhir.bundle({"fullUrl": f"http://{host}/fhir/Patient/p1", "resource": fhir.patient()})
        for host in ("a", "b")
    ]
    with pytest.raises(BadInput, match="two servers"):
        screen_texts(map(json.dumps, documents))


def test_two_servers_in_references_are_3():
    with pytest.raises(BadInput):
        screen(
            fhir.lab(subject={"reference": "http://a/fhir/Patient/p1"}),
            fhir.mri(subject={"reference": "http://b/fhir/Patient/p1"}),
        )


def test_two_servers_with_different_ids_are_fine():
    found = screen(
        fhir.lab(subject={"reference": "http://a/fhir/Patient/p1"}),
        fhir.mri(subject={"reference": "http://b/fhir/Patient/p2"}),
    )

    assert list(found.lines) == ["Patient/p1", "Patient/p2"]


def test_a_resource_without_id_is_told_to_its_patient():
    nameless = {k: v for k, v in fhir.lab().items() if k != "id"}

    assert verdict(nameless)["unreadable"] == [{"ref": "Observation", "reason": "resource"}]


@pytest.mark.parametrize("entry", ["x", 5, None, [], {"resource": "x"}, {"resource": {"id": "1"}}])
def test_an_entry_that_is_none_stops_nothing(entry):
    document = fhir.bundle(*RESOURCES)
    document["entry"].insert(1, entry)
    found = screen_texts([json.dumps(document)])

    assert found.out == WHOLE
    assert found.err == "unreadable Bundle.entry[1]: resource\n"


# What belongs together


def test_a_report_s_binary_is_found_in_the_same_input():
    form = {"contentType": "text/html", "url": "http://h/fhir/Binary/b1"}
    binary = {
        "resourceType": "Binary",
        "id": "b1",
        "contentType": "text/html",
        "data": "PHA+TWFycm93IGVkZW1hIGluIHRoZSBsZWZ0IHRhbHVzLjwvcD4=",
    }
    line = verdict(fhir.lab(), fhir.mri(said=None, presentedForm=[form]), binary)

    assert line["verdict"] == "association"
    assert line["findings"][0]["piece"] == "presentedForm[0]"


def test_the_side_that_only_the_code_states_is_that_of_the_findings():
    """LOINC 26242-8 is an MRI of the left foot: a later one of the right takes nothing from it."""
    left = fhir.mri(said="Marrow edema in the talus.", code=fhir.coded("26242-8"))
    right = fhir.mri(
        "r2",
        said="No marrow edema in the talus.",
        code={"text": "MRI right foot"},
        effectiveDateTime="2026-02-20",
    )
    line = verdict(fhir.lab(), left, right)

    assert line["verdict"] == "association"
    assert [each["laterality"] for each in line["findings"]] == ["left", "right"]


def test_the_text_has_the_last_word_on_the_side():
    said = "Marrow edema in the right talus."
    line = verdict(fhir.lab(), fhir.mri(said=said, code=fhir.coded("26242-8")))

    assert [each["laterality"] for each in line["findings"]] == ["right"]


def test_a_binary_that_is_not_there_is_not_fetched():
    line = verdict(fhir.lab(), fhir.mri(said=None, presentedForm=[{"url": "Binary/b1"}]))

    assert line["verdict"] == "report_unreadable"
    assert line["unreadable"] == [{"ref": "DiagnosticReport/r1", "reason": "not_fetched"}]


def test_the_text_of_a_listed_observation_belongs_to_the_report():
    text = fhir.lab(
        "t1",
        code=fhir.coded("X1", "urn:local"),
        valueQuantity=None,
        valueString="Marrow edema in the left talus.",
    )
    line = verdict(fhir.lab(), fhir.mri(said=None, result=[{"reference": "Observation/t1"}]), text)

    assert line["verdict"] == "association"
    assert line["findings"][0]["piece"] == "Observation/t1"


def test_the_text_of_somebody_else_does_not():
    text = fhir.lab(
        "t1",
        code=fhir.coded("X1", "urn:local"),
        valueQuantity=None,
        valueString="Marrow edema in the left talus.",
        subject={"reference": "Patient/other"},
    )
    found = screen(fhir.lab(), fhir.mri(said=None, result=[{"reference": "Observation/t1"}]), text)

    assert found.lines["Patient/p1"]["verdict"] == "report_unreadable"


def test_a_study_and_a_report_share_an_order_one_by_reference_one_by_identifier():
    order = fhir.request("q1", code="X", identifier=[{"system": "urn:o", "value": "9"}])
    study = fhir.study(basedOn=[{"reference": "ServiceRequest/q1"}])
    report = fhir.mri(
        code={"text": "Exam"},
        basedOn=[{"identifier": {"system": "urn:o", "value": "9"}}],
        effectiveDateTime="2026-02-20",
    )

    assert verdict(fhir.lab(), order, study, report)["verdict"] == "association"


def test_references_by_urn_hold_between_resources_too():
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": fhir.patient()},
        {"fullUrl": "urn:uuid:2", "resource": fhir.study()},
        {"fullUrl": "urn:uuid:3", "resource": fhir.lab()},
        fhir.mri(
            code={"text": "Exam"},
            imagingStudy=[{"reference": "urn:uuid:2"}],
            effectiveDateTime="2026-02-20",
        ),
    ]
    (line,) = screen_texts([json.dumps(fhir.bundle(*entries))]).lines.values()

    assert line["verdict"] == "association"


# Versions


def test_a_newer_version_that_strips_everything_withdraws():
    bare = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "entered-in-error",
        "meta": fhir.meta(2, "2026-02-03T00:00:00Z"),
    }
    lab = fhir.lab(meta=fhir.meta(1, "2026-02-02T00:00:00Z"))

    assert verdict(lab, bare, fhir.mri())["verdict"] == "vitamin_d_missing"


def test_a_newer_version_with_another_code_takes_the_result_away():
    recoded = fhir.lab(code=fhir.coded("1649-3"), meta=fhir.meta(2))

    assert (
        verdict(fhir.lab(meta=fhir.meta(1)), recoded, fhir.mri())["verdict"] == "vitamin_d_missing"
    )


def test_a_newer_version_for_somebody_else_takes_it_from_the_first():
    moved = fhir.lab(subject={"reference": "Patient/p2"}, meta=fhir.meta(2))
    found = screen(fhir.lab(meta=fhir.meta(1)), moved, fhir.mri())

    assert found.lines["Patient/p1"]["verdict"] == "vitamin_d_missing"
    assert found.lines["Patient/p2"]["verdict"] == "nothing_relevant"


def test_site_zone_moves_days():
    assert terms().policy.zone is not None


# What is contained


def test_a_contained_study_says_what_its_report_is_about():
    study = fhir.study("s", started="2026-02-20T09:00:00Z", subject=None)
    report = fhir.mri(code={"text": "Exam"}, contained=[study], imagingStudy=[{"reference": "#s"}])

    assert verdict(fhir.lab(), report)["verdict"] == "association"


def test_a_contained_order_ties_by_its_identifier():
    order = {"resourceType": "ServiceRequest", "id": "q", "identifier": [MRN]}
    study = fhir.study(basedOn=[{"identifier": MRN}])
    report = fhir.mri(
        code={"text": "Exam"},
        contained=[order],
        basedOn=[{"reference": "#q"}],
        effectiveDateTime="2026-02-20",
    )

    assert verdict(fhir.lab(), study, report)["verdict"] == "association"


def test_a_contained_patient_is_known_by_its_identifier():
    inside = {"resourceType": "Patient", "id": "p", "identifier": [MRN]}
    subject = {"subject": {"reference": "#p"}, "contained": [inside]}
    who = fhir.patient(identifier=[MRN])

    assert screen(who, fhir.lab(**subject), fhir.mri(**subject)).out == WHOLE


def test_an_absent_total_does_not_take_its_components_away():
    panel = fhir.lab(
        valueQuantity=None,
        dataAbsentReason=fhir.coded("not-performed", "urn:x"),
        component=[{"code": fhir.coded("1989-3"), "valueQuantity": fhir.quantity(12)}],
    )

    assert verdict(panel, fhir.mri())["governing_result"]["value"] == 12


def test_an_accession_number_that_only_the_order_carries_ties_too():
    accession = {"system": "urn:acc", "value": "A1"}
    order = fhir.request("q1", code="X", identifier=[accession])
    study = fhir.study(identifier=[accession | {"type": fhir.coded("ACSN", "urn:v2-0203")}])
    report = fhir.mri(
        code={"text": "Exam"},
        basedOn=[{"reference": "ServiceRequest/q1"}],
        effectiveDateTime="2026-02-20",
    )

    assert verdict(fhir.lab(), order, study, report)["verdict"] == "association"


@pytest.mark.parametrize(("system", "is_linked"), [("urn:acc", True), ("urn:other", False)])
def test_an_accession_number_counts_with_its_system(system, is_linked):
    study = fhir.study(
        identifier=[{"system": "urn:acc", "value": "A1", "type": fhir.coded("ACSN", "urn:v2")}]
    )
    report = fhir.mri(
        code={"text": "Exam"},
        identifier=[{"system": system, "value": "A1"}],
        effectiveDateTime="2026-02-20",
    )
    line = verdict(fhir.lab(), study, report)

    assert (line["verdict"] == "association") is is_linked


def history(*entries):
    (line,) = screen_texts(
        [json.dumps(fhir.bundle(*entries, fhir.mri(), kind="history"))]
    ).lines.values()
    return line["verdict"]


def test_a_deletion_without_a_date_stands_behind_the_version_before_it():
    gone = {"request": {"method": "DELETE", "url": "Observation/o1/_history/2"}}
    first = fhir.lab(meta=fhir.meta(1, "2026-02-02T00:00:00Z"))
    again = fhir.lab(meta=fhir.meta(3, "2026-02-03T00:00:00Z"))

    assert history(gone, first) == "vitamin_d_missing"
    assert history(again, gone, first) == "association"


def test_a_deletion_of_which_nothing_is_known_but_the_id():
    gone = {"request": {"method": "DELETE", "url": "Observation/o1"}}

    assert history(gone, fhir.lab()) == "vitamin_d_missing"
    assert history(gone, fhir.lab(meta=fhir.meta(1))) == "association"


@pytest.mark.parametrize("code", [fhir.coded("59776-5"), fhir.coded("X", "urn:local"), None])
def test_a_listed_text_needs_no_subject_of_its_own(code):
    words = fhir.lab(
        "t1",
        code=code,
        subject=None,
        valueQuantity=None,
        valueString="Marrow edema in the left talus.",
    )
    found = screen(fhir.lab(), fhir.mri(said=None, result=[{"reference": "Observation/t1"}]), words)

    assert [line["verdict"] for line in found.lines.values()] == ["association"]
    assert found.err == ""
