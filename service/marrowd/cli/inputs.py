"""
Files to FHIR documents: one JSON document, or NDJSON that is read line by line.

A file is NDJSON when its first line is a document and others follow. A byte-order mark, CRLF and
blank lines are fine; anything that is not UTF-8 JSON makes the whole file unreadable, because half
a file would look like a whole one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from marrowd.errors import BadInput
from marrowd.fhir.json import parse

_BOM = b"\xef\xbb\xbf"


def documents(path: Path) -> Iterator[Any]:
    """
    Walk the documents of a file.

    Raises:
        BadInput: it cannot be opened or is not JSON; the message names the file and, in NDJSON, the
        line.
    """
    try:
        with path.open("rb") as file:
            yield from _documents(file, path)
    except OSError as exc:
        message = f"{path}: {exc.strerror or 'cannot be read'}"
        raise BadInput(message) from None


def _documents(file: IO[bytes], path: Path) -> Iterator[Any]:
    number, first = _next_line(file, 0)
    if not first:
        message = f"{path}: empty"
        raise BadInput(message)
    try:
        document = parse(first, allow_nan=True)
    except BadInput:
        # Not whole in its first line: one document over many lines, or none.
        yield _parsed(first + file.read(), str(path))
        return
    yield document
    while True:
        number, line = _next_line(file, number)
        if not line:
            return
        yield _parsed(line, f"{path}: line {number}")


def _next_line(file: IO[bytes], number: int) -> tuple[int, bytes]:
    """Give the next line that is not blank, with its number; b"" at the end."""
    for line in file:
        number += 1
        if line.removeprefix(_BOM).strip():
            return number, line
    return number, b""


def _parsed(text: bytes, place: str) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return parse(text, allow_nan=True)
    except BadInput as exc:
        message = f"{place}: {exc}"
        raise BadInput(message) from None
