"""
No parser of what strangers send raises, whichever member is of whichever JSON type.

Every member of every sound example is replaced in turn by a value of each type: unlike a search by
chance this covers all of them, each time the same.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

from marrowd.errors import BadInput

OF_EACH_TYPE = (None, True, 7, -0.5, "x", "", [], {}, [[]], [{"x": 1}], {"x": [None]}, [None, "x"])
JSON_TARGETS = [
    name for name in TARGETS if name not in {"json_text", "date", "report", "document"}
]  # fmt: skip


def sound() -> list[Any]:
    found = {}
    for seed in seeds():
        try:
            value = json.loads(seed)
        except ValueError:
            continue
        if isinstance(value, dict):
            found[json.dumps(value, sort_keys=True)] = value
    return list(found.values())


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Walk the members: the object or list, and the key or index."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, dict | list):
            yield from places(inner)
        yield value, key


@pytest.mark.parametrize("target", JSON_TARGETS)
def test_no_member_of_any_type_brings_a_parser_down(target):
    tried = 0
    for example in sound():
        for holder, key in places(example):
            kept = holder[key]
            for value in OF_EACH_TYPE:
                holder[key] = value
                tried += 1
                try:
                    TARGETS[target](json.dumps(example).encode())
                except BadInput:
                    continue
                except Exception as exc:
                    exc.add_note(f"with {key!r}: {value!r} in {json.dumps(example)[:400]}")
                    raise
            holder[key] = kept

    assert tried > 1000
