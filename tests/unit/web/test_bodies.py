"""Large bodies: never on the loop, never in a parser that holds the interpreter to its end."""

import json
import threading

import orjson
import pytest
from aiohttp import web
from tests.support.hook_calls import PATIENT_VIEW, a_call, hooks_running, whole_prefetch

from marrowd.web import bodies
from marrowd.web.bodies import ON_LOOP, loosely, quick

PADDING = b" " * ON_LOOP
AUTHORIZATION = {
    "access_token": "t",
    "expires_in": 300,
    "token_type": "Bearer",
    "scope": "",
    "subject": "s",
}

IGNORED = {
    "card": "never-shown",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-03-01T11:59:00Z",
}


@pytest.fixture
def parsed(monkeypatch):
    """Where each parser ran."""
    ran = []

    def noted(name, parse):
        def parsing(*given, **options):
            ran.append((name, threading.current_thread() is threading.main_thread()))
            return parse(*given, **options)

        return parsing

    monkeypatch.setattr(bodies.orjson, "loads", noted("quick", orjson.loads))
    monkeypatch.setattr(bodies.json, "loads", noted("exact", json.loads))
    return ran


@pytest.fixture
def freed(monkeypatch):
    """What was taken apart, as it was left, and whether that was on the loop."""
    done = []
    take_apart = bodies._take_apart

    def noted(value):
        take_apart(value)
        done.append((value, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr(bodies, "_take_apart", noted)
    return done


async def test_a_small_body_is_parsed_quickly_on_the_loop(parsed):
    assert await quick(b'{"a": [1.50, "b"]}') == {"a": [1.5, "b"]}
    assert parsed == [("quick", True)]


async def test_a_large_body_is_parsed_on_a_thread_by_the_parser_that_lets_go(parsed):
    assert await quick(b'{"a": [1.50, "b"]}' + PADDING) == {"a": [1.5, "b"]}
    assert parsed == [("exact", False)]


def a_large_call(base_url, **changed):
    told = {"fhirServer": base_url, "fhirAuthorization": AUTHORIZATION | changed}
    return json.dumps(a_call(**told, prefetch=whole_prefetch())).encode() + PADDING


async def test_a_large_call_is_parsed_once_and_freed_and_neither_on_the_loop(
    tmp_path, parsed, freed
):
    async with hooks_running(tmp_path) as bench:
        first = await bench.post(PATIENT_VIEW, a_large_call(bench.base_url))
        assert first.status == 200, await first.text()
        assert parsed == [("exact", False)]
        again = await bench.post(PATIENT_VIEW, a_large_call(bench.base_url))

        assert await again.read() == await first.read()
    assert parsed == [("exact", False)]
    assert freed == [({}, False)]


@pytest.mark.parametrize("expires", [300.5, "300", True, None])
async def test_a_large_call_is_checked_like_any_other(tmp_path, freed, expires):
    async with hooks_running(tmp_path) as bench:
        call = a_large_call(bench.base_url, expires_in=expires)
        answer = await bench.post(PATIENT_VIEW, call)
        said = await answer.json()

    assert answer.status == 422
    assert "expires_in" in said["issue"][0]["diagnostics"]
    assert freed == [({}, False)]


@pytest.mark.parametrize(
    ("body", "status"), [({"feedback": [IGNORED]}, 200), ({"feedback": 1}, 422)]
)
async def test_large_feedback_is_parsed_and_freed_beside_the_loop_too(
    tmp_path, parsed, freed, body, status
):
    async with hooks_running(tmp_path) as bench:
        text = json.dumps(body).encode() + PADDING
        answer = await bench.post(f"{PATIENT_VIEW}/feedback", text)

    assert answer.status == status
    assert parsed == [("exact", False)]
    assert freed == [({}, False)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a": NaN}', id="nan"),
        pytest.param(b'{"a": "\\ud83d"}', id="half-a-pair"),
        pytest.param(b'{"a": [{"\\uDE00": 1}]}', id="half-a-pair-as-a-name"),
        pytest.param(b'{"a": "\xff"}', id="no-utf-8"),
        pytest.param(b'{"a": "\xed\xa0\xbd"}', id="a-surrogate-in-utf-8"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param(b'{"a": 1,}', id="trailing-comma"),
        pytest.param(b'{"a": "\n"}', id="control-character"),
        pytest.param(b"{} {}", id="two-values"),
        pytest.param(b"[" * 2_000 + b"]" * 2_000, id="nested-too-deeply"),
    ],
)
@pytest.mark.parametrize("size", [b"", PADDING], ids=["small", "large"])
async def test_what_is_no_json_is_400_at_any_size(text, size):
    with pytest.raises(web.HTTPBadRequest):
        await quick(text + size)


async def test_a_large_body_gives_no_name_twice():
    with pytest.raises(web.HTTPBadRequest):
        await quick(b'{"a": 1, "a": 2}' + PADDING)


@pytest.mark.parametrize("size", [b"", PADDING], ids=["small", "large"])
async def test_a_whole_pair_is_a_character_at_any_size(size):
    assert await quick(b'{"a": ["\\ud83d\\ude00", {"b": null}]}' + size) == {
        "a": ["\U0001f600", {"b": None}]
    }


BEYOND = ["1e999", "-1E+400", "1e99999999999999999999", "9" * 400, "1" * 250 + "e60", "0.1e310"]


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("size", [b"", PADDING], ids=["small", "large"])
async def test_a_number_that_no_double_can_hold_is_json(number, size):
    value = await quick(b'{"a": [' + number.encode() + b', "b"]}' + size)

    assert [str(value["a"][0].text), value["a"][1]] == [number, "b"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a": 1e999, "b": NaN}', id="nan"),
        pytest.param(b'{"a": 1e999, "b": "\\ud83d"}', id="half-a-pair"),
        pytest.param(b'{"a": 1e999, "b": "\xff"}', id="no-utf-8"),
        pytest.param(b'\xef\xbb\xbf{"a": 1e999}', id="byte-order-mark"),
        pytest.param(b'{"a": 1e999,}', id="trailing-comma"),
        pytest.param(b'{"a": 1e999', id="cut-short"),
        pytest.param(b"[1e999" + b",[" * 200_000 + b"]" * 200_001, id="nested-too-deeply"),
    ],
)
@pytest.mark.parametrize("read", [quick, loosely])
async def test_such_a_number_lets_nothing_else_in(text, read):
    with pytest.raises(web.HTTPBadRequest):
        await read(text)


async def test_of_a_name_given_twice_the_last_speaks_where_nothing_is_decided_by_it():
    assert await loosely(b'{"a": 1, "a": 2}') == {"a": 2}
    assert (await loosely(b'{"a": 1e999, "b": 1, "b": 2}'))["b"] == 2
