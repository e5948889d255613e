"""Answers given before: the least recently asked goes first, and memory is bounded."""

import json

import pytest

from marrowd.core.verdict import VerdictKind
from marrowd.web.remembered import Drawn, Key, Remembered, without_ids

ONE, OTHER = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "E2688D70-E0CF-55BE-CB7E-4F16F064C3FB"


def key(name, size=0):
    return Key("hospital", f"Patient/{name}", is_current=True, brought=(b"x" * size,))


def drawn(body=b"{}"):
    return Drawn(body=body, verdict=VerdictKind.ASSOCIATION)


def size_of(key, drawn):
    return sum(map(len, key.brought)) + len(drawn.body)


def test_what_was_put_is_given():
    remembered = Remembered(size_of)
    remembered.put(key("a"), drawn())

    assert remembered.get(key("a")) == drawn()
    assert remembered.get(key("b")) is None


def test_the_least_recently_asked_goes_first():
    remembered = Remembered(size_of, most_bytes=25_000)
    for name in "ab":
        remembered.put(key(name, 10_000), drawn())
    remembered.get(key("a", 10_000))

    remembered.put(key("c", 10_000), drawn())

    assert remembered.get(key("a", 10_000)) is not None
    assert remembered.get(key("b", 10_000)) is None


def test_an_answer_put_again_counts_once():
    remembered = Remembered(size_of, most_bytes=3_000)
    for _ in range(100):
        remembered.put(key("a"), drawn())

    remembered.put(key("b"), drawn())

    assert remembered.get(key("a")) is not None


def test_an_answer_larger_than_all_memory_is_not_kept():
    remembered = Remembered(size_of, most_bytes=1_000)

    remembered.put(key("a", 5_000), drawn())

    assert remembered.get(key("a", 5_000)) is None


TOKEN = "abc.DEF-_"


def body(instance=ONE, token=TOKEN, **changed):
    call = {"hook": "patient-view", "hookInstance": instance, "context": {"patientId": "p1"}}
    call["fhirAuthorization"] = {"access_token": token, "token_type": "Bearer"}
    return json.dumps(call | changed).encode()


@pytest.mark.parametrize(
    "other",
    [body(OTHER), body(token="another"), body(OTHER, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~")],
)
def test_an_id_and_a_token_do_not_tell_two_calls_apart(other):
    assert without_ids(body()) == without_ids(other)


@pytest.mark.parametrize(
    "other",
    [
        body(context={"patientId": "p2"}),
        body("not-a-uuid"),
        body(f"urn:uuid:{ONE}"),
        body(token=""),
        body(token="with blank"),
        body(token='with "quote'),
        body(token="with\\backslash"),
        body(token="w\u00efth"),
        body(extension={"hookInstance": ONE}),
    ],
)
def test_everything_else_does(other):
    assert without_ids(body()) != without_ids(other)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"a": f'"hookInstance": "{ONE}"'}),
        json.dumps({"a": ["hookInstance", ONE]}),
        json.dumps({"a": "hookInstance"}),
    ],
)
def test_what_only_looks_like_an_id_is_left(text):
    assert without_ids(text.encode()) == (text.encode(),)


@pytest.mark.parametrize("value", [ONE, TOKEN])
@pytest.mark.parametrize("forged", ["", "\x00"])
def test_no_body_can_pretend_to_have_been_cut(value, forged):
    assert without_ids(body().replace(value.encode(), forged.encode())) != without_ids(body())
