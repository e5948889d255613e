"""Processes that a benchmark starts: waited for with a bound, looked at, ended by their own id."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.rows import NotMeasured

ROOT = Path(__file__).parents[2]
_START_S = 120.0
_STOP_S = 30.0


@contextmanager
def started(
    command: Sequence[str], *, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run *command* while the block lasts; what it says of errors goes to *log*."""
    with (
        log.open("ab") as said,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment() | (variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def environment() -> dict[str, str]:
    """Give the variables of a process that finds the package and these modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARROWD_")}
    return kept | {"PYTHONPATH": f"{ROOT / 'service'}:{ROOT}", "NO_COLOR": "1"}


def port_of(process: "subprocess.Popen[str]", log: Path) -> int:
    """Read the port that a process prints once it listens."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.isdecimal():
        message = f"{_name(process)} did not start:\n{_end_of(log)}"
        raise NotMeasured(message)
    return int(line)


def until_answered(
    url: str, process: "subprocess.Popen[str]", log: Path, *, step_s: float = 0.02
) -> None:
    """Wait until *url* is answered with 200."""

    def is_answered() -> bool:
        if process.poll() is not None:
            message = f"{_name(process)} ended:\n{_end_of(log)}"
            raise NotMeasured(message)
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    until(is_answered, f"{_name(process)} answers", step_s=step_s)


def until(
    condition: Callable[[], bool], what: str, *, step_s: float = 0.05, within_s: float = _START_S
) -> None:
    """Ask again and again until *condition* holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            message = f"after {within_s:g} s still not so: {what}"
            raise NotMeasured(message)
        time.sleep(step_s)  # what is waited for happens in another process


def free_port() -> int:
    """Ask the system for a port nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rss_mb(pid: int) -> float:
    """Give the memory of a process and of all that it started, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kib = sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return kib / 1024 + sum(rss_mb(int(child)) for child in children)


def _name(process: "subprocess.Popen[str]") -> str:
    return " ".join(str(word) for word in process.args[:4]) if process.args else "a process"


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]
