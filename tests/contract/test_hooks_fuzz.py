"""
Messages drawn from the JSON Schema of CDS Hooks, spoiled in one or two places, and answered.

A message is valid by `tests/data/cds-hooks.schema.json` first; then a member is replaced by
something of another kind, by a number nobody stores, by half a surrogate pair, by nesting, or is
given twice. Whatever comes of it: a 200 or a clear 4xx, soon, and the next call is answered.
"""

import asyncio
import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.test_card_schema import SCHEMA
from tests.support.hook_calls import (
    ENCOUNTER_START,
    ORDER_SIGN,
    PATIENT_VIEW,
    a_call,
    hooks_running,
    whole_prefetch,
)
from tests.support.patience import PATIENCE_S

from marrowd.core.reader import Reader
from marrowd.fhir.facts import Extraction
from marrowd.rules.codes import load_codes
from marrowd.rules.vocabulary import load_vocabulary

SERVICES = {
    "patient-view": PATIENT_VIEW,
    "order-sign": ORDER_SIGN,
    "encounter-start": ENCOUNTER_START,
}
TWICE = "twice:"  # before a name: it is written without, and so stands there a second time


def deep(depth, inner=1):
    for level in range(depth):
        inner = [inner] if level % 2 else {"a": inner}
    return inner


WRONG = [
    None, True, 0, -1, 2**31, 2**63, 2**64, 10**400, -0.0, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"),
    "", " ", "\x00", "\ud800", "a\udfffb", "\u202e", "x" * 10_000, "2026-02-30", "urn:uuid:",
    [], {}, [None], [[]], {"": None}, {"extension": {}}, {"resourceType": 5}, {"reference": []},
    {"resourceType": "Bundle", "entry": [None]}, {"resourceType": "Bundle", "entry": {}},
    {"resourceType": "Bundle", "entry": [{"resource": None}]},
    {"resourceType": "OperationOutcome", "issue": 1},
    deep(100), deep(400), deep(900),
]  # fmt: skip


def valid(schema):
    """Draw what *schema* takes, from as much of JSON Schema as the file uses."""
    if "$ref" in schema:
        return valid(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return st.one_of([valid({**schema, "type": each}) for each in kind])
    return KINDS[kind](schema)


def _text(schema):
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=schema.get("minLength", 0))


def _object(schema):
    members = {name: valid(each) for name, each in schema.get("properties", {}).items()}
    required = schema.get("required", ())
    free = {"org.example.any": st.just({"a": 1})} if schema.get("minProperties") else {}
    return st.fixed_dictionaries(
        {name: members[name] for name in required if name in members} | free,
        optional={name: each for name, each in members.items() if name not in required},
    )


KINDS = {
    "string": _text,
    "object": _object,
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": lambda _: st.integers(-(2**53), 2**53),
    "array": lambda s: st.lists(valid(s["items"]), min_size=s.get("minItems", 0), max_size=3),
}


def places(value, path=()):
    """Give the way to everything inside *value*."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, name))


@st.composite
def spoiled(draw, message):
    """Draw a message and put something wrong into it."""
    message = copy.deepcopy(draw(message))
    found = st.sampled_from(list(places(message)))
    # What lies deepest first: so nothing is ever put into a wrong value, which others share.
    for *way, last in sorted(draw(st.lists(found, max_size=2)), key=len, reverse=True):
        parent = message
        for name in way:
            parent = parent[name]
        if isinstance(parent, dict) and draw(st.integers(0, 9)) == 0:
            parent[f"{TWICE}{last}"] = draw(st.sampled_from(WRONG))
        else:
            parent[last] = draw(st.sampled_from(WRONG))
    return json.dumps(message).replace(f'"{TWICE}', '"').encode()


def real_calls(hook):
    """Draw calls that get far: members by the schema around what the hook requires."""
    optional = {
        name: valid(SCHEMA["$defs"]["request"]["properties"][name])
        for name in ("hookInstance", "fhirServer", "fhirAuthorization", "extension")
    }
    return st.builds(
        lambda members, keys: (
            a_call(hook, prefetch={k: v for k, v in whole_prefetch().items() if k in keys})
            | {"fhirServer": "https://fhir.example.org/r4"}
            | members
        ),
        st.fixed_dictionaries({}, optional=optional),
        st.sets(st.sampled_from(sorted(whole_prefetch())), min_size=4),
    )


CALLS = st.sampled_from(sorted(SERVICES)).flatmap(
    lambda hook: st.tuples(
        st.just(SERVICES[hook]),
        spoiled(real_calls(hook) | valid(SCHEMA["$defs"]["request"])),
    )
)
FEEDBACK = st.tuples(
    st.just(f"{PATIENT_VIEW}/feedback"), spoiled(valid(SCHEMA["$defs"]["feedback"]))
)


@pytest.fixture(scope="module")
def extraction():
    return Extraction(reader=Reader(load_vocabulary()), rules="test", codes=load_codes())


def test_a_spoiled_message_is_answered_soon_and_never_with_5xx(tmp_path, extraction):
    with asyncio.Runner() as runner:
        running = hooks_running(tmp_path, extraction=extraction)
        bench = runner.run(running.__aenter__())

        async def status(path, body):
            async with asyncio.timeout(PATIENCE_S):
                answer = await bench.post(path, body)
                await answer.read()
                return answer.status

        @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
        @given(sent=st.one_of(CALLS, CALLS, CALLS, FEEDBACK))
        def check(sent):
            path, body = sent
            assert runner.run(status(path, body)) in {200, 400, 412, 422}, body

        try:
            check()
            after = a_call(prefetch=whole_prefetch())
            assert runner.run(status(PATIENT_VIEW, json.dumps(after).encode())) == 200
        finally:
            runner.run(running.__aexit__(None, None, None))
