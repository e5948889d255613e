"""
Reading takes few steps, the same for every kilobyte: calls are counted, not seconds.

The bounds stand a quarter above what was counted when they were set; a slower reader of the same
reports has to be meant.
"""

import json
import sys
from pathlib import Path

from marrowd.core.reader import Reader
from marrowd.rules.vocabulary import load_vocabulary

DATA = Path(__file__).parents[3] / "data" / "reports-dev.jsonl"
TEXTS = [json.loads(line)["text"] for line in DATA.read_text(encoding="utf-8").splitlines()]
READER = Reader(load_vocabulary())


def test_a_kilobyte_of_reports_takes_few_calls():
    READER.read(TEXTS[0])

    calls = sum(calls_of(READER.read, text) for text in TEXTS)

    assert 1000 * calls / sum(map(len, TEXTS)) < 3400


def test_a_long_text_takes_no_more_calls_for_a_kilobyte():
    text = "\n\n".join(text for text in TEXTS if READER.read(text).is_supported)
    few, many = (calls_of(READER.read, text * times) for times in (1, 8))

    assert READER.read(text * 8).is_supported
    assert many < 9 * few


def test_a_word_of_the_vocabulary_takes_few_calls():
    known = READER.vocabulary

    calls = calls_of(load_vocabulary.__wrapped__)

    assert calls / (known.size + len(known.spelling)) < 16


def calls_of(act, *args):
    """Count the calls of functions, Python's own among them, that an act takes."""
    counted = [0]

    def count(_frame, event, _arg):
        counted[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act(*args)
    finally:
        sys.setprofile(before)
    return counted[0]
