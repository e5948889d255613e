"""
Every member of an example replaced by what JSON can hold, and by what only looks like JSON.

What stands in a member's place is JSON text and not a value, so that a number may be one that no
Python value is written as, and a name may be given twice.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import count
from typing import Any

OF_EACH_TYPE = (
    *("null", "true", "7", "-0.5", '"x"', '""', "[]", "{}", "[[]]", '[{"x":1}]', '{"x":[null]}'),
    *('[null,"x"]', '[["x"]]'),
)
_DEEP = 1_000  # as deep as orjson reads and Python's own decoder does not
NASTY = (
    # Numbers that no float, no 64 bits, or no Decimal holds; and what is none.
    *("1" + "0" * 400, "9" * 5_000, "-0.0", "1e400", "1e99999999999999999999", "-1", "0"),
    *("9223372036854775808", "NaN", "-Infinity"),
    # Texts that no database, header or line takes.
    *(r'"\ud800"', r'"a\u0000b"', r'"a\r\nb: c"', r'"\u2028"', '"\U0001f9b6"', '" "', '"+1"'),
    # Ids, references, addresses and codes that lead elsewhere.
    *('".."', '"/"', '"../x"', '"Patient/.."', '"http://["', '"http://h:99999/Patient/1"', '"#"'),
    *('"urn:uuid:"', '"?"', '"%"', '"1,2"'),
    # Times at the ends of the calendar, and beyond.
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-12:00"', '"2026-02-30"'),
    *('"2026-02-01T10:00:00+99:99"', '"9999-12-31"', '"9" ', '"' + "9" * 5_000 + '"'),
    # Shapes that hurt whoever walks them.
    *("[" * _DEEP + "]" * _DEEP, '{"a":' * _DEEP + "1" + "}" * _DEEP, "[" * 240 + "]" * 240),
    *('{"":""}', '{"x":1,"x":2}', r'{"\u0000":1}', '{"' + "k" * 70_000 + '":1}'),
)
ANYTHING = (*OF_EACH_TYPE, *NASTY)
_NAMES = ('""', r'"\ud800"', r'"\u0000"', '"' + "k" * 70_000 + '"')
_HERE = "@here@"


def altered(
    examples: Iterable[Any], texts: Sequence[str] = ANYTHING, *, every: int = 1
) -> Iterator[bytes]:
    """
    Give each of *examples* with one member replaced, renamed or given twice.

    Args:
        examples: objects.
        texts: what stands in the member's place.
        every: give only each so manieth; a prime, so that each text meets many members.
    """
    numbers = count()
    for example in examples:
        for written in _altered(deepcopy(example), texts):
            if next(numbers) % every == 0:
                yield written.encode("utf-8", "surrogatepass")


def _altered(example: Any, texts: Sequence[str]) -> Iterator[str]:
    yield from texts  # in place of the whole
    for holder, key in list(places(example)):
        kept = holder[key]
        holder[key] = _HERE
        before, _, after = json.dumps(example).partition(f'"{_HERE}"')
        holder[key] = kept
        for text in texts:
            yield f"{before}{text}{after}"
        if isinstance(key, str):
            yield from _renamed(example, holder, key)


def _renamed(example: Any, holder: dict[str, Any], key: str) -> Iterator[str]:
    kept = holder.pop(key)
    holder[_HERE] = kept
    before, _, after = json.dumps(example).partition(f'"{_HERE}"')
    holder[key] = holder.pop(_HERE)
    name = json.dumps(key)
    for other in (*_NAMES, f"{name}: null, {name}", f'{name}: [], "x"'):
        yield f"{before}{other}{after}"


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Walk the members: the object or list, and the key or index."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, dict | list):
            yield from places(inner)
        yield value, key
