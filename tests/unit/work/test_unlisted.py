"""What no search finds: deletions by `_history`, and a late report that nothing names."""

from datetime import UTC, datetime

import pytest
from tests.support.fhir_server import Fault
from tests.support.hospital import lab, report, study
from tests.support.loops import RULES, SOURCE, running_line
from tests.support.store import count_of, until

from marrowd.fhir.history import deletions, offers_history
from marrowd.store.protocols import EventKind
from marrowd.work.unlisted import is_pending_look

TAKEN = datetime(2026, 2, 20, 8, tzinfo=UTC)
P1 = "Patient/1"
EDEMA = "edema in the left talus"


@pytest.fixture
async def line(tmp_path):
    async with running_line(tmp_path) as line:
        line.server.offers_history = True
        yield line


async def with_a_card(line):
    await line.write(
        lab("lab1", P1, at=TAKEN), *report("rep1", P1, EDEMA, at=TAKEN), study("st1", P1, at=TAKEN)
    )
    await until(lambda: line.shown() == [("card.posted", P1)])
    await line.sweeper.sweep()


async def test_a_deletion_that_nobody_told_withdraws_the_card(line):
    await with_a_card(line)
    line.server.remove("Observation/lab1")
    line.clock.now = line.server.now

    assert (await line.sweeper.sweep()).new == 1
    await until(lambda: line.shown()[1:] == [("card.retracted", P1)])
    await line.idle()
    assert (await line.sweeper.sweep()).new == 0  # within the overlap, and known


async def test_a_deletion_is_found_after_a_time_that_has_not_come_yet(line):
    await with_a_card(line)
    line.server.put(lab("late", "Patient/2", at=TAKEN))
    slip = {"request": {"method": "DELETE", "url": "Observation/x"}}
    slip["response"] = {"lastModified": "2999-01-01T00:00:00Z"}
    line.server.versions.append((line.server.now, slip))
    await line.sweeper.sweep()

    line.server.remove("Observation/lab1")
    line.clock.now = line.server.now

    assert (await line.sweeper.sweep()).new == 1


async def test_what_was_deleted_and_written_again_is_left(line):
    await with_a_card(line)
    line.server.remove("Observation/lab1")
    line.server.put(lab("lab1", P1, at=TAKEN))
    line.clock.now = line.server.now
    await line.sweeper.sweep()
    await line.idle()

    assert line.shown() == [("card.posted", P1)]


async def test_what_is_not_stored_is_not_read(line):
    await with_a_card(line)
    line.server.put(lab("strange", P1, at=TAKEN))
    line.server.remove("Observation/strange")
    line.clock.now = line.server.now

    assert (await line.sweeper.sweep()).new == 0


@pytest.mark.parametrize("how", ["not offered", "refused", "no capabilities"])
async def test_a_server_without_history_is_swept_all_the_same(line, how):
    match how:
        case "not offered":
            line.server.offers_history = False
        case "refused":
            line.server.faults.append(Fault(prefix="/Observation/_history", status=400))
        case _:
            line.server.faults.append(Fault(prefix="/metadata", status=404))
    await with_a_card(line)
    line.server.put(lab("lab2", P1, at=TAKEN))

    assert (await line.sweeper.sweep()).new == 1


async def test_a_late_report_that_nothing_names_is_found_by_its_study(line):
    await line.write(lab("lab1", P1, at=TAKEN), study("st1", P1, at=TAKEN))
    await line.idle()
    late, *_ = report("rep1", P1, EDEMA, at=TAKEN)
    del late["category"]
    late["code"] = {"text": "MRI left foot"}
    line.server.put(late)

    assert (await line.sweeper.sweep()).new == 0
    await until(lambda: line.shown() == [("card.posted", P1)])
    assert count_of(line.metrics, "sweep_recovered_total", source=SOURCE) == 0


async def test_studies_with_their_report_are_not_looked_at_again(line):
    await with_a_card(line)
    await line.sweeper.sweep()

    rows = await line.store.list_events(state=None, limit=100)
    assert not any(row.kind is EventKind.FETCH for row in rows)
    assert is_pending_look("pending:ImagingStudy/1#x")


async def test_reread_pages_through_all(line):
    refs = [f"DiagnosticReport/{n:03}" for n in range(25)]
    for ref in refs:
        stored = report(ref.partition("/")[2], P1, EDEMA, at=TAKEN)
        line.server.put(stored[0])
        await line.arrive(line.server.resources[ref])
    await line.idle()

    assert await line.sweeper.reread(rules=RULES, limit=10) == 0
    assert await line.sweeper.reread(rules="newer", limit=10) == 25
    await line.idle()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"request": {"method": "PUT", "url": "Observation/1"}}, [], id="written"),
        pytest.param(
            {"request": {"method": "DELETE", "url": "Observation/1/_history/3"}},
            ["Observation/1"],
            id="a version",
        ),
        pytest.param(
            {"fullUrl": "https://x.org/r4/Observation/1", "request": {"method": "DELETE"}},
            ["Observation/1"],
            id="a full URL",
        ),
        pytest.param({"request": {"method": "DELETE", "url": "Observation?code=1"}}, [], id="many"),
        pytest.param({"request": "DELETE"}, [], id="broken"),
        pytest.param({}, [], id="empty"),
    ],
)
def test_what_a_history_says_was_deleted(entry, expected):
    assert [one.ref for one in deletions({"entry": [entry]})] == expected


@pytest.mark.parametrize("capabilities", [{}, {"rest": "x"}, {"rest": [{"resource": [1]}]}])
def test_a_statement_that_offers_nothing(capabilities):
    assert not offers_history(capabilities, "Observation")
