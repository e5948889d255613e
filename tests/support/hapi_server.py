"""
The real HAPI FHIR server of `tests/hapi/`: built once, started, asked for its count, stopped.

    python -m tests.support.hapi_server build
    python -m tests.support.hapi_server serve --port 8090 --db ./target/hapi-db

Everything it starts listens on loopback, is waited for with a bound and is ended by its own process
id.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROJECT = Path(__file__).resolve().parent.parent / "hapi"
TARGET = PROJECT / "target"
JAR = TARGET / "hapi-server.jar"
ARCHIVE = TARGET / "app.jsa"
STAMP = TARGET / "built.sha256"
JAVA_NEEDED = 17
_BUILD_S = 900.0  # 280 MB come over the network when the local Maven repository is empty
_START_S = 180.0  # 10 s on a quiet machine, 80 s were seen on a busy one
_STOP_S = 90.0  # the first run writes the class archive when it ends
_READY = re.compile(r"^READY (\S+) (\S+)$", re.MULTILINE)


class HapiUnavailable(Exception):
    """HAPI cannot be built or started here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What the server says of its own subscriptions."""

    delivered: int  # notifications that were answered with success
    refused: int  # attempts that were not


def what_is_missing() -> str | None:
    """Say what this machine lacks for HAPI; None when it lacks nothing."""
    if shutil.which("java") is None:
        return f"java {JAVA_NEEDED} is not on the PATH"
    asked = subprocess.run(
        [_program("java"), "-version"], capture_output=True, text=True, check=False, timeout=60
    )
    found = re.search(r'version "(\d+)', asked.stderr)
    if found is None or int(found[1]) < JAVA_NEEDED:
        return f"java is older than {JAVA_NEEDED}"
    if not _is_built() and shutil.which("mvn") is None:
        return "mvn is not on the PATH, and tests/hapi is not built"
    return None


def build() -> float:
    """
    Build `tests/hapi` unless it is built already from the same sources; give the seconds it took.

    Maven is asked to do without the network first.

    Raises:
        HapiUnavailable: with the end of what Maven said.
    """
    started = time.monotonic()
    TARGET.mkdir(exist_ok=True)
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_built():
            for stale in (STAMP, JAR, ARCHIVE):
                stale.unlink(missing_ok=True)
            for folder in ("classes", "lib"):
                shutil.rmtree(TARGET / folder, ignore_errors=True)
            if _maven("--offline") is not None:
                failure = _maven()
                if failure is not None:
                    raise HapiUnavailable(failure)
            STAMP.write_text(_digest())
    return time.monotonic() - started


class HapiServer:
    """One running server; `kill` it to see what a crash loses, `stop` it otherwise."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, archive: Path | None) -> None:
        self.log = log
        self.base_url = ""
        self.version = ""
        self.last_count = Count(delivered=0, refused=0)
        self._process = process
        self._archive = archive

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        port: int = 0,
        db: Path | None = None,
        poll_ms: int = 100,
        options: Sequence[str] = (),
    ) -> Self:
        """
        Start a server and wait until it answers.

        Args:
            folder: where its log goes.
            port: 0 takes a free one.
            db: a file for H2; in memory when not given, and then nothing outlives the process.
            poll_ms: between two passes of the subscription queue (HAPI's default: 5000).
            options: of the Java machine, beside and above those given here.

        Raises:
            HapiUnavailable: it ended or did not answer in time; with the end of its log.
        """
        build()
        if ARCHIVE.exists():
            for leftover in TARGET.glob("app.*.new"):  # of a run that was killed
                leftover.unlink(missing_ok=True)
        archive = None if ARCHIVE.exists() else ARCHIVE.with_suffix(f".{os.getpid()}.new")
        flag = "SharedArchiveFile" if archive is None else "ArchiveClassesAtExit"
        # What was answered is on the disk: by itself H2 writes half a second later.
        kept = "" if db is None else f"jdbc:h2:file:{db.resolve()};WRITE_DELAY=0"
        database = [f"-Dsandbox.db={kept}"] if kept else []
        command = [
            _program("java"),
            "-Xmx512m",  # 600 MB of memory in all, comfortable for thousands of resources
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # starting fast beats running fast here
            "-Xshare:auto",
            "-Xlog:cds=error",  # it warns of every class too old for the archive
            "-Xlog:cds+dynamic=error",
            f"-XX:{flag}={archive or ARCHIVE}",
            f"-Dsandbox.poll={poll_ms}",
            "-Dsandbox.tied=true",
            *database,
            *options,
            "-jar",
            str(JAR),
            str(port),
        ]
        log = Path(tempfile.mkstemp(prefix="hapi-", suffix=".log", dir=folder)[1])
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT
            )
        server = cls(process, log, archive)
        try:
            server._wait_until_ready()
        except BaseException:
            server.kill()
            raise
        return server

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def count(self) -> Count:
        """Ask how many notifications were delivered; the last known figure once it is gone."""
        if self._process.poll() is None:
            url = self.base_url.removesuffix("/fhir") + "/deliveries"
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own URL
                said = json.load(answer)
            self.last_count = Count(delivered=said["delivered"], refused=said["refused"])
        return self.last_count

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self._process.wait()

    def stop(self) -> None:
        """End the server as an operator would; the first run keeps its class archive."""
        with contextlib.suppress(OSError, ValueError):
            self.count()
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return
        self._let_go()
        if self._archive is not None and self._archive.exists():
            self._archive.replace(ARCHIVE)

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._process.kill()
        self._process.wait(_STOP_S)
        self._let_go()
        if self._archive is not None:
            self._archive.unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            if self._process.poll() is not None:
                message = f"HAPI ended with {self._process.returncode}:\n{self._end_of_log()}"
                raise HapiUnavailable(message)
            said = _READY.search(self.log.read_text(encoding="utf-8", errors="replace"))
            if said is None:
                return False
            self.base_url, self.version = said.groups()
            with urllib.request.urlopen(f"{self.base_url}/metadata", timeout=60) as answer:  # noqa: S310
                return bool(answer.status == 200)

        if not _within(_START_S, ready):
            message = f"HAPI was not ready after {_START_S:g} s:\n{self._end_of_log()}"
            raise HapiUnavailable(message)

    def _end_of_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


@contextlib.contextmanager
def running(folder: Path, *, port: int = 0, db: Path | None = None) -> Iterator[HapiServer]:
    """Run a server for as long as the block lasts."""
    server = HapiServer.start(folder, port=port, db=db)
    try:
        yield server
    finally:
        server.stop()


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)  # a process cannot be awaited for a line in its log
    return True


def _is_built() -> bool:
    return JAR.exists() and STAMP.exists() and STAMP.read_text() == _digest()


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted([PROJECT / "pom.xml", *(PROJECT / "src").rglob("*")]):
        if path.is_file():
            digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _maven(*options: str) -> str | None:
    """Run Maven; give the end of what it said when it failed."""
    if shutil.which("mvn") is None:
        return "mvn is not on the PATH"
    command = [_program("mvn"), "--batch-mode", "--quiet", *options, "package"]
    try:
        run = subprocess.run(
            command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_S,
        )
    except subprocess.TimeoutExpired:
        return f"mvn took longer than {_BUILD_S:g} s"
    return None if run.returncode == 0 else f"mvn failed:\n{(run.stdout + run.stderr)[-4000:]}"


def _program(name: str) -> str:
    return shutil.which(name) or name


def main(arguments: Sequence[str]) -> int:
    """Build the server, or run it until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.hapi_server")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build tests/hapi unless it is built")
    serve = commands.add_parser("serve", help="run the server until interrupted")
    serve.add_argument("--port", type=int, default=8090)
    serve.add_argument("--db", type=Path, help="keep the data in this file")
    chosen = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"built in {build():.1f} s\n")
        if chosen.command == "serve":
            with running(Path(tempfile.gettempdir()), port=chosen.port, db=chosen.db) as server:
                sys.stdout.write(f"HAPI FHIR {server.version} at {server.base_url}\n")
                sys.stdout.write(f"log: {server.log}\nCtrl-C stops it\n")
                sys.stdout.flush()
                with contextlib.suppress(KeyboardInterrupt):
                    server.wait()
    except HapiUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
