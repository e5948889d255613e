"""
JSON text to values and back, with every number exactly as it was written.

A laboratory's "20.0" must not become 20.000000000000001, nor "1e2" another text: thresholds are
compared exactly and the digest that breaks ties between versions is taken over the numbers as
written (rules.md section 1). So a number with a point or an exponent becomes a
`Number`, a Decimal that remembers its text (an integer is its own text; "-0" is 0), and
`canonical` writes that text back. Of a name given twice in one object the last one speaks, as in
every JSON reader that FHIR servers use; RFC 8259 leaves it open.

orjson writes, since it writes the same bytes sooner; it cannot read numbers as they are written.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import sha256
from typing import Any, Final, Self

import orjson

from marrowd.errors import BadInput

# Stands in front of a number's text inside a string while the C encoder runs; taken off afterwards.
# A sender's own string that looks just so comes out as that number: still JSON, and nobody's gain.
_MARK = "\x00#"
_ENCODED_MARK: Final = b'"\\u0000#'
_SORTED: Final = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_MARKED = re.compile(
    rb'"\\u0000#(-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN)"',
)


class TooDeep(BadInput):
    """JSON that is nested more deeply than this process can follow."""


class Number(Decimal):
    """A JSON number: its exact value, and the text it was written as."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Keep any number; one too large for a Decimal is not a number we can use."""
        try:
            number = super().__new__(cls, text)
        except InvalidOperation:
            number = super().__new__(cls, "NaN")
        number.text = text
        return number


def parse(text: bytes | str, *, allow_nan: bool = False) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Parse JSON text (bytes: UTF-8, a byte-order mark is skipped).

    Args:
        text: the whole document.
        allow_nan: take the literals NaN, Infinity and -Infinity, which JSON does not have.

    Raises:
        BadInput: it is not JSON, not UTF-8, or nested too deeply. The message quotes nothing.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        try:
            return _decoder(int, allow_nan=allow_nan).decode(text)
        except ValueError:
            # It may be no more than an integer too long for int(): Number takes any.
            return _decoder(Number, allow_nan=allow_nan).decode(text)
    except UnicodeDecodeError:
        message = "not UTF-8"
    except RecursionError:
        message = "nested too deeply"
        raise TooDeep(message) from None
    except ValueError:
        message = "not JSON"
    raise BadInput(message) from None


@cache  # made once: `json.loads` makes one for each text
def _decoder(whole: type[int | Number], *, allow_nan: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=Number,
        parse_int=whole,
        parse_constant=Number if allow_nan else _refuse,
    )


def canonical(value: object) -> bytes:
    """
    Write *value* as JSON with sorted keys, no blanks and numbers as written (UTF-8).

    Raises:
        BadInput: nested too deeply, or it holds something JSON has no form for.
    """
    try:
        written = orjson.dumps(value, default=_marked, option=_SORTED)
    except orjson.JSONEncodeError:
        # A surrogate, an integer of more than 64 bits, more than 250 levels, or no JSON.
        written = _written(value)
    return _MARKED.sub(rb"\1", written) if _ENCODED_MARK in written else written


def _written(value: object) -> bytes:
    try:
        text = _CANONICAL.encode(value)
    except RecursionError:
        message = "nested too deeply"
        raise BadInput(message) from None
    # A lone surrogate has no UTF-8 form; it stays as three bytes that `parse_canonical` takes back.
    return text.encode("utf-8", "surrogatepass")


def parse_canonical(text: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Take back what `canonical` wrote.

    Raises:
        BadInput: it did not.
    """
    try:
        written = text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        message = "not UTF-8"
        raise BadInput(message) from None
    return parse(written, allow_nan=True)


def digest(resource: object) -> str:
    """Give the SHA-256 of the canonical JSON in hexadecimal: the last tie-break of versions."""
    return digest_of(canonical(resource))


def digest_of(written: bytes) -> str:
    """Give the digest of what `canonical` wrote."""
    return sha256(written).hexdigest()


def glance(text: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse soon rather than exactly: None of what only `parse` can tell, some numbers as float."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _refuse(_literal: str) -> Number:
    raise ValueError


def _marked(value: object) -> str:
    if isinstance(value, Number):
        return _MARK + value.text
    if isinstance(value, Decimal):
        return f"{_MARK}{value}"
    message = f"no JSON form for {type(value).__name__}"
    raise BadInput(message)


# Made once: `json.dumps` makes one for each value, and one is needed for every resource read.
_CANONICAL = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    default=_marked,
    check_circular=False,
)
