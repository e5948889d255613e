"""`marrowd read`: one line out for each line in, in order, and a bad line named by its number."""

import io
import json

import pytest

from marrowd.cli import read

REPORT = {"id": "a", "text": "MRI LEFT FOOT. Marrow edema in the talus."}


def run(*lines, workers=1, is_explained=False):
    source = io.BytesIO(b"".join(line + b"\n" for line in lines))
    target = io.BytesIO()
    code = read._run(source, target, workers=workers, is_explained=is_explained)
    return code, [json.loads(line) for line in target.getvalue().splitlines()]


def test_a_report_becomes_a_line_with_all_members():
    code, [line] = run(json.dumps(REPORT).encode())

    assert code == 0
    assert line == {
        "id": "a",
        "language": "en",
        "supported": True,
        "reason": None,
        "report_positive": True,
        "findings": [
            {
                "bone": "talus",
                "laterality": "left",
                "certainty": "affirmed",
                "evidence": "Marrow edema in the talus",
                "start": 15,
                "end": 40,
                "section": "unknown",
                "severity": None,
            }
        ],
        "cues": [],
    }


def test_the_order_stays_with_several_workers():
    lines = [json.dumps({**REPORT, "id": number}).encode() for number in range(40)]

    assert run(*lines, workers=2) == run(*lines)


def test_a_language_that_is_not_read_is_said():
    text = "RM de tobillo derecho: edema de la médula ósea del astrágalo. Sin fractura."

    _, [line] = run(json.dumps({"id": 1, "text": text}).encode())

    assert (line["language"], line["supported"], line["reason"]) == ("es", False, "language")
    assert line["report_positive"] is False


def test_the_title_gives_the_side():
    record = {"id": 1, "text": "Marrow edema in the talus.", "title": "MRI right ankle"}

    _, [line] = run(json.dumps(record).encode())

    assert line["findings"][0]["laterality"] == "right"


def test_an_explanation_names_the_rules_and_what_was_suppressed():
    text = "Marrow edema in the talus. If edema develops in the cuboid, repeat."

    _, [line] = run(json.dumps({"id": 1, "text": text}).encode(), is_explained=True)

    assert [(e["bones"], e["says"]) for e in line["explain"]] == [
        (["talus"], "affirmed"),
        (["cuboid"], "only considered"),
    ]
    assert all(entry["rules"] for entry in line["explain"])
    assert line["highlighted"].startswith(">>>Marrow edema in the talus<<<.")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param(b"\xff", "not UTF-8", id="bytes"),
        pytest.param(b"{", "not JSON", id="json"),
        pytest.param(b"[" * 100_000, "not JSON that can be read", id="nesting"),
        pytest.param(b"[]", "expected an object, found an array", id="array"),
        pytest.param(b"1", "a number or null", id="number"),
        pytest.param(b'{"text": ""}', "`id` is missing", id="id"),
        pytest.param(b'{"id": 1}', "`text` is missing", id="text"),
        pytest.param(b'{"id": 1, "text": 2}', "`text` is not a string", id="text type"),
        pytest.param(b'{"id": 1, "text": "", "title": 2}', "`title` is not a string", id="title"),
    ],
)
def test_a_bad_line_stops_the_run_with_its_number(line, wrong, capsys):
    code, lines = run(json.dumps(REPORT).encode(), b"", line, json.dumps(REPORT).encode())

    complaint = capsys.readouterr().err
    assert code == 3
    assert len(lines) == 1
    assert "line 3: " in complaint
    assert wrong in complaint


def test_a_text_without_a_utf8_form_is_answered():
    _, [line] = run(rb'{"id": 1, "text": "Marrow edema \ud800 in the talus."}')

    assert line["findings"][0]["evidence"] == "Marrow edema \ud800 in the talus"
