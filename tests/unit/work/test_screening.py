import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_server import Fault
from tests.support.hospital import (
    VITAMIN_D2,
    lab,
    lab_report,
    order,
    problem,
    report,
    study,
)
from tests.support.loops import Line, running_line
from tests.support.patience import PATIENCE_S
from tests.support.store import an_event, count_of, until

from marrowd.fhir.answers import Absent
from marrowd.fhir.client import FhirClient
from marrowd.store.protocols import EventKind
from marrowd.telemetry.metrics import Ignored, Parked

TAKEN = datetime(2026, 2, 20, 8, tzinfo=UTC)
SCANNED = datetime(2026, 2, 22, 9, tzinfo=UTC)
P1 = "Patient/1"
EDEMA = "There is edema in the left talus."
NO_EDEMA = "There is no edema in the left talus."


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with running_line(tmp_path) as line:
        yield line


def a_lab(**changes: Any) -> Mapping[str, Any]:
    return {**lab("lab1", P1, at=TAKEN), **changes}


def a_report(text: str = EDEMA, **changes: Any) -> Mapping[str, Any]:
    return {**report("rep1", P1, text, at=SCANNED)[0], **changes}


async def test_lab_then_report_posts_one_card(line: Line) -> None:
    await line.write(a_lab())
    await line.idle()
    assert line.shown() == []

    await line.write(a_report())
    await line.idle()

    assert line.shown() == [("card.posted", P1)]
    message = line.ehr.effects[0]
    assert (message["verdict"], message["sequence"]) == ("association", 1)
    assert message["fhirServer"] == line.server.base_url
    assert len(message["cards"]) == 1
    await until(lambda: count_of(line.metrics, "verdicts_total", verdict="association") == 1)
    await until(lambda: count_of(line.metrics, "reports_read_total", outcome="positive") == 1)
    await until(
        lambda: count_of(line.metrics, "vitamin_d_results_total", **{"class": "deficient"}) == 1
    )


async def test_any_order_with_duplicates_ends_in_the_same_net_card(tmp_path: Path) -> None:
    nets = set()
    for number, chosen in enumerate(permutations(range(4))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with running_line(folder) as line:
            versions = [
                line.server.put(a_report(NO_EDEMA)),
                line.server.put(a_report()),
                line.server.put(a_lab(valueQuantity={"value": 40, "unit": "ng/mL"})),
                line.server.put(a_lab()),
            ]
            for index in chosen:
                await line.arrive(versions[index])
                await line.arrive(versions[index])
            await line.idle()
            last = line.ehr.effects[-1]
            nets.add((last["type"], last["cards"][0]["uuid"]))

    assert [kind for kind, _ in nets] == ["card.posted"]


async def test_an_amended_report_takes_the_card_back(line: Line) -> None:
    await line.write(a_lab(), a_report())
    await line.idle()

    await line.write(a_report(NO_EDEMA, status="amended"))
    await line.idle()

    posted, retracted = line.ehr.effects
    assert retracted["type"] == "card.retracted"
    assert retracted["retracts"] == [posted["cards"][0]["uuid"]]
    assert retracted["sequence"] == posted["sequence"] + 1


async def test_a_lab_entered_in_error_takes_the_card_back(line: Line) -> None:
    await line.write(a_lab(), a_report())
    await line.idle()

    withdrawn = {k: v for k, v in a_lab(status="entered-in-error").items() if k != "subject"}
    await line.write(withdrawn)
    await line.idle()

    assert line.shown() == [("card.posted", P1), ("card.retracted", P1)]


async def test_a_deleted_lab_takes_the_card_back_and_stays_dead(line: Line) -> None:
    first = line.server.put(a_lab())
    await line.arrive(first)
    await line.write(a_report())
    await line.idle()

    line.server.remove("Observation/lab1")
    await line.tell(EventKind.DELETED, "Observation/lab1")
    await line.idle()
    await line.arrive({**first, "note": [{"text": "another copy"}]})
    await line.idle()

    assert line.shown() == [("card.posted", P1), ("card.retracted", P1)]


async def test_a_deletion_that_comes_first_keeps_the_late_version_dead(line: Line) -> None:
    first = line.server.put(a_lab())
    line.server.remove("Observation/lab1")
    await line.tell(EventKind.DELETED, "Observation/lab1")
    await line.idle()

    await line.arrive(first)
    await line.write(a_report())
    await line.idle()

    assert line.shown() == []


async def test_a_deletion_that_is_none_reads_what_is_there(line: Line) -> None:
    line.server.put(a_lab())
    await line.write(a_report())
    await line.tell(EventKind.DELETED, "Observation/lab1")
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_a_version_written_after_the_answer_survives_a_late_deletion(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.write(a_lab(), a_report())
    await line.idle()
    line.server.remove("Observation/lab1")
    asked = FhirClient.read

    async def slowly(client: FhirClient, ref: str) -> Mapping[str, Any]:
        try:
            return await asked(client, ref)
        except Absent:
            later = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
            await line.arrive(a_lab(meta={"versionId": "7", "lastUpdated": later}))
            async with asyncio.timeout(PATIENCE_S):
                while not await is_written_anew():  # noqa: ASYNC110 - the store rings no bell
                    await asyncio.sleep(0.01)
            raise

    async def is_written_anew() -> bool:
        fact = await line.fact("Observation/lab1")
        return fact is not None and fact.version_id == "7"

    monkeypatch.setattr(FhirClient, "read", slowly)
    await line.tell(EventKind.DELETED, "Observation/lab1")
    await line.idle()

    kept = await line.fact("Observation/lab1")
    assert kept is not None
    assert not kept.version.is_withdrawn


async def test_an_id_only_notification_is_read_from_the_server(line: Line) -> None:
    line.server.put(a_lab())
    line.server.put(a_report())
    await line.tell(EventKind.FETCH, "Observation/lab1")
    await line.tell(EventKind.FETCH, "DiagnosticReport/rep1")
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_the_same_again_says_nothing(line: Line) -> None:
    await line.write(a_lab(), a_report())
    await line.idle()
    again = line.server.resources["Observation/lab1"]

    await line.arrive({**again, "text": {"status": "empty"}})
    await line.tell(EventKind.FETCH, "Observation/lab1")
    await line.idle()

    assert len(line.ehr.effects) == 1
    await until(
        lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.DUPLICATE) == 1
    )


async def test_an_older_version_that_comes_late_is_let_go(line: Line) -> None:
    old, new = line.server.put(a_report(NO_EDEMA)), line.server.put(a_report())
    await line.write(a_lab())
    await line.arrive(new)
    await line.idle()

    await line.arrive(old)
    await line.idle()

    assert line.shown() == [("card.posted", P1)]
    await until(
        lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.OLDER_VERSION) == 1
    )


async def test_another_code_is_not_relevant_unless_it_replaces_one(line: Line) -> None:
    glucose = {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]}
    await line.write({**lab("glu", P1, at=TAKEN), "code": glucose})
    await line.idle()
    assert await line.fact("Observation/glu") is None
    await until(
        lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.NOT_RELEVANT) == 1
    )

    await line.write(a_lab(), a_report())
    await line.idle()
    await line.write(a_lab(code=glucose))
    await line.idle()

    assert line.shown() == [("card.posted", P1), ("card.retracted", P1)]


@pytest.mark.parametrize("form", ["plain", "html", "rtf", "conclusion", "binary"])
async def test_a_report_is_read_in_every_form(line: Line, form: str) -> None:
    *binaries, written = report("rep1", P1, EDEMA, at=SCANNED, form=form)
    for binary in binaries:
        line.server.put(binary)
    await line.write(a_lab(), written)
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(prefix="/Binary", status=404), id="404"),
        pytest.param(Fault(prefix="/Binary", status=403), id="403"),
        pytest.param(Fault(prefix="/Binary", is_endless=True), id="endless"),
    ],
)
async def test_a_content_that_cannot_be_had_is_said_and_tried_when_it_comes_again(
    line: Line, fault: Fault
) -> None:
    binary, written = report("rep1", P1, EDEMA, at=SCANNED, form="binary")
    line.server.put(binary)
    line.server.faults.append(fault)
    await line.write(a_lab(), written)
    await line.idle()
    fact = await line.fact("DiagnosticReport/rep1")
    assert fact is not None
    assert fact.report is not None
    assert [p.unreadable for p in fact.report.pieces] == ["not_fetched"]
    await until(lambda: count_of(line.metrics, "reports_read_total", outcome="unreadable") == 1)

    line.server.faults.clear()
    await line.tell(EventKind.FETCH, "DiagnosticReport/rep1")
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


@pytest.mark.parametrize("number", ["1e999", "1" * 400])
async def test_a_number_beyond_all_bounds_is_an_unreadable_value(line: Line, number: str) -> None:
    quantity = {"value": "@", "unit": "ng/mL"}
    written = json.dumps(line.server.put(a_lab(valueQuantity=quantity))).replace('"@"', number)
    await line.store.accept(
        [an_event("Observation/lab1", payload=written.encode(), received_at=line.clock())]
    )
    line.worker.wake()
    await line.idle()

    fact = await line.fact("Observation/lab1")
    assert fact is not None
    assert [result.unreadable for result in fact.results] == ["value"]


async def test_a_content_elsewhere_is_not_fetched(line: Line) -> None:
    form = [{"contentType": "text/plain", "url": "http://127.0.0.1:1/secret"}]
    await line.write(a_report(presentedForm=form))
    await line.idle()

    fact = await line.fact("DiagnosticReport/rep1")
    assert fact is not None
    assert fact.report is not None
    assert fact.report.pieces[0].unreadable == "not_fetched"


async def test_the_text_of_listed_observations_is_read(line: Line) -> None:
    finding = {
        "resourceType": "Observation",
        "id": "find",
        "status": "final",
        "code": {"text": "Findings"},
        "subject": {"reference": P1},
        "valueString": EDEMA,
    }
    line.server.put(finding)
    bare = {k: v for k, v in a_report().items() if k != "presentedForm"}
    await line.write(a_lab(), {**bare, "result": [{"reference": "Observation/find"}]})
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_a_report_that_no_subscription_names_is_found_by_its_study(line: Line) -> None:
    based_on = [{"reference": "ServiceRequest/mr"}]
    line.server.put({**a_report(), "category": [], "basedOn": based_on})
    await line.write(a_lab(), {**study("st1", P1, at=SCANNED), "basedOn": based_on})
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_the_study_of_a_report_is_looked_for_by_accession(line: Line) -> None:
    accession = [{"system": "urn:acc", "value": "A1"}]
    line.server.put({**study("st1", P1, at=SCANNED), "identifier": accession})
    bare = a_report(identifier=accession, code={"text": "Examination"}, category=[])
    await line.write(a_lab(), bare)
    await line.idle()

    assert await line.fact("ImagingStudy/st1") is not None
    assert line.shown() == [("card.posted", P1)]
    assert all("A1" not in seen.query for seen in line.server.seen)


@pytest.mark.parametrize("is_at_once", [False, True])
async def test_the_report_of_a_draw_is_fetched_when_there_are_two_results(
    line: Line, *, is_at_once: bool
) -> None:
    refs = ["Observation/lab1", "Observation/lab2"]
    line.server.put(lab_report("labrep", P1, refs, at=TAKEN))
    first = line.server.put(a_lab())
    second = line.server.put(a_lab(id="lab2"))
    if is_at_once:
        await line.arrive(first, second)
    else:
        await line.arrive(first)
        await line.idle()
        assert not line.server.asked("/DiagnosticReport")
        await line.arrive(second)
    await line.idle()

    fact = await line.fact("DiagnosticReport/labrep")
    assert fact is not None
    assert fact.lists == tuple(refs)


async def test_a_verdict_that_says_nothing_asks_for_no_background(line: Line) -> None:
    enough = {"value": 40, "unit": "ng/mL"}
    await line.write(a_lab(valueQuantity=enough), a_report(NO_EDEMA))
    await line.idle()
    await line.write(a_report())
    await line.idle()

    assert not line.server.asked("/Condition")
    assert not line.server.asked("/ServiceRequest")


async def test_orders_are_asked_for_when_a_deletion_makes_a_suggestion(line: Line) -> None:
    line.server.put(order("ord", P1, at=TAKEN))
    await line.write(a_lab(valueQuantity={"value": 40, "unit": "ng/mL"}))
    await line.idle()
    await line.write(a_report())
    await line.idle()
    assert await line.fact("ServiceRequest/ord") is None

    line.server.remove("Observation/lab1")
    await line.tell(EventKind.DELETED, "Observation/lab1")
    await line.idle()

    assert await line.fact("ServiceRequest/ord") is not None
    await until(lambda: count_of(line.metrics, "verdicts_total", verdict="vitamin_d_missing") == 1)


async def test_orders_of_both_records_are_asked_for_when_they_are_merged(line: Line) -> None:
    other = "Patient/2"
    line.server.put(order("ord", P1, at=TAKEN))
    line.server.put(order("other", other, at=TAKEN))
    await line.write(lab("lab1", P1, at=TAKEN, value=40))
    await line.write(
        lab("lab2", other, at=TAKEN, code=VITAMIN_D2), report("rep1", other, EDEMA, at=SCANNED)[0]
    )
    await line.idle()
    assert await line.fact("ServiceRequest/ord") is None

    gone = {"resourceType": "Patient", "id": "2"}
    link = {"link": [{"other": {"reference": P1}, "type": "replaced-by"}]}
    await line.write({**gone, **link})
    await line.idle()
    await line.write(a_lab(status="entered-in-error"))
    await line.idle()

    assert await line.fact("ServiceRequest/ord") is not None
    assert await line.fact("ServiceRequest/other") is not None


async def test_a_study_that_is_kept_is_not_asked_for(line: Line) -> None:
    await line.write(study("st1", P1, at=SCANNED))
    await line.idle()
    await line.write(a_report(imagingStudy=[{"reference": "ImagingStudy/st1"}]))
    await line.idle()

    assert not line.server.asked("/ImagingStudy")


async def test_problem_list_and_orders_are_fetched_and_forgotten_when_gone(line: Line) -> None:
    line.server.put(problem("pain", P1, icd10="M25.572", since=TAKEN - timedelta(days=100)))
    line.server.put(order("ord", P1, at=TAKEN))
    await line.write(a_lab())
    await line.idle()
    await until(lambda: count_of(line.metrics, "verdicts_total", verdict="consider_mri") == 1)

    line.server.remove("Condition/pain")
    line.server.put({**order("ord", P1, at=TAKEN), "status": "completed"})
    await line.write(a_lab(note=[{"text": "again"}]))
    await line.idle()

    pain, placed = await line.fact("Condition/pain"), await line.fact("ServiceRequest/ord")
    assert pain is not None
    assert pain.problem is None
    assert placed is not None
    assert placed.order is not None
    assert not placed.order.is_open
    await until(lambda: count_of(line.metrics, "verdicts_total", verdict="nothing_relevant") == 1)


async def test_a_problem_list_that_is_closed_to_us_stops_nothing(line: Line) -> None:
    line.server.faults.append(Fault(prefix="/Condition", status=403))
    line.server.faults.append(Fault(prefix="/ServiceRequest", status=400))
    await line.write(a_lab(), a_report())
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_a_server_that_is_down_puts_the_event_off(line: Line) -> None:
    line.server.faults.append(Fault(prefix="/Condition", status=503))
    await line.arrive(line.server.put(a_lab()))
    await line.write({**lab("other", "Patient/2", at=TAKEN), "code": {"coding": []}})
    row = await line.put_off()
    assert (row.attempts, row.reason) == (1, "ehr")
    assert "Patient" not in row.detail

    line.server.faults.clear()
    line.clock.move(timedelta(seconds=10))
    line.worker.wake()
    await line.idle()

    assert await line.fact("Observation/lab1") is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"subject": None}, Parked.NO_SUBJECT, id="none"),
        pytest.param({"subject": {"reference": "urn:uuid:1"}}, Parked.NO_SUBJECT, id="urn"),
        pytest.param(
            {"subject": {"reference": "http://elsewhere/fhir/Patient/1"}},
            Parked.NO_SUBJECT,
            id="another server",
        ),
        pytest.param(
            {"subject": {"identifier": {"system": "urn:mrn", "value": "7"}}},
            Parked.NO_SUBJECT,
            id="nobody carries the identifier",
        ),
    ],
)
async def test_a_result_of_nobody_is_parked(
    line: Line, changes: Mapping[str, Any], reason: Parked
) -> None:
    await line.write(a_lab(**changes))
    rows = await line.parked()

    assert [row.reason for row in rows] == [reason]
    await until(lambda: count_of(line.metrics, "events_parked_total", reason=reason) == 1)


async def test_a_subject_by_identifier_is_the_one_who_carries_it(line: Line) -> None:
    identifier = {"system": "urn:mrn", "value": "7"}
    line.server.put({"resourceType": "Patient", "id": "1", "identifier": [identifier]})
    await line.write(a_lab(subject={"identifier": identifier}), a_report())
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_what_is_about_a_device_is_let_go(line: Line) -> None:
    await line.write(a_lab(subject={"reference": "Device/1"}))
    await line.idle()

    await until(
        lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.NOT_RELEVANT) == 1
    )


@pytest.mark.parametrize(
    "payload",
    [b"{", b"[]", b'{"resourceType":"Observation"}', b"\xff", b"[" * 100_000],
    ids=["half", "list", "no id", "not UTF-8", "deep"],
)
async def test_what_cannot_be_read_is_parked_and_others_go_on(line: Line, payload: bytes) -> None:
    await line.tell(EventKind.RESOURCE, "Observation/x", payload=payload)
    await line.write(a_lab(), a_report())
    rows = await line.parked()
    await line.idle()

    assert [row.reason for row in rows] == [Parked.NOT_FHIR]
    assert line.shown() == [("card.posted", P1)]


async def test_a_parked_event_can_be_tried_again(line: Line) -> None:
    await line.write(a_lab(subject={"identifier": {"system": "urn:mrn", "value": "7"}}))
    rows = await line.parked()
    identifier = {"system": "urn:mrn", "value": "7"}
    line.server.put({"resourceType": "Patient", "id": "1", "identifier": [identifier]})

    await line.store.retry_parked([rows[0].id], now=line.clock())
    line.worker.wake()
    await line.idle()

    assert await line.fact("Observation/lab1") is not None


async def test_a_ping_asks_for_a_sweep(tmp_path: Path) -> None:
    async with running_line(tmp_path, has_sweeps=True) as line:
        line.server.put(a_lab())
        await line.tell(EventKind.PING)
        await line.idle()
        line.server.put(a_report())
        await line.tell(EventKind.PING)
        await line.ehr.until(effects=1)

        assert line.shown() == [("card.posted", P1)]


async def test_time_alone_brings_a_patient_up_again(line: Line) -> None:
    await line.write(a_lab(), a_report())
    await line.idle()

    line.clock.move(timedelta(days=400))
    await line.ehr.until(effects=2)

    assert line.shown() == [("card.posted", P1), ("card.retracted", P1)]


async def test_no_patient_is_named_in_the_log(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = "Zebediah"
    form = base64.b64encode(f"{marker}. {EDEMA}".encode()).decode()
    await line.write(
        {**a_lab(), "subject": {"reference": f"Patient/{marker}", "display": marker}},
        a_report(presentedForm=[{"contentType": "text/plain", "data": form}]),
        a_lab(id=marker, subject=None),
    )
    line.server.faults.append(Fault(prefix="/Condition", status=500))
    await line.parked()

    out = capsys.readouterr()
    assert marker not in out.out + out.err


async def test_an_event_of_a_source_that_is_gone_is_parked(line: Line) -> None:
    await line.store.accept([an_event(source="former", received_at=line.clock())])
    line.worker.wake()
    rows = await line.parked()

    assert [(r.source, r.reason) for r in rows] == [("former", Parked.ERROR)]


async def test_a_type_that_is_not_used_is_let_go(line: Line) -> None:
    await line.write({"resourceType": "Encounter", "id": "1", "subject": {"reference": P1}})
    await line.idle()

    await until(lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.TYPE) == 1)


async def test_an_id_that_is_not_there_is_let_go(line: Line) -> None:
    await line.tell(EventKind.FETCH, "Observation/never")
    await line.idle()

    assert await line.fact("Observation/never") is None
    await until(
        lambda: count_of(line.metrics, "events_ignored_total", reason=Ignored.NOT_RELEVANT) == 1
    )


async def test_the_study_of_a_report_is_looked_for_by_its_order(line: Line) -> None:
    based_on = [{"reference": "ServiceRequest/mr"}]
    line.server.put({**study("st1", P1, at=SCANNED), "basedOn": based_on})
    await line.write(a_report(basedOn=based_on))
    await line.idle()

    assert await line.fact("ImagingStudy/st1") is not None


async def test_a_related_report_of_nobody_is_left_out(line: Line) -> None:
    based_on = [{"reference": "ServiceRequest/mr"}]
    line.server.put(a_report(basedOn=based_on, subject=None))
    await line.write({**study("st1", P1, at=SCANNED), "basedOn": based_on})
    await line.idle()

    assert await line.fact("DiagnosticReport/rep1") is None
    assert await line.fact("ImagingStudy/st1") is not None
