"""
What a text says does not depend on how it is laid out: rows, tables, lists, corrections, sides.

`arrangements.txt` holds a text of ours on each line, and all that is to be read of it.
"""

from pathlib import Path

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
ARRANGEMENTS = Path(__file__).parent / "arrangements.txt"


def arrangements():
    for line in ARRANGEMENTS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, expected = line.rpartition(" =>")
            said = set(filter(None, expected.strip().split(", ")))
            yield pytest.param(text.replace("\\n", "\n").replace("\\t", "\t"), said, id=text)


def written(finding):
    """Write a finding as the table does: "l talus A", "r2 P"."""
    bone = str(finding.bone)
    ray = bone.removeprefix("metatarsal_")
    name = ray if ray.isdigit() else f" {bone}"
    return f"{str(finding.laterality)[0]}{name} {str(finding.certainty)[0].upper()}"


@pytest.mark.parametrize(("text", "expected"), list(arrangements()))
def test_arrangement(text, expected):
    found = fold(READER.read(text).statements)

    said = {written(finding) for finding in found if finding.bone != "other"}

    assert said == expected
