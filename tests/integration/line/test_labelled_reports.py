"""
All labelled development reports through a real FHIR server, against the command that has no server.

Each report is one patient's, in one of the forms in which text reaches a FHIR server, beside a low
25(OH)D. Whatever the verdict is, the service on its events and `marrowd screen` on the same
resources have to agree. How often the verdict agrees with the labels is said at the end of the run,
not asserted.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.hospital import FORMS, lab, person, report
from tests.support.service import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

REPORTS = Path(__file__).parents[2] / "data" / "reports-dev.jsonl"
SIDES = {"L": "left", "R": "right", "B": "bilateral", "U": ""}


def labelled():
    return [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines()]


def title(hint):
    """Turn "MR ankle R" into the title a radiology system would give: "MR ankle right"."""
    *words, side = hint.split()
    return " ".join([*words, SIDES.get(side, side)]).strip()


def of_patient(number, labels, day):
    """Write what the hospital holds on the patient of one labelled report."""
    name = f"{labels['id'].lower()}-{day:%H%M%S}"
    patient = f"Patient/{name}"
    level = lab(f"{name}-lab", patient, at=day - timedelta(days=10), value=14)
    written = report(
        f"{name}-mri",
        patient,
        labels["text"],
        at=day,
        form=FORMS[number % len(FORMS)],
        title=title(labels["modality_hint"]),
        code=None,
    )
    return patient, [person(patient), level, *written]


def chunks(items, size):
    items = list(items)
    return [items[i : i + size] for i in range(0, len(items), size)]


async def held_by(hapi, refs):
    """Read the resources back as the server holds them, versions and all."""
    found = []
    for some in chunks(sorted(refs), 60):
        for resource_type in {ref.partition("/")[0] for ref in some}:
            ids = [ref.partition("/")[2] for ref in some if ref.startswith(f"{resource_type}/")]
            found += await hapi.search(resource_type, p_id=",".join(ids))
    return found


def _anonymous(value):
    """Leave ids out: a card's is made of the source's name too, and `screen` has no source."""
    if isinstance(value, list):
        return [_anonymous(one) for one in value]
    if isinstance(value, dict):
        return {k: _anonymous(v) for k, v in value.items() if k != "uuid"}
    return value


async def test_every_report_ends_in_the_verdict_that_screen_gives(
    line, tmp_path, study_day, closing_line
):
    labels = labelled()
    patients = {}
    for number, each in enumerate(labels):
        patient, resources = of_patient(number, each, study_day)
        patients[patient] = each, resources
    before = await line.received()
    for some in chunks(patients.values(), 40):
        await line.hapi.transaction([r for _, resources in some for r in resources])

    written = [r for _, resources in patients.values() for r in resources]
    held = await held_by(line.hapi, [f"{r['resourceType']}/{r['id']}" for r in written])
    assert len(held) == len(written)
    file = tmp_path / "held.ndjson"
    file.write_text("".join(f"{json.dumps(r)}\n" for r in held), encoding="utf-8")
    now = datetime.now(UTC).isoformat()
    screened = await line.service.run("screen", "--now", now, str(file))
    assert screened.code == 0, screened.err
    lines = {row["patient"]: row for row in map(json.loads, screened.out.splitlines())}
    assert lines.keys() == patients.keys()
    expected = {patient: row["verdict"] for patient, row in lines.items()}

    async def all_received():
        return await line.received() >= before + 2 * len(labels)

    await until(all_received, "every lab and every report was delivered", timeout_s=60)
    await until(line.service.is_idle, "every event is worked off", timeout_s=60)
    agreeing = sum(
        each["report_positive"] == (expected[patient] == "association")
        for patient, (each, _) in patients.items()
    )
    closing_line(f"labelled reports through HAPI: {agreeing} of {len(labels)} verdicts as labelled")

    found = line.service.verdicts()
    assert {patient: found.get(patient) for patient in expected} == expected
    for patient, row in lines.items():
        assert _anonymous(await line.cards(patient)) == _anonymous(row["cards"]), patient
    posted = {m["patient"] for m in line.ehr.effects} & patients.keys()
    assert posted == {p for p, verdict in expected.items() if verdict == "association"}
