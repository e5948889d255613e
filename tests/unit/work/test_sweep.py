from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from tests.support.fhir_server import Fault
from tests.support.hospital import lab, report, study
from tests.support.loops import RULES, SOURCE, Line, running_line
from tests.support.store import count_of, until

from marrowd.errors import EhrUnavailable
from marrowd.fhir.answers import Forbidden, TooLarge
from marrowd.store.protocols import EventKind, EventState
from marrowd.work.searching import SweepPace
from marrowd.work.watching import SWEPT_AT

TAKEN = datetime(2026, 2, 20, 8, tzinfo=UTC)
P1 = "Patient/1"


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with running_line(tmp_path) as line:
        yield line


def asked_since(line: Line, resource_type: str) -> list[str]:
    """Give the `_lastUpdated` of each first page asked for."""
    return [
        s.query.partition("_lastUpdated=ge")[2].partition("&")[0].replace("%3A", ":")
        for s in line.server.asked(f"/{resource_type}")
        if "_lastUpdated" in s.query
    ]


async def test_what_was_missed_is_found_and_screened(line: Line) -> None:
    line.server.put(lab("lab1", P1, at=TAKEN))
    line.server.put(report("rep1", P1, "edema in the left talus", at=TAKEN)[0])
    line.server.put(study("st1", P1, at=TAKEN))

    swept = await line.sweeper.sweep()
    await line.idle()

    # The report is listed by its category and by its code, and is one event.
    assert (swept.seen, swept.new) == (4, 3)
    assert line.shown() == [("card.posted", P1)]
    await until(lambda: count_of(line.metrics, "sweep_recovered_total", source=SOURCE) >= 2)


async def test_what_is_known_is_not_brought_in_again(line: Line) -> None:
    await line.write(lab("lab1", P1, at=TAKEN))
    await line.idle()

    assert (await line.sweeper.sweep()).new == 0
    assert count_of(line.metrics, "sweep_recovered_total", source=SOURCE) == 0


async def test_the_first_sweep_looks_back_and_the_next_goes_on_with_an_overlap(line: Line) -> None:
    line.server.put(lab("lab1", P1, at=TAKEN))
    await line.sweeper.sweep()
    await line.sweeper.sweep()

    first, second = asked_since(line, "Observation")
    assert datetime.fromisoformat(first) == line.clock() - timedelta(days=545)
    assert datetime.fromisoformat(second) == line.server.now - timedelta(minutes=5)


async def test_a_sweep_that_dies_goes_on_where_it_was(line: Line) -> None:
    line.server.page_size = 2
    for number in range(6):
        line.server.put(lab(f"lab{number}", P1, at=TAKEN))
    reached = line.server.resources["Observation/lab1"]["meta"]["lastUpdated"]
    line.server.next_base = f"{line.server.base_url}/broken"
    line.server.faults.append(Fault(prefix="/broken", status=503))

    with pytest.raises(EhrUnavailable):
        await line.sweeper.sweep()
    line.server.next_base = None
    await line.sweeper.sweep()
    await line.idle()

    since = datetime.fromisoformat(asked_since(line, "Observation")[1])
    assert since == datetime.fromisoformat(reached) - timedelta(minutes=5)
    assert await line.fact("Observation/lab5") is not None


async def test_a_server_that_does_not_sort_moves_the_position_only_at_the_end(line: Line) -> None:
    line.server.page_size = 1
    line.server.sorts = False
    newer = line.server.put(lab("lab1", P1, at=TAKEN))
    line.server.put(lab("lab2", P1, at=TAKEN))
    line.server.resources = {
        "Observation/lab2": line.server.resources["Observation/lab2"],
        "Observation/lab1": newer,
    }

    assert (await line.sweeper.sweep()).new == 2
    await line.sweeper.sweep()

    assert datetime.fromisoformat(asked_since(line, "Observation")[1]) == (
        line.server.now - timedelta(minutes=5)
    )


async def test_a_type_that_the_server_does_not_have_stops_nothing(line: Line) -> None:
    line.server.faults.append(Fault(prefix="/Observation", status=400))
    line.server.put(study("st1", P1, at=TAKEN))

    assert (await line.sweeper.sweep()).new == 1


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(
    ("lacking", "is_current"), [("ImagingStudy", True), ("DiagnosticReport", False)]
)
async def test_evidence_is_current_on_a_server_without_studies(
    line: Line, lacking: str, status: int, *, is_current: bool
) -> None:
    line.server.faults.append(Fault(prefix=f"/{lacking}", status=status))

    await line.sweeper.sweep()

    assert is_current is (await line.store.cursor(SOURCE, SWEPT_AT) is not None)


async def test_a_type_that_is_not_for_us_stops_nothing_and_is_told(line: Line) -> None:
    line.server.faults.append(Fault(prefix="/ImagingStudy", status=403))
    line.server.put(report("rep1", P1, "edema in the left talus", at=TAKEN)[0])

    swept = await line.sweeper.sweep()
    await line.idle()

    assert [(one.slug, one.type, type(one.error)) for one in swept.refused] == [
        ("studies", "ImagingStudy", Forbidden)
    ]
    assert await line.fact("DiagnosticReport/rep1") is not None
    assert line.server.asked("/metadata"), "deletions were looked for"


async def test_a_time_that_has_not_come_yet_is_no_position(line: Line) -> None:
    line.server.put(lab("lab1", P1, at=TAKEN))
    line.server.resources["Observation/lab1"]["meta"]["lastUpdated"] = "2999-01-01T00:00:00Z"
    await line.sweeper.sweep()
    asked_at = line.clock()
    line.clock.now += timedelta(hours=1)

    await line.sweeper.sweep()

    assert datetime.fromisoformat(asked_since(line, "Observation")[1]) == asked_at


async def test_pages_too_large_to_be_read_are_asked_for_smaller(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        line.server.put({**lab(f"lab{number}", P1, at=TAKEN), "note": [{"text": "x" * 20_000}]})
    transport = line.sweeper._client._transport
    monkeypatch.setattr(transport, "_limits", replace(transport._limits, max_bytes=60_000))

    await line.sweeper.sweep()
    await line.idle()

    assert await line.fact("Observation/lab11") is not None
    counts = [dict(parse_qsl(s.query)).get("_count") for s in line.server.asked("/Observation")]
    assert counts[:3] == ["100", "10", "1"]


@pytest.fixture
def huge(line: Line, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of three results is too large to be read, on a page or by itself."""
    for number in range(3):
        note = "x" * 100_000 if number == 1 else "x"
        line.server.put({**lab(f"lab{number}", P1, at=TAKEN), "note": [{"text": note}]})
    for sharing in (line.sweeper._client._transport, line.client._transport):
        monkeypatch.setattr(sharing, "_limits", replace(sharing._limits, max_bytes=60_000))
    return "Observation/lab1"


@pytest.mark.parametrize(
    ("heeded", "refused"), [("_elements", ""), ("_summary", ""), ("_summary", "_elements")]
)
async def test_one_too_large_to_be_read_is_set_aside_and_the_sweep_goes_on(
    line: Line, huge: str, heeded: str, refused: str
) -> None:
    line.server.shortens = frozenset({heeded})
    line.server.refuses = frozenset({refused})

    swept = await line.sweeper.sweep()
    await line.idle()

    assert (swept.seen, swept.refused) == (3, ())
    assert await line.fact("Observation/lab2") is not None
    [parked] = await line.store.list_events(state=EventState.PARKED, limit=9)
    assert (parked.ref, parked.reason) == (huge, "refused")
    assert parked.detail == "TooLarge: read answered more than 60000 bytes"
    assert await line.store.cursor(SOURCE, SWEPT_AT) is not None


async def test_one_too_large_is_asked_for_once_and_its_page_not_again(
    line: Line, huge: str
) -> None:
    line.server.shortens = frozenset({"_elements"})
    await line.sweeper.sweep()
    await line.idle()
    line.server.seen.clear()
    line.server.put(lab("lab3", P1, at=TAKEN))

    assert (await line.sweeper.sweep()).new == 1
    await line.idle()

    assert await line.fact("Observation/lab3") is not None
    assert line.server.asked(f"/{huge}") == []
    [first, *_] = line.server.asked("/Observation")
    assert dict(parse_qsl(first.query))["_elements"] == "id,meta"
    assert len(await line.store.list_events(state=EventState.PARKED, limit=9)) == 1


@pytest.mark.usefixtures("huge")
async def test_whole_pages_are_asked_for_once_it_lies_behind(line: Line) -> None:
    line.server.shortens = frozenset({"_elements"})
    await line.sweeper.sweep()
    line.server.now += timedelta(minutes=6)  # more than the overlap
    line.clock.now += timedelta(minutes=6)
    line.server.put(lab("lab3", P1, at=TAKEN))
    await line.sweeper.sweep()
    line.server.seen.clear()

    await line.sweeper.sweep()

    [only] = line.server.asked("/Observation")
    assert "_elements" not in only.query


@pytest.mark.usefixtures("huge")
@pytest.mark.parametrize("refused", [frozenset(), frozenset({"_elements", "_summary"})])
async def test_one_too_large_on_a_server_that_cannot_list_is_told(
    line: Line, refused: frozenset[str]
) -> None:
    line.server.refuses = refused

    swept = await line.sweeper.sweep()

    assert [(one.slug, type(one.error)) for one in swept.refused] == [("results", TooLarge)]
    assert await line.store.cursor(SOURCE, SWEPT_AT) is None


@pytest.mark.usefixtures("huge")
async def test_a_server_that_lists_no_more_is_asked_for_whole_pages_again(line: Line) -> None:
    line.server.shortens = frozenset({"_elements"})
    await line.sweeper.sweep()
    line.server.shortens = frozenset()
    assert [type(one.error) for one in (await line.sweeper.sweep()).refused] == [TooLarge]
    line.server.remove("Observation/lab1")
    line.server.seen.clear()

    assert (await line.sweeper.sweep()).refused == ()

    [first, *_] = line.server.asked("/Observation")
    assert "_elements" not in first.query


async def test_a_link_elsewhere_leaves_what_the_page_holds(line: Line) -> None:
    line.server.page_size = 1
    line.server.next_base = "http://internal.example.org/fhir"
    for number in range(2):
        line.server.put(lab(f"lab{number}", P1, at=TAKEN))

    assert (await line.sweeper.sweep()).seen == 0  # of a search that was cut short
    await line.idle()

    assert await line.fact("Observation/lab0") is not None


async def test_an_instant_may_be_given(line: Line) -> None:
    since = datetime(2026, 2, 28, tzinfo=UTC)

    await line.sweeper.sweep(since=since)

    assert [datetime.fromisoformat(a) for a in asked_since(line, "ImagingStudy")] == [since]


async def test_reports_of_other_rules_are_read_anew(line: Line) -> None:
    await line.write(report("rep1", P1, "edema in the left talus", at=TAKEN)[0])
    await line.idle()

    assert await line.sweeper.reread(rules=RULES) == 0
    assert await line.sweeper.reread(rules="newer") == 1
    await line.idle()


async def test_the_loop_sweeps_at_start_on_request_and_after_a_failure(tmp_path: Path) -> None:
    async with running_line(tmp_path, has_sweeps=True) as line:
        line.server.faults.append(Fault(prefix="/Observation", status=503, times=1))
        await until(lambda: bool(asked_since(line, "Observation")))
        assert asked_since(line, "ImagingStudy") == []

        await line.tell(EventKind.PING)
        await until(lambda: bool(asked_since(line, "ImagingStudy")))


async def test_what_only_a_person_can_mend_is_tried_again_soon(tmp_path: Path) -> None:
    async with running_line(tmp_path, has_sweeps=True) as line:
        line.server.faults.append(Fault(prefix="/ImagingStudy", status=403, times=1))

        def is_asked_again() -> bool:
            line.clock.move(timedelta(milliseconds=100))  # never as far as the next on schedule
            return len(asked_since(line, "ImagingStudy")) > 1

        await until(is_asked_again)


async def test_a_full_inbox_holds_the_sweep_back(line: Line) -> None:
    pace = SweepPace(look_back=timedelta(days=1), longest_queue=0, pause=timedelta(milliseconds=10))
    for search in line.sweeper._searches:
        search._pace = pace
    for number in range(3):
        line.server.put(lab(f"lab{number}", P1, at=TAKEN))

    await line.sweeper.sweep()

    depth = await line.store.inbox_depth()
    assert depth.get(EventState.READY, 0) == 0
