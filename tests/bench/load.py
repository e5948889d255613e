"""
Load on one listener, from a process of its own: `python load.py < plan.json`.

The plan says where to (`port`, `path`, `method`, `headers`), what (`body`) and which `status` is
expected. In path and body IDENT stands for a number that counts up from `first`, and HOOK-INSTANCE
and NEVER-SEEN for a new id each time. It ends after so many `seconds` or `count` requests, by
`callers` connections; either whoever has an answer asks again (closed loop) or, with a `rate`,
questions are asked on time whether or not answers come, and waiting counts from the time when the
question was due (open loop). `tokens` are used up one by one. Speaks HTTP by hand: a client library
would cost more than what is measured.

Prints requests a second, the median and the 99th percentile in seconds.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from typing import Any, NamedTuple

_TAIL_S = 5.0  # for answers that are still out when time is up
_NO_CONTENT = 204


class Loaded(NamedTuple):
    """What came of a load."""

    per_s: float
    middle_s: float
    late_s: float  # the 99th percentile


def loaded(port: int, path: str, body: str, **plan: Any) -> Loaded:
    """Load from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps({"port": port, "path": path, "body": body} | plan),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Loaded(*json.loads(done.stdout))


class Connection(asyncio.Protocol):
    """One connection, one question at a time."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._got = b""
        self.due = 0.0

    def connection_made(self, transport: Any) -> None:
        """Be ready."""
        self._transport = transport
        self._load.free(self)

    def ask(self, due: float) -> None:
        """Send the next question, which was due at *due*."""
        self.due = due
        self._transport.write(self._load.question())

    def data_received(self, data: bytes) -> None:
        """Take an answer when it is whole."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower().split(b"\r\n")
        status = int(lines[0].split()[1])
        if status != self._load.status:
            message = f"answered {lines[0].decode()}: {body[:500].decode(errors='replace')}"
            raise SystemExit(message)
        if _is_whole(status, lines, body):
            self._got = b""
            self._load.answered(self)


def _is_whole(status: int, lines: list[bytes], body: bytes) -> bool:
    if status == _NO_CONTENT:
        return True
    if b"transfer-encoding: chunked" in lines:
        return body.endswith(b"\r\n0\r\n\r\n")
    return len(body) >= next(int(line[15:]) for line in lines if line[:15] == b"content-length:")


class Load:
    """What is asked, and how long each answer took."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self.status: int = plan.get("status", 200)
        self._path = plan["path"].encode()
        self._body = plan["body"].encode()
        headers = {"Content-Type": "application/json"} | plan.get("headers", {})
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        self._method = plan.get("method", "POST").encode()
        self._tokens = iter(plan.get("tokens", ()))
        self._left: int = plan.get("count", len(plan.get("tokens", ())) or sys.maxsize)
        self._number: int = plan.get("first", 0)
        self._run = time.time_ns() & 0xFFFFFFFFFFFF
        self._free: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._times: list[float] = []
        self._end = 0.0
        self._asked = 0
        self._is_used_up = False

    async def run(self) -> Loaded:
        """Ask until time, count or tokens are up."""
        loop = asyncio.get_running_loop()
        begun = time.perf_counter()
        self._end = begun + self._plan.get("seconds", 120.0)
        for _ in range(self._plan["callers"]):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._plan["port"])
        if "rate" in self._plan:
            await self._on_time(begun)
        while not self._is_over():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        took = time.perf_counter() - begun
        times = sorted(self._times)
        return Loaded(len(times) / took, times[len(times) // 2], times[len(times) * 99 // 100])

    def _is_over(self) -> bool:
        if time.perf_counter() >= self._end:
            return True
        return self._is_used_up and len(self._times) >= self._asked

    async def _on_time(self, begun: float) -> None:
        count = int(self._plan["rate"] * self._plan["seconds"])
        for number in range(count):
            due = begun + number / self._plan["rate"]
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            if self._free:
                self._free.pop().ask(due)
            else:
                self._waiting.append(due)
        last = time.perf_counter() + _TAIL_S
        while len(self._times) < count and time.perf_counter() < last:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        now = time.perf_counter()  # what never came took at least until now
        self._times += [now - due for due in self._waiting]

    def question(self) -> bytes:
        """Give one request as it goes over the wire."""
        number = b"%d" % self._number
        ident = b"%08x-0000-4000-8000-%012x" % (self._number & 0xFFFFFFFF, self._run)
        self._number += 1
        self._asked += 1
        self._left -= 1
        body = self._body.replace(b"HOOK-INSTANCE", ident).replace(b"NEVER-SEEN", ident[::-1])
        body = body.replace(b"IDENT", number)
        token = next(self._tokens, "")
        self._is_used_up = self._left <= 0
        trust = b"Authorization: Bearer %b\r\n" % token.encode() if token else b""
        return (b"%b %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%b%bContent-Length: %d\r\n\r\n%b") % (
            self._method,
            self._path.replace(b"IDENT", number),
            self._plan["port"],
            self._head,
            trust,
            len(body),
            body,
        )

    def free(self, connection: Connection) -> None:
        """Use a connection that has nothing to do."""
        if "rate" in self._plan:
            if self._waiting:
                connection.ask(self._waiting.popleft())
            else:
                self._free.append(connection)
        elif time.perf_counter() < self._end and not self._is_used_up:
            connection.ask(time.perf_counter())

    def answered(self, connection: Connection) -> None:
        """Count an answer."""
        self._times.append(time.perf_counter() - connection.due)
        self.free(connection)


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(Load(json.load(sys.stdin)).run())))
