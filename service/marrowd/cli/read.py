"""
`marrowd read`: reports as JSON lines on stdin, what they say of marrow edema on stdout.

The order stays, memory does not grow with the input, and a line that cannot be read stops the run
with its number: what is missing from the output is then known.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from typing import Any, BinaryIO, NamedTuple

from marrowd.cli.exits import Exit
from marrowd.core.reader import Reader, explain, fold
from marrowd.core.reading import Reading, Statement, is_positive
from marrowd.rules.vocabulary import load_vocabulary

_BATCH = 128  # reports for each worker before the output is written
_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}


class _Item(NamedTuple):
    id: Any
    text: str
    title: str


def read_command(workers: int, explain: bool) -> int:  # noqa: FBT001 -- the command's own flags
    """
    Read stdin to its end.

    Args:
        workers: processes that read; 1 reads in this one.
        explain: add the rules behind each finding and each suppressed mention.

    Returns:
        The exit code.

    """
    return _run(sys.stdin.buffer, sys.stdout.buffer, workers=workers, is_explained=explain)


def _run(source: BinaryIO, target: BinaryIO, *, workers: int, is_explained: bool) -> int:
    fault: list[str] = []
    items = _until_bad(source, fault)
    lines = _lines_alone(items, is_explained=is_explained)
    if workers > 1:
        lines = _lines_shared(items, workers, is_explained=is_explained)
    target.writelines(lines)
    target.flush()
    if fault:
        sys.stderr.write(f"marrowd: {fault[0]}\n")
        return Exit.UNREADABLE
    return Exit.FINE


def _lines_alone(items: Iterable[_Item], *, is_explained: bool) -> Iterator[bytes]:
    reader = Reader(load_vocabulary())
    for item in items:
        yield _line(reader, item, is_explained=is_explained)


def _lines_shared(items: Iterator[_Item], workers: int, *, is_explained: bool) -> Iterator[bytes]:
    # one batch after the other, so that no more than a batch is ever held
    with get_context("spawn").Pool(workers, _start_worker, (is_explained,)) as pool:
        while batch := list(islice(items, _BATCH * workers)):
            yield from pool.map(_line_in_worker, batch, chunksize=_BATCH // 4)


_worker: dict[str, Any] = {}


def _start_worker(is_explained: bool) -> None:  # noqa: FBT001 -- Pool passes by position
    _worker.update(reader=Reader(load_vocabulary()), is_explained=is_explained)


def _line_in_worker(item: _Item) -> bytes:
    return _line(_worker["reader"], item, is_explained=_worker["is_explained"])


def _line(reader: Reader, item: _Item, *, is_explained: bool) -> bytes:
    reading = reader.read(item.text, title=item.title)
    record = _record(item, reading)
    if is_explained:
        record["explain"] = [
            {
                "start": entry.start,
                "end": entry.end,
                "text": entry.text,
                "says": entry.says,
                "bones": list(entry.bones),
                "rules": list(entry.rules),
            }
            for entry in explain(reader, item.text, title=item.title)
        ]
        record["highlighted"] = _highlighted(item.text, record["findings"])
    return json.dumps(record).encode() + b"\n"


def _record(item: _Item, reading: Reading) -> dict[str, Any]:
    findings = fold(reading.statements)
    return {
        "id": item.id,
        "language": reading.language,
        "supported": reading.is_supported,
        "reason": reading.reason,
        "report_positive": is_positive(findings),
        "findings": [_finding(finding) for finding in findings],
        "cues": list(reading.cues),
    }


def _finding(finding: Statement) -> dict[str, Any]:
    return {
        "bone": finding.bone,
        "laterality": finding.laterality,
        "certainty": finding.certainty,
        "evidence": finding.evidence,
        "start": finding.start,
        "end": finding.end,
        "section": finding.section,
        "severity": finding.severity,
    }


def _highlighted(text: str, findings: list[dict[str, Any]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted({(f["start"], f["end"]) for f in findings}):
        if start >= at:
            pieces += [text[at:start], ">>>", text[start:end], "<<<"]
            at = end
    return "".join(pieces) + text[at:]


def _until_bad(source: BinaryIO, fault: list[str]) -> Iterator[_Item]:
    """Give the reports of *source* until a bad line, which is described in *fault*."""
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        item = _item(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        if isinstance(item, str):
            fault.append(f"line {number}: {item}")
            return
        yield item


def _item(line: bytes) -> _Item | str:  # noqa: PLR0911 -- one case after the other
    """Read a line, or say what is wrong with it without quoting it."""
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except json.JSONDecodeError as bad:
        return f"not JSON: {bad.msg} at character {bad.pos + 1}"
    except (ValueError, RecursionError):
        return "not JSON that can be read: a number or a nesting without end"
    if not isinstance(record, dict):
        return f"expected an object, found {_KINDS.get(type(record), 'a number or null')}"
    if "id" not in record:
        return "the member `id` is missing"
    text, title = record.get("text"), record.get("title") or ""
    if not isinstance(text, str):
        return f"the member `text` is {'not a string' if 'text' in record else 'missing'}"
    if not isinstance(title, str):
        return "the member `title` is not a string"
    return _Item(record["id"], text, title)
