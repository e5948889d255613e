"""
The process in which documents from elsewhere are opened: nothing but parsers, and strict limits.

It gets a document on its standard input, answers with its text or the reason why there is none, and
waits for the next. It has no secrets (an empty environment), no network to speak of, leaves no core
dump with a patient in it, and says nothing on its standard error, since parsers quote what they
cannot read.

    in   content type's length, data's length (4 bytes each), content type, data
    out  once, when it is ready: READY
    out  TEXT or UNREADABLE, length (4 bytes), the text or the reason in UTF-8
"""

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from marrowd.errors import UnreadableResource
from marrowd.fhir import reasons, texts

ASKED: Final = struct.Struct(">II")
ANSWERED: Final = struct.Struct(">cI")
READY: Final = b"R"
TEXT: Final = b"T"
UNREADABLE: Final = b"U"


def main() -> None:
    """Serve until the other side closes: `python -c ... MEMORY_BYTES CPU_SECONDS`."""
    memory, cpu_s = int(sys.argv[1]), int(sys.argv[2])
    asked, answered = _own_pipes()
    _limit_memory(memory)
    answered.write(READY)
    answered.flush()
    while len(head := asked.read(ASKED.size)) == ASKED.size:
        type_size, data_size = ASKED.unpack(head)
        content_type = asked.read(type_size).decode("utf-8", "replace")
        data = asked.read(data_size)
        _limit_time(cpu_s)
        mark, said = _answer(data, content_type)
        answered.write(ANSWERED.pack(mark, len(said)) + said)
        answered.flush()


def _answer(data: bytes, content_type: str) -> tuple[bytes, bytes]:
    try:
        return TEXT, texts.text_of(data, content_type).encode()
    except UnreadableResource as unreadable:
        return UNREADABLE, unreadable.reason.encode()
    except Exception:  # noqa: BLE001 - a parser fed by strangers: whatever it raises means "broken"
        return UNREADABLE, reasons.BROKEN.encode()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the standard streams away from everybody else: a parser may print."""
    asked = os.fdopen(os.dup(0), "rb")
    answered = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return asked, answered


def _limit_memory(memory: int) -> None:
    if sys.platform == "win32":
        return  # no such limits there; the wall clock still ends it
    import resource  # noqa: PLC0415 - Unix only

    with suppress(OSError):  # Linux: where memory runs short, this goes before the service does
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit_time(cpu_s: int) -> None:
    """Give the next document its own share: the limit counts from the start of the process."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
