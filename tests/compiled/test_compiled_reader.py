"""The compiled report reader is there, reads every report as the other does, and can be pickled."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from marrowd.core.reader import IS_COMPILED, Reader, explain, lookahead
from marrowd.rules.vocabulary import load_vocabulary

pytestmark = pytest.mark.compiled
ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "tests/data/reports-dev.jsonl",
    *sorted((ROOT / "tests/spec/reports").glob("*.jsonl")),
]
TEXTS = [json.loads(line)["text"] for f in FILES for line in f.read_text("utf-8").splitlines()]
READER = Reader(load_vocabulary())


def test_what_is_tested_is_compiled():
    assert IS_COMPILED
    assert lookahead.__file__.startswith(str(ROOT / "build" / "compiled"))


def test_every_report_is_read_as_it_is_without_a_compiler():
    answers = [repr((READER.read(text), explain(READER, text))) for text in TEXTS]

    assert len(TEXTS) > 1000
    assert answers == as_written()


def test_a_reader_goes_to_another_process():
    other = pickle.loads(pickle.dumps(READER))  # noqa: S301 -- our own object

    assert [other.read(text) for text in TEXTS[:50]] == [READER.read(text) for text in TEXTS[:50]]


def as_written() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiled.reading"],
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "service")},
    )
    answers: list[str] = json.loads(done.stdout)
    return answers
