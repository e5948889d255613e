"""
Documents opened in a process of their own, so that none can hurt the service.

PDF, RTF and HTML come from strangers and end in parsers with a history of faults. One child opens
them one after the other; it is started when the first arrives, replaced when it dies, and killed
when it takes too long. Plain text needs no parser and stays here.

    no child --(document)--> working --(answer)--> idle --(document)--> working
        ^                       |                    |
        '--(died, killed at the time limit)----------'--(after some hundred documents)

What becomes of a document whose child ends: out of time, out of memory or crashed: `broken`. Killed
by somebody else (an operator, the system short of memory): tried once more with a new child, then
`broken` too, because by then the document is the likelier cause.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Final

import structlog

from marrowd.errors import Unavailable, UnreadableResource
from marrowd.fhir import reasons
from marrowd.fhir.parsing_child import ANSWERED, ASKED, READY, TEXT, UNREADABLE
from marrowd.fhir.texts import MAX_CHARACTERS, Form, form_of, text_of

CODE: Final = "from marrowd.fhir.parsing_child import main; main()"
_KILLED = frozenset({-signal.SIGTERM, -9, -signal.SIGINT})  # 9: SIGKILL, which Windows lacks
_REASONS = frozenset({reasons.BROKEN, reasons.SCAN, reasons.NO_TEXT, reasons.TYPE})
_LONGEST = 4 * MAX_CHARACTERS  # bytes of UTF-8
_TRIES = 2
_SIGXCPU = 24  # of Linux and macOS; Windows has none

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsingLimits:
    """What one document may cost."""

    wall_s: float = 10.0  # a scanned report of 200 pages takes 1-2 s
    cpu_s: int = 8
    memory: int = 512 * 1024 * 1024  # bytes of address space; a child at rest has about 60 MB
    documents: int = 500  # after so many a new child, because parsers leak


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """The child ended before it answered."""

    code: int
    is_late: bool
    is_by_others: bool  # killed, and not by us


class _Child:
    """One process; used by one thread at a time, but may be killed by any."""

    def __init__(self, limits: ParsingLimits, code: str) -> None:
        self._wall_s = limits.wall_s
        self.served = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-P", "-B", "-c", code, str(limits.memory), str(limits.cpu_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # secrets stay here
            start_new_session=True,  # Ctrl-C in a terminal is for the service, which drains first
        )
        self._in: IO[bytes] = self._process.stdin  # type: ignore[assignment]  # as PIPE says
        self._out: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        self._is_late = threading.Event()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def is_ready(self) -> bool:
        """Wait until it can serve; False when it ended instead."""
        with self._timed():
            return self._out.read(1) == READY

    def answer(self, data: bytes, content_type: str) -> tuple[bytes, bytes] | _Ended:
        """Hand a document over and wait for what is said of it."""
        self.served += 1
        kind = content_type.encode("utf-8", "replace")
        with self._timed(), suppress(OSError):  # a pipe nobody holds: told below
            self._in.write(ASKED.pack(len(kind), len(data)) + kind)
            self._in.write(data)
            self._in.flush()
            head = self._out.read(ANSWERED.size)
            if len(head) == ANSWERED.size:
                mark, size = ANSWERED.unpack(head)
                said = self._out.read(size) if size <= _LONGEST else b""
                if len(said) == size and not self._is_late.is_set():
                    return mark, said
        return self.end()

    def kill(self) -> None:
        """Let whoever waits for it find it ended."""
        self._process.kill()

    def end(self) -> _Ended:
        """See it off, and say how it ended."""
        with suppress(OSError):
            self._in.close()
        try:
            code = self._process.wait(timeout=1.0)  # an idle one goes by itself, a dead one has
            is_by_others = code in _KILLED and not self._is_late.is_set()
        except subprocess.TimeoutExpired:
            self._process.kill()
            code, is_by_others = self._process.wait(), False
        self._out.close()
        return _Ended(code=code, is_late=self._is_late.is_set(), is_by_others=is_by_others)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Kill it when the block takes too long; no event loop is needed, readers are threads."""
        timer = threading.Timer(self._wall_s, self._late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _late(self) -> None:
        self._is_late.set()
        self._process.kill()


class ParsingProcess:
    """Opens documents in a child; safe to use from several threads, which take turns."""

    def __init__(self, limits: ParsingLimits = ParsingLimits(), *, code: str = CODE) -> None:
        """
        Start nothing yet: many installations never meet a document.

        Args:
            limits: of one document.
            code: what the child runs.
        """
        self._limits = limits
        self._code = code
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False

    def text_of(self, data: bytes, content_type: str) -> str:
        """
        Give the text of a document, as `texts.text_of` does.

        Raises:
            UnreadableResource: likewise; `broken` also for what exceeds a limit.
            Unavailable: no child can be started, or this one was closed.
        """
        if form_of(data, content_type) is Form.PLAIN:
            return text_of(data, content_type)
        with self._turn:
            mark, said = self._answer(data, content_type)
        if mark == TEXT:
            return said.decode()
        reason = said.decode("ascii", "replace")
        place = "attachment"
        raise UnreadableResource(reason if reason in _REASONS else reasons.BROKEN, place)

    def close(self) -> None:
        """End the child, in the middle of a document if need be."""
        self._is_closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._turn:
            if self._child is not None:
                self._child.end()
                self._child = None

    def _answer(self, data: bytes, content_type: str) -> tuple[bytes, bytes]:
        for _ in range(_TRIES):
            answer = self._ready().answer(data, content_type)
            if not isinstance(answer, _Ended):
                return answer
            self._child = None
            _log.warning("parser_ended", reason=_how(answer))
            if not answer.is_by_others:
                break
        return UNREADABLE, reasons.BROKEN.encode()

    def _ready(self) -> _Child:
        """Give a child that waits for a document."""
        child = self._child
        if child is not None and (not child.is_alive or child.served >= self._limits.documents):
            self._child = None
            child.end()
        if self._child is None:
            self._child = self._started()
        return self._child

    def _started(self) -> _Child:
        message = "the process that opens documents cannot be started"
        if self._is_closed:
            raise Unavailable(message)
        try:
            child = _Child(self._limits, self._code)
        except OSError:
            raise Unavailable(message) from None
        if not child.is_ready():
            child.end()
            raise Unavailable(message)
        return child


def _how(ended: _Ended) -> str:
    if ended.is_by_others:
        return "killed"
    if ended.is_late:
        return "time"
    return "cpu" if ended.code == -_SIGXCPU else "ended"
