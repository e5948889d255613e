"""Which version of a resource speaks."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from tests.spec.tables import Table, row
from tests.support.notation import POLICY, facts, timeline

from marrowd.core.facts import Version, newest
from marrowd.core.timeline import build_timeline

VERSIONS = Table(
    title="The newest version",
    rule="Compared pair by pair: lastUpdated as an instant (missing is oldest), then versionId as "
    "a number (missing or no number is least), then a withdrawn version is newer than one "
    "that is not, then the SHA-256 of the JSON.",
    columns=("older", "newer"),
    rows=(
        row("no lastUpdated is oldest", "v=9", "2026-01-01T00:00:00+00:00"),
        row("later lastUpdated", "2026-01-01T00:00:00+00:00 v=9", "2026-01-02T00:00:00+00:00 v=1"),
        row(
            "as an instant, not as text",
            "2026-01-01T23:00:00+02:00",
            "2026-01-01T22:00:00+00:00",
        ),
        row("versionId as a number", "v=9", "v=10"),
        row("no versionId is least", "digest=z", "v=0 digest=a"),
        row("version 0 is a number like any other", "v=0 digest=z", "v=1 digest=a"),
        row("negative numbers are numbers", "digest=z", "v=-1 digest=a"),
        row("withdrawn at a tie", "v=1 digest=z", "v=1 withdrawn digest=a"),
        row("a later version revives", "v=1 withdrawn", "v=2"),
        row("the digest last", "v=1 digest=a", "v=1 digest=b"),
    ),
)


def version(text: str) -> Version:
    words = dict(word.split("=") for word in text.split() if "=" in word)
    time = next((word for word in text.split() if "T" in word), None)
    return Version(
        last_updated=None if time is None else datetime.fromisoformat(time),
        version_id=int(words["v"]) if "v" in words else None,
        is_withdrawn="withdrawn" in text,
        digest=words.get("digest", ""),
    )


@VERSIONS.cases
def test_newer(older, expected):
    (fact,) = facts(["result 14 ng/mL @-20"])
    old, new = replace(fact, version=version(older)), replace(fact, version=version(expected))

    assert newest([old, new]) == newest([new, old]) == [new]


SPEAKS = Table(
    title="Only the newest version speaks",
    rule="A held newest version holds the resource, a withdrawn one removes it, whatever older "
    "ones said.",
    columns=("versions", "levels"),
    rows=(
        row(
            "a correction", ("result 14 ng/mL @-20 v=1 id=a", "result 31 ng/mL @-20 v=2 id=a"), "31"
        ),
        row(
            "final after preliminary",
            ("result 14 ng/mL @-20 v=2 id=a", "result 14 ng/mL @-20 v=1 preliminary id=a"),
            "14",
        ),
        row(
            "preliminary after final",
            ("result 14 ng/mL @-20 v=1 id=a", "result 14 ng/mL @-20 v=2 preliminary id=a"),
            "",
        ),
        row(
            "withdrawn after final",
            ("result 14 ng/mL @-20 v=1 id=a", "result 14 ng/mL @-20 v=2 entered-in-error id=a"),
            "",
        ),
        row(
            "withdrawn before final",
            ("result 14 ng/mL @-20 v=2 id=a", "result 14 ng/mL @-20 v=1 entered-in-error id=a"),
            "14",
        ),
    ),
)


@SPEAKS.cases
def test_newest_speaks(versions, expected):
    found = timeline(*versions).levels.levels

    assert " ".join(str(level.result.value) for level in found) == expected


def test_fact_of_another_patient_is_left_out():
    """A corrected subject: the newest version is of somebody else, so nothing is left here."""
    (fact,) = facts(["result 14 ng/mL @-20 v=1"])
    moved = replace(fact, patient="Patient/2", version=Version(version_id=2))

    assert build_timeline("Patient/1", [fact, moved], policy=POLICY).results == ()
    assert len(build_timeline("Patient/2", [fact, moved], policy=POLICY).results) == 1


def test_naive_time_cannot_be_ordered():
    with pytest.raises(ValueError, match="aware"):
        Version(last_updated=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_zone_does_not_matter():
    early = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    assert Version(last_updated=early).order < Version(last_updated=early + timedelta(1)).order
