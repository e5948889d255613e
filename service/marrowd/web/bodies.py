"""
The JSON body of a call: its media type, its size, and JSON so strict that nothing breaks later.

Two parsers look at a body. orjson is quick and refuses what JSON does not have: NaN, half a
surrogate pair, bytes that are not UTF-8, nesting beyond 1,024. The exact one keeps numbers as they
were written, which thresholds and the order of versions need, and refuses a name given twice: two
readers could then understand two different things. A number that no double can hold is JSON, which
orjson cannot read: the exact one decides there, and it is unreadable as a value, no more.

orjson holds the interpreter to its end, on whatever thread: 35 ms for 4 MB of results. So it never
sees a large body. The exact one calls back for each object and each number and lets go there, after
0.3 ms at most; it runs on a thread, refuses the same, and what it made is taken apart there too,
since freeing it at once would take 15 ms. One long text or one long list of texts is still a step
of its own: 3 and 20 ms for 5 MB.
"""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

import orjson
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from marrowd.errors import BadInput
from marrowd.fhir.json import Number, parse
from marrowd.web.answers import refusal

_SOON = 200_000  # bytes; orjson looks at this much in well under 5 ms
ON_LOOP = 100_000  # bytes; orjson reads this much in well under 1 ms
ARRIVES_WITHIN_S = 10.0  # from the head on; the largest body allowed takes a second at 100 Mbit/s
_JSON = "application/json"
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_CODINGS = frozenset({"", "identity", "gzip", "deflate"})  # what aiohttp can undo, within its limit
# Digits enough, or an exponent: a number that no double can hold has one of them.
_BEYOND = re.compile(rb"[0-9]{200}|[eE]\+?[0-9]{3}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a surrogate pair, escaped


class _NameGivenTwice(ValueError):
    """An object has two members of one name."""


async def json_bytes(request: web.Request) -> bytes:
    """
    Read the body of *request*, which says that it is JSON.

    Raises:
        HTTPException: 415, 413 or 400, with an OperationOutcome.
    """
    _check_headers(request)
    return await received(request)


def json_bytes_at_hand(request: web.Request) -> bytes | None:
    """
    Give the body of *request* where it has arrived, as nearly always; None when it has not.

    Raises:
        HTTPException: 415, with an OperationOutcome.
    """
    _check_headers(request)
    return _at_hand(request)


def _check_headers(request: web.Request) -> None:
    headers = request.headers
    if headers.get(hdrs.CONTENT_TYPE) != _JSON and not _is_json(request):
        raise refusal(415, "Content-Type: expected application/json in UTF-8")
    if headers.get(hdrs.CONTENT_ENCODING, "").lower() not in _CODINGS:
        raise refusal(415, "Content-Encoding: expected gzip, deflate or none")


async def received(request: web.Request) -> bytes:
    """
    Give the body of *request* once it has arrived.

    Raises:
        HTTPException: 413; 400 when it cannot be decompressed; 408 when it does not come in time,
            which is also what becomes of one whose later chunks are broken.
    """
    if (body := _at_hand(request)) is not None:
        return body
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await request.read()
    except TimeoutError:
        raise refusal(408, "body: did not arrive in time") from None
    except (HttpProcessingError, web.RequestPayloadError):
        raise refusal(400, "body: cannot be decompressed or is cut short") from None


def _at_hand(request: web.Request) -> bytes | None:
    content = request.content
    is_whole = content.is_eof() and content.exception() is None
    if is_whole and content.total_bytes <= request.client_max_size:
        return content.read_nowait()
    return None


async def quick(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Parse *body* without holding up the loop; numbers of a large one are as written.

    Raises:
        HTTPException: 400, with an OperationOutcome.
    """
    if len(body) > ON_LOOP:
        return await asyncio.to_thread(_yielding, body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        if _BEYOND.search(body) is None:
            raise _no_json(exc) from None
    return await asyncio.to_thread(_yielding, body)


async def loosely(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Parse *body* for a look at it; of a name given twice the last one speaks.

    Raises:
        HTTPException: 400, with an OperationOutcome.
    """
    try:
        if len(body) > _SOON:
            return await asyncio.to_thread(orjson.loads, body)
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        if _BEYOND.search(body) is None:
            raise _no_json(exc) from None
    return await asyncio.to_thread(_yielding, body, parse)


def _no_json(error: orjson.JSONDecodeError) -> web.HTTPException:
    return refusal(400, f"body: not JSON at line {error.lineno}, column {error.colno}")


async def free(value: object) -> None:
    """Free what a large body was parsed to; nobody may need it any more."""
    await asyncio.to_thread(_take_apart, value)


def _take_apart(value: object) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
            each.clear()
        elif isinstance(each, list):
            waiting += each
            each.clear()


def _yielding(body: bytes, reader: Callable[[str], Any] | None = None) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse *body* exactly, or by *reader*, and refuse besides what only orjson would."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise refusal(400, "body: not UTF-8") from None
    try:
        value = exact(text) if reader is None else reader(text)
    except BadInput:
        raise refusal(400, "body: not JSON") from None
    if _HALF.search(body) is not None and not _is_unicode(value):
        raise refusal(400, "body: half a surrogate pair")
    return value


def _is_unicode(value: object) -> bool:
    """Say whether all texts in *value* can be written again; as deep as the parser has been."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            try:
                each.encode()
            except UnicodeEncodeError:
                return False
    return True


def exact(body: bytes | str) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Parse *body*, which is well-formed Unicode, with every number as it was written.

    Raises:
        HTTPException: 400, for a name given twice or nesting that the stack cannot bear.
    """
    try:
        return json.loads(
            body,
            parse_float=Number,
            parse_int=Number,
            parse_constant=_refuse,
            object_pairs_hook=_once_each,
        )
    except _NameGivenTwice:
        raise refusal(400, "body: an object has two members of one name") from None
    except RecursionError:
        raise refusal(400, "body: nested too deeply") from None
    except ValueError:
        raise refusal(400, "body: not JSON") from None


def _is_json(request: web.Request) -> bool:
    kind = request.content_type
    if request.headers.get(hdrs.CONTENT_TYPE) is None:
        return False
    is_json = kind == _JSON or (kind.startswith("application/") and kind.endswith("+json"))
    return is_json and (request.charset or "utf-8").lower() in _UTF_8


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NameGivenTwice
    return members


def _refuse(_literal: str) -> NoReturn:
    raise ValueError
