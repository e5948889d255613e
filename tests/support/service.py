"""
The real service as a process of its own: configured by a file, started, killed, asked.

Only what an operator or an EHR could see is looked at: HTTP, the command line, the metrics. The one
exception is the verdict in force, which no listener tells; it is read from the SQLite file.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from tests.support.patience import PATIENCE_S

_START_S = 60.0  # 2 s on a quiet machine
_STOP_S = PATIENCE_S
_COMMAND_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


async def until(
    condition: Callable[[], Any], what: str | Callable[[], str], *, timeout_s: float = PATIENCE_S
) -> Any:
    """
    Ask *condition* again and again until what it gives (or resolves to) is true, and give that.

    Raises:
        AssertionError: it did not come true within *timeout_s*.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if loop.time() > deadline:
            said = what if isinstance(what, str) else what()
            message = f"after {timeout_s:g} s still not so: {said}"
            raise AssertionError(message)
        await asyncio.sleep(0.05)  # what is waited for happens in another process


class Service:
    """One installation: a configuration, a SQLite file, and at most one running process."""

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        base_url: str,
        ehr_url: str,
        webhook_secret: str,
        settings: Mapping[str, Mapping[str, str]] | None = None,
        secret: str = "",
        roles: str = "web,work",
    ) -> None:
        self.source = source
        self.base_url = base_url
        self.secret = secret or secrets.token_urlsafe(24)
        self.roles = roles
        self.log = folder / "marrowd.log"
        self.database = folder / "marrowd.sqlite3"
        self.config = folder / "marrowd.toml"
        self._ehr_url = ehr_url
        self._webhook_secret = webhook_secret
        self._settings = settings or {}
        self._process: Process | None = None
        self.move()

    def move(self) -> None:
        """Take other ports: what still knows the old address reaches nobody."""
        self.port, self.ops_port = _free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.ops_url = f"http://127.0.0.1:{self.ops_port}"
        self.config.write_text(self._toml(), encoding="utf-8")

    async def start(self) -> None:
        """Start the process and wait until both listeners answer."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "marrowd",
                "serve",
                "--config",
                str(self.config),
                "--roles",
                self.roles,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
            )
        await until(self._is_up, "marrowd answers", timeout_s=_START_S)

    async def stop(self) -> int:
        """End it as an orchestrator would (SIGTERM); give its exit code."""
        return await self._end(signal.SIGTERM)

    def hang_up(self) -> None:
        """Send SIGHUP, as one does to a service that shall read its files again."""
        if self._process is None:
            message = "marrowd does not run"
            raise AssertionError(message)
        self._process.send_signal(signal.SIGHUP)

    async def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        await self._end(signal.SIGKILL)

    async def run(self, *words: str) -> Ran:
        """Run `marrowd WORDS --config FILE` to its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "marrowd",
            *words,
            "--config",
            str(self.config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(_COMMAND_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())

    def verdicts(self) -> dict[str, str]:
        """Give the verdict in force for every patient of the source."""
        if not self.database.exists():
            return {}
        with contextlib.closing(
            sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE_S)
        ) as db:
            rows = db.execute(
                "SELECT patient, verdict FROM patient WHERE source = ?", (self.source,)
            )
            return {str(patient): str(verdict) for patient, verdict in rows}

    async def metric(self, name: str, **labels: str) -> float:
        """Give one sample of `/metrics`; 0 when there is none."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{self.ops_url}/metrics") as answer,
        ):
            text = await answer.text()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    async def is_idle(self) -> bool:
        """Say whether nothing waits, neither an event nor a message."""
        return (
            await self.metric("marrowd_inbox_depth") == 0
            and await self.metric("marrowd_outbox_depth") == 0
        )

    def end_of_log(self) -> str:
        """Give the end of its log, for a message of failure."""
        if not self.log.exists():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    async def _is_up(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            message = f"marrowd ended with {self._process.returncode}:\n{self.end_of_log()}"
            raise AssertionError(message)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                async with session.get(f"{self.ops_url}/livez") as alive:
                    is_alive = alive.ok
                if "web" not in self.roles:
                    return is_alive
                async with session.get(f"{self.url}/cds-services") as services:
                    return is_alive and services.status < 500
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _end(self, word: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(word)
        try:
            async with asyncio.timeout(_STOP_S):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            message = f"marrowd did not end within {_STOP_S:g} s:\n{self.end_of_log()}"
            raise AssertionError(message) from None

    def _toml(self) -> str:
        tables: dict[str, dict[str, str]] = {
            "http": {
                "port": str(self.port),
                "ops_port": str(self.ops_port),
                "public_url": f'"{self.url}"',
            },
            "store": {"url": f'"sqlite:///{self.database}"'},
            "[sources]": {
                "name": f'"{self.source}"',
                "base_url": f'"{self.base_url}"',
                "notification_secret": f'"{self.secret}"',
                "sweep_every": '"12h"',  # a test that wants a sweep asks for one
            },
            "[destinations]": {
                "name": '"ehr"',
                "url": f'"{self._ehr_url}"',
                "source": f'"{self.source}"',
                "secret": f'"{self._webhook_secret}"',
            },
            "hooks": {"require_jwt": "false", "budget": '"5s"', "fetch_budget": '"4s"'},
        }
        for table, keys in self._settings.items():
            tables[table] = {**tables.get(table, {}), **keys}
            for key in [key for key in tables[table] if f"{key}_file" in tables[table]]:
                del tables[table][key]
        return "\n".join(
            f"[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
            for table, keys in tables.items()
        )


def _environment() -> dict[str, str]:
    kept = {name: v for name, v in os.environ.items() if not name.startswith("MARROWD_")}
    package = Path(__file__).resolve().parents[2] / "service"
    return {**kept, "PYTHONPATH": str(package), "COLUMNS": "240", "NO_COLOR": "1"}


def _free_ports(count: int) -> list[int]:
    """Ask the system for ports nobody has; it does not hand one out twice in a short while."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
