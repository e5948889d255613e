"""What an event costs others: requests to the FHIR server and statements, as numbers that stay."""

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.hospital import lab, report, study
from tests.support.loops import SOURCE, running_line
from tests.support.notation import NOW, PATIENT, facts
from tests.support.statements import counted
from tests.support.store import an_event, opened

from marrowd.core.policy import Policy
from marrowd.rules.policies import policy_from
from marrowd.settings import PolicySettings
from marrowd.work.deciding import Built, Decider, NotEnough

TAKEN = datetime(2026, 2, 20, 8, tzinfo=UTC)
SCANNED = datetime(2026, 2, 22, 9, tzinfo=UTC)
P1 = "Patient/1"
LOW = lab("lab1", P1, at=TAKEN)
ENOUGH = lab("lab1", P1, at=TAKEN, value=40)
OLD_LOW = lab("lab1", P1, at=TAKEN - timedelta(days=400))
SECOND = lab("lab2", P1, at=SCANNED, value=40)
[EDEMA] = report("rep1", P1, "There is edema in the left talus.", at=SCANNED)
[NONE] = report("rep1", P1, "There is no edema in the left talus.", at=SCANNED)
STUDY = study("st1", P1, at=SCANNED)
OF_STUDY = {**NONE, "imagingStudy": [{"reference": "ImagingStudy/st1"}]}
BACKGROUND = ["/Condition", "/ServiceRequest"]
POLICY: Policy = policy_from(PolicySettings())


@pytest.mark.parametrize(
    ("before", "event", "asked"),
    [
        ([], ENOUGH, []),
        ([], OLD_LOW, []),
        ([], LOW, BACKGROUND),  # for pain
        ([], NONE, []),
        ([ENOUGH], EDEMA, []),
        ([EDEMA], ENOUGH, []),
        ([NONE], LOW, []),
        ([LOW], NONE, []),
        ([EDEMA], LOW, BACKGROUND),
        ([LOW], EDEMA, BACKGROUND),
        ([ENOUGH], SECOND, ["/DiagnosticReport"]),  # of one draw or not?
        ([], STUDY, ["/DiagnosticReport"]),
        ([STUDY], OF_STUDY, []),
    ],
)
async def test_server_is_asked_for_what_can_matter(
    tmp_path: Path, before: list, event: dict, asked: list[str]
) -> None:
    async with running_line(tmp_path) as line:
        await line.write(*before)
        await line.idle()
        line.server.seen.clear()

        await line.write(event)
        await line.idle()

        assert sorted(seen.path for seen in line.server.seen) == asked


async def test_what_was_found_lacking_is_gone_without_a_collection(tmp_path: Path) -> None:
    async with running_line(tmp_path) as line:
        await line.write(EDEMA)
        await line.idle()
        gc.collect()
        before = _lacking()  # what another test left, if anything
        gc.disable()
        try:
            await line.write(LOW)
            await line.idle()
            left = [thing for thing in _lacking() if not any(thing is old for old in before)]
        finally:
            gc.enable()

    assert [seen.path for seen in line.server.seen if seen.path in BACKGROUND]
    assert left == []


def _lacking() -> list[NotEnough | Built]:
    return [thing for thing in gc.get_objects() if isinstance(thing, NotEnough | Built)]


async def test_a_write_of_one_event_takes_so_many_statements(tmp_path: Path) -> None:
    decider = Decider(
        policy=POLICY, rules="r", base_urls={SOURCE: "http://x"}, destinations={SOURCE: ["ehr"]}
    )
    made = facts(["report @-10 left foot: talus affirmed", "result 14 ng/mL @-12"])
    assert {fact.patient for fact in made} == {PATIENT}
    async with opened(tmp_path) as store:
        await store.accept([an_event()])
        [event] = await store.claim(worker="w", limit=1, now=NOW, until=NOW + timedelta(minutes=1))
        with counted() as statements:
            applied = await store.apply(SOURCE, made, decider.at(SOURCE, NOW), now=NOW, event=event)

    assert len(applied.changes[PATIENT].messages) == 1
    # Event, versions, links (both ways), patient made and locked, facts written and read,
    # patient, message.
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 10
