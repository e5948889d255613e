"""
Files to FHIR documents: one JSON document, or NDJSON that is read line by line.

A file is NDJSON when its first line is a document and others follow. A byte-order mark, CRLF and
blank lines are fine; anything that is not UTF-8 JSON makes the whole file unreadable, because half
a file would look like a whole one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from marrowd.errors import BadInput
from marrowd.fhir.json import glance, parse

_BOM = b"\xef\xbb\xbf"
_STRETCH = 256 * 1024  # bytes of NDJSON that are read at once, and the rest of the last line


class Stretch(NamedTuple):
    """A part of a file that can be read by itself."""

    place: str  # the file
    text: bytes
    first: int | None  # number of its first line; None: it is one document, not lines


def stretches(path: Path) -> Iterator[Stretch]:
    """
    Walk a file: NDJSON some lines at a time, one document as a whole.

    Raises:
        BadInput: it cannot be opened or is empty; the message names the file.
    """
    try:
        with path.open("rb") as file:
            yield from _stretches(file, str(path))
    except OSError as exc:
        message = f"{path}: {exc.strerror or 'cannot be read'}"
        raise BadInput(message) from None


def documents(
    stretch: Stretch, *, is_inexact_enough: Callable[[object], bool]
) -> Iterator[tuple[str, Any]]:
    """
    Walk the documents of a stretch, each with its place: the file and, in NDJSON, the line.

    Args:
        stretch: of a file.
        is_inexact_enough: whether the numbers of a document do not matter: most of a hospital's
            export is of no interest here, and can be looked at in a sixth of the time.

    Raises:
        BadInput: it is not JSON; the message names the file and, in NDJSON, the line.
    """
    if stretch.first is None:
        yield stretch.place, _parsed(stretch.text, stretch.place)
        return
    for number, line in enumerate(stretch.text.split(b"\n"), stretch.first):
        if not _is_blank(line):
            place = f"{stretch.place}: line {number}"
            seen = glance(line)
            yield place, seen if is_inexact_enough(seen) else _parsed(line, place)


def _stretches(file: IO[bytes], place: str) -> Iterator[Stretch]:
    number, text = 1, file.readline()
    while text and _is_blank(text):
        number, text = number + 1, file.readline()
    if not text:
        message = f"{place}: empty"
        raise BadInput(message)
    if not _is_document(text):
        # Not whole in its first line: one document over many lines, or none.
        yield Stretch(place=place, text=text + file.read(), first=None)
        return
    while text := text + file.read(_STRETCH) + file.readline():
        yield Stretch(place=place, text=text, first=number)
        number, text = number + text.count(b"\n"), b""


def _is_blank(line: bytes) -> bool:
    return not line.removeprefix(_BOM).strip()


def _is_document(line: bytes) -> bool:
    if glance(line) is not None:
        return True
    try:
        parse(line, allow_nan=True)
    except BadInput:
        return False
    return True


def _parsed(text: bytes, place: str) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return parse(text, allow_nan=True)
    except BadInput as exc:
        message = f"{place}: {exc}"
        raise BadInput(message) from None
