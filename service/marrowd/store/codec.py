"""
Facts as JSON, exactly: what is read back equals what was written, to the digit of every decimal.

The functions are put together once, from the fields of the dataclasses themselves, so a field added
to `core` is stored without a change here. What makes stored rows readable by other versions:

- a field at its default is not written, and one not written gets its default;
- a name this version does not know is passed over (a newer version wrote it);
- decimals and times are strings as Python writes them; enumerations are their values.

Reading a fact is on the path of every hook, hence no validation library: see ADR-0003.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Union, cast, get_args, get_origin, get_type_hints

import orjson

from marrowd.core.facts import Fact
from marrowd.errors import StoreUnavailable

_Convert = Callable[[object], object]
_KEPT = 512  # an event's facts are read up to three times, with those of others in between
_INT64 = range(-(2**63), 2**63)  # orjson reads a larger number as a float: those go as text


def fact_to_json(fact: Fact) -> bytes:
    """Write *fact* as compact JSON."""
    tree = _to_tree(fact)
    try:
        return orjson.dumps(tree)
    except TypeError:
        # Half a surrogate pair: legal in Python and, escaped, in JSON.
        return json.dumps(tree, separators=(",", ":")).encode("ascii")


@lru_cache(_KEPT)
def fact_from_json(stored: bytes) -> Fact:
    """
    Read what `fact_to_json` wrote; facts never change, so what was just read is given again.

    Raises:
        StoreUnavailable: the row is damaged, or a newer version wrote a word unknown here.
    """
    try:
        try:
            tree = orjson.loads(stored)
        except orjson.JSONDecodeError:
            tree = json.loads(stored)
        return cast("Fact", _from_tree(tree))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        message = "a stored fact cannot be read: damaged, or written by a newer version"
        raise StoreUnavailable(message) from None


def _identity(value: object) -> object:
    return value


_WRITERS: dict[type, _Convert] = {
    str: _identity,
    bool: _identity,
    int: lambda value: value if value in _INT64 else str(value),
    Decimal: str,
    datetime: lambda value: cast("datetime", value).isoformat(),
}
_READERS: dict[type, _Convert] = {
    str: _identity,
    bool: _identity,
    int: cast("_Convert", int),
    Decimal: cast("_Convert", Decimal),
    datetime: cast("_Convert", datetime.fromisoformat),
}


def _writer(hint: object) -> _Convert:
    """Give the function that turns a value of type *hint* into what JSON can hold."""
    inner = _without_none(hint)
    if inner is not hint:
        return _unless_none(_writer(inner))
    if get_origin(hint) is tuple:
        return _tuple(hint, _writer, list)
    cls = cast("type", hint)
    if issubclass(cls, Enum):
        return lambda value: cast("Enum", value).value
    if is_dataclass(cls):
        return _dataclass_writer(cls)
    return _WRITERS[cls]


def _reader(hint: object) -> _Convert:
    """Give the function that turns what JSON held back into a value of type *hint*."""
    inner = _without_none(hint)
    if inner is not hint:
        return _unless_none(_reader(inner))
    if get_origin(hint) is tuple:
        return _tuple(hint, _reader, tuple)
    cls = cast("type", hint)
    if issubclass(cls, Enum):
        # The map itself is three times as fast as calling the class.
        return {member.value: member for member in cls}.__getitem__
    if is_dataclass(cls):
        return _dataclass_reader(cls)
    return _READERS[cls]


def _without_none(hint: object) -> object:
    """Give X for `X | None`, and anything else back as it is."""
    if get_origin(hint) in (types.UnionType, Union):
        rest = [part for part in get_args(hint) if part is not type(None)]
        if len(rest) == 1:
            return cast("object", rest[0])
    return hint


def _unless_none(convert: _Convert) -> _Convert:
    return lambda value: None if value is None else convert(value)


def _tuple(
    hint: object, part: Callable[[object], _Convert], build: Callable[[list[object]], object]
) -> _Convert:
    """Convert `tuple[X, ...]` item by item, and `tuple[X, Y]` place by place."""
    arguments = get_args(hint)
    if arguments[-1] is Ellipsis:
        each = part(arguments[0])
        if each is _identity:
            return lambda value: build(cast("list[object]", value))
        return lambda value: build([each(item) for item in cast("list[object]", value)])
    converts = [part(argument) for argument in arguments]
    return lambda value: build(
        [convert(item) for convert, item in zip(converts, cast("list[object]", value), strict=True)]
    )


def _dataclass_writer(cls: type) -> _Convert:
    hints = get_type_hints(cls)
    plan = [(f.name, _default(f), _writer(hints[f.name])) for f in fields(cls)]

    def write(value: object) -> object:
        tree: dict[str, object] = {}
        for name, default, convert in plan:
            item = getattr(value, name)
            # Values that are equal are written alike (1.0 and 1.00 are not equal as text), so only
            # a type whose equality is exact may be left out by it: never a bare Decimal.
            if item is not default and (item != default or isinstance(item, Decimal)):
                tree[name] = convert(item)
        return tree

    return write


def _dataclass_reader(cls: type) -> _Convert:
    hints = get_type_hints(cls)
    plan = {f.name: _reader(hints[f.name]) for f in fields(cls)}

    def read(value: object) -> object:
        known = {
            name: plan[name](item)
            for name, item in cast("dict[str, object]", value).items()
            if name in plan
        }
        return cls(**known)

    return read


def _default(field: "Field[object]") -> object:
    return _REQUIRED if field.default is MISSING else field.default


_REQUIRED = object()
_to_tree = _dataclass_writer(Fact)
_from_tree = _dataclass_reader(Fact)
