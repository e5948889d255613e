"""
Nothing that reads what strangers send raises, whatever stands in whichever member.

Every member of every sound example is replaced in turn by a value of each JSON type, by numbers,
texts and shapes that Python stumbles over, and by members of another name: unlike a search by
chance this covers all of them, each time the same.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fuzz import seeds
from tests.fuzz.targets import TARGETS
from tests.support.shapes import NASTY, OF_EACH_TYPE, altered

from marrowd.errors import BadInput

# Around what Python's own decoder lets through: what walks the value then has less of a stack left.
EDGES = ["[" * deep + "]" * deep for deep in range(800, 1_000, 4)]
ANSWERS = [
    pytest.param("server", seeds.ANSWERS, 7, id="FHIR server"),
    pytest.param("communications", seeds.COMMUNICATIONS, 1, id="destination"),
    pytest.param("token", seeds.GRANTS, 1, id="token endpoint"),
    pytest.param("hook_to_cards", seeds.CALLS, 17, id="hook"),
    pytest.param("feedback", [seeds.FEEDBACK], 1, id="feedback"),
    pytest.param("key_set", [seeds.jwks()], 1, id="key set"),
    pytest.param("screened", seeds.CALLS[0]["prefetch"].values(), 13, id="screen"),
    pytest.param("report_line", [{"id": 1, "title": "MRI", "text": "x"}], 1, id="read"),
]


def sound() -> list[Any]:
    found = {}
    for seed in seeds.seeds():
        try:
            value = json.loads(seed)
        except ValueError:
            continue
        if isinstance(value, dict):
            found[json.dumps(value, sort_keys=True)] = value
    return list(found.values())


def tokens() -> Iterator[bytes]:
    """Give tokens whose header or claims are not what they should be."""
    header, claims = (json.dumps(part).encode() for part in (seeds.HEADER, seeds.CLAIMS))
    for other in altered([seeds.HEADER]):
        yield other + b"\n" + claims
    for other in altered([seeds.CLAIMS]):
        yield header + b"\n" + other


def shown(data: bytes) -> str:
    """Leave of a text what stands around what is too long."""
    return repr(data)[:2_000]


def check(target: str, given: Iterator[bytes]) -> int:
    tried = 0
    for data in given:
        tried += 1
        try:
            TARGETS[target](data)
        except BadInput:
            continue
        except Exception as exc:
            exc.add_note(f"with {shown(data)}")
            raise
    return tried


@pytest.mark.parametrize(
    "target", ["json_text", "notification", "resource", "quantity", "hook", "feedback", "key_set"]
)
def test_no_member_of_any_type_brings_a_parser_down(target):
    assert check(target, altered(sound(), OF_EACH_TYPE)) > 3_000
    assert check(target, altered(sound(), NASTY, every=7)) > 1_000


@pytest.mark.parametrize(("target", "examples", "every"), ANSWERS)
def test_what_an_example_is_for_is_not_brought_down_by_any_of_its_members(target, examples, every):
    assert check(target, altered(examples, every=every)) > 100


@pytest.mark.parametrize(("target", "examples", "every"), ANSWERS)
def test_nothing_nested_as_deeply_as_can_be_read_brings_its_reader_down(target, examples, every):
    assert check(target, altered(examples, EDGES, every=every * 3)) > 30


def test_no_token_brings_the_judging_of_callers_down():
    assert check("bearer", iter((b"", b".", b"..", b"a.b.c", b"12\xa4", b"\xff" * 60))) > 0
    assert check("bearer", tokens()) > 700


@pytest.mark.parametrize(
    "text",
    [
        *("9" * 400, "9" * 5_000, "-1", "1e9", " 7 ", "\u0667", "\xb2", "nan", "", "\x1d8"),
        *("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 +1400"),
        *("Thu, 01 Jan 1970 00:00:00 +99999999999999999999", "Fri, 31 Dec 9999 23:59:59 -1200"),
        *("application/fhir+json; charset=\udcff", "Subscription/\u2028", "x" * 100_000),
    ],
)
def test_no_header_of_an_answer_brings_its_reader_down(text):
    TARGETS["header"](text.encode("utf-8", "surrogateescape"))
