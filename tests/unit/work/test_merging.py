"""News of a Patient: evidence follows a merged record, and comes back when the merge is undone."""

import pytest
from tests.support.hospital import lab, report
from tests.support.loops import running_line
from tests.support.resources import patient
from tests.support.store import NOON, count_of, until

from marrowd.store.protocols import EventKind

EDEMA = "There is marrow edema in the left talus."
OLD, NEW = "Patient/old", "Patient/new"


@pytest.fixture
async def line(tmp_path):
    async with running_line(tmp_path) as line:
        yield line


def merged(into=NEW, kind="replaced-by"):
    return patient("old", link=[{"other": {"reference": into}, "type": kind}])


async def test_evidence_follows_and_the_old_card_is_withdrawn(line):
    await line.write(lab("low", OLD, at=NOON), *report("mri", OLD, EDEMA, at=NOON))
    await until(lambda: line.shown() == [("card.posted", OLD)])
    await line.write(patient("old"), patient("new"))
    await line.write(merged())

    await until(lambda: len(line.shown()) == 3)
    assert sorted(line.shown()[1:]) == [("card.posted", NEW), ("card.retracted", OLD)]

    await line.write(patient("old"))  # taken back
    await until(lambda: len(line.shown()) == 5)
    assert sorted(line.shown()[3:]) == [("card.posted", OLD), ("card.retracted", NEW)]


async def test_what_each_record_had_is_read_together(line):
    await line.write(lab("low", OLD, at=NOON), *report("mri", NEW, EDEMA, at=NOON))
    await line.idle()
    assert line.shown() == []

    await line.write(merged())
    await until(lambda: line.shown() == [("card.posted", NEW)])


async def test_an_old_version_that_comes_late_merges_nothing(line):
    late = line.server.put(merged())
    line.server.put(patient("old"))
    await line.arrive(late)
    await line.idle()

    assert await line.fact(OLD) is None


async def test_patients_that_were_never_merged_are_not_kept(line):
    await line.write(patient("old"))
    await line.write(patient("old", active=False), merged(kind="seealso"))
    await line.tell(EventKind.FETCH, OLD)
    await line.idle()

    assert await line.fact(OLD) is None
    assert count_of(line.metrics, "events_ignored_total", reason="not_relevant") == 4


async def test_a_deleted_record_stays_merged(line):
    await line.write(lab("low", OLD, at=NOON), *report("mri", NEW, EDEMA, at=NOON), merged())
    await until(lambda: line.shown() == [("card.posted", NEW)])
    line.server.remove(OLD)
    await line.tell(EventKind.DELETED, OLD)
    await line.idle()

    assert (await line.fact(OLD)).merged_into == NEW
    assert line.shown() == [("card.posted", NEW)]


async def test_a_record_replaced_by_nobody_that_can_be_found_is_parked(line):
    other = {"identifier": {"system": "urn:mrn", "value": "1"}}
    await line.write(patient("old", link=[{"other": other, "type": "replaced-by"}]))

    (row,) = await line.parked()
    assert (row.ref, row.reason) == (OLD, "no_subject")
