"""JSON with numbers as written."""

import hashlib
import json
from decimal import Decimal

import pytest

from marrowd.errors import BadInput
from marrowd.fhir.json import Number, canonical, digest, parse, parse_canonical


@pytest.mark.parametrize(
    "number", ["0", "-0.0", "1.50", "1e2", "1E+2", "0.0000001", "9" * 5000, "1e" + "9" * 20]
)
def test_numbers_are_written_as_they_were(number):
    assert canonical(parse(f"[{number}]")) == f"[{number}]".encode()


def test_keys_are_sorted_and_blanks_gone():
    assert (
        canonical(parse('{ "b" : 1 , "a" : {"d": [], "c": "é"} }'))
        == '{"a":{"c":"é","d":[]},"b":1}'.encode()
    )


def test_the_digest_is_that_of_the_canonical_json():
    resource = {"status": "final", "id": "1", "resourceType": "Observation"}

    plain = json.dumps(resource, sort_keys=True, separators=(",", ":"))

    assert (
        digest(parse(json.dumps(resource, indent=2))) == hashlib.sha256(plain.encode()).hexdigest()
    )


def test_of_a_name_given_twice_the_last_speaks():
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_literals_that_json_lacks_are_taken_only_where_asked(literal):
    assert not parse(f"[{literal}]", allow_nan=True)[0].is_finite()
    with pytest.raises(BadInput):
        parse(f"[{literal}]")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe{}", b'"\xed\xa0\x80"', b"[1] 2", "[" * 100_000, b"nul", b"[01]"]
)
def test_what_is_no_json_is_bad_input(text):
    with pytest.raises(BadInput):
        parse(text)


def test_the_message_quotes_nothing():
    with pytest.raises(BadInput) as caught:
        parse('{"name": "Mustermann" oops}')

    assert "Mustermann" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_byte_order_mark_is_skipped():
    assert parse(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("text", ["\ud800", "\x00#1", "\x00#x", "\x00#", 'a"b', "\u2028"])
def test_any_string_comes_back_as_json(text):
    written = canonical({"a": text})

    assert isinstance(parse_canonical(written), dict)


def test_a_lone_surrogate_survives():
    assert parse_canonical(canonical(["\ud800x"])) == ["\ud800x"]


@pytest.mark.parametrize("text", ["\ud800", "\x1f\x7f\x08", '"\\/', "\u2028\U0001d11e", "\x00#1"])
@pytest.mark.parametrize("number", [2**63, 2**64, -(2**64), Number("1.50"), Decimal("2.0"), True])
def test_what_one_writer_refuses_the_other_writes_alike(text, number):
    """A surrogate and a long integer are written the slow way: in the same form as anything."""
    value = {"z": [number, text], "\U0001d11e": 1, "\uffff": {}, "é": None, text: ""}
    plain = json.dumps(
        value | {"z": ["@", text]}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).replace('"\\u0000#1":', "1:")
    said = json.dumps(number) if isinstance(number, int) else format(number, "f")
    if text == "\x00#1":
        plain = plain.replace('"\\u0000#1"', "1")

    assert canonical(value) == plain.replace('"@"', said).encode("utf-8", "surrogatepass")


def test_what_is_too_deep_to_write_is_bad_input():
    deep = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(BadInput):
        canonical(deep)
