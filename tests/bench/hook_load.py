"""
Load on one hook, from a process of its own: `python hook_load.py < plan.json`.

The plan says where to (`port`, `path`), what (`body`, in which HOOK-INSTANCE and NEVER-SEEN stand
for a new id each time), for how many `seconds`, with how many `callers`, and either nothing more
(closed loop: who has an answer asks again) or a `rate` (open loop: asked on time whether or not
answers come, and waiting counts from the time when the question was due). `tokens` are used up one
by one. Speaks HTTP by hand: a client library would cost more than what is measured.

Prints requests a second, the median and the 99th percentile in seconds.
"""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any

import uvloop

_TAIL_S = 5.0  # for answers that are still out when time is up


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
        if b" 200 " not in lines[0] + b" ":
            message = f"answered {lines[0].decode()}"
            raise SystemExit(message)
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        if len(body) >= length:
            self._got = b""
            self._load.answered(self)


class Load:
    """What is asked, and how long each answer took."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._body = plan["body"].encode()
        self._tokens = iter(plan.get("tokens", ()))
        self._count = 0
        self._run = time.time_ns() & 0xFFFFFFFFFFFF
        self._free: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._times: list[float] = []
        self._end = 0.0
        self._out_of_tokens = False

    async def run(self) -> tuple[float, float, float]:
        """Ask until time or tokens are up."""
        loop = asyncio.get_running_loop()
        begun = time.perf_counter()
        self._end = begun + self._plan["seconds"]
        for _ in range(self._plan["callers"]):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._plan["port"])
        if "rate" in self._plan:
            await self._on_time(begun)
        while time.perf_counter() < self._end and not self._out_of_tokens:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        took = time.perf_counter() - begun
        times = sorted(self._times)
        return len(times) / took, times[len(times) // 2], times[len(times) * 99 // 100]

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
        self._count += 1
        ident = b"%08x-0000-4000-8000-%012x" % (self._count, self._run)
        body = self._body.replace(b"HOOK-INSTANCE", ident).replace(b"NEVER-SEEN", ident[::-1])
        token = next(self._tokens, None) if "tokens" in self._plan else None
        self._out_of_tokens |= "tokens" in self._plan and token is None
        trust = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST {self._plan['path']} HTTP/1.1\r\nHost: 127.0.0.1:{self._plan['port']}\r\n"
            f"Content-Type: application/json\r\n{trust}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def free(self, connection: Connection) -> None:
        """Use a connection that has nothing to do."""
        if "rate" in self._plan:
            if self._waiting:
                connection.ask(self._waiting.popleft())
            else:
                self._free.append(connection)
        elif time.perf_counter() < self._end and not self._out_of_tokens:
            connection.ask(time.perf_counter())

    def answered(self, connection: Connection) -> None:
        """Count an answer."""
        self._times.append(time.perf_counter() - connection.due)
        self.free(connection)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(Load(json.load(sys.stdin)).run())))
