"""
Peers made ready: environments from lock files with hashes, and HAPI's hooks built with Maven.

An environment is made once under `.venv/peers`, or found where BENCH_PEERS says.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.bench.processes import ROOT
from tests.bench.rows import NotMeasured

HERE = Path(__file__).parent / "peers"
_HOOKS = HERE / "hapi-cds-hooks"
_JAR = _HOOKS / "target" / "hapi-cds-hooks.jar"
_BUILD_S = 600.0


def python_of(peer: str) -> str:
    """Give the Python of *peer*'s environment, installed on first use."""
    home = Path(os.environ.get("BENCH_PEERS", ROOT / ".venv" / "peers")) / peer
    python = home / "bin" / "python"
    if not (home / "installed").exists() and not os.environ.get("BENCH_PEERS"):
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        lock = HERE / f"{peer}.lock"
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        locked = ["--no-deps", "--require-hashes", "-r", str(lock)]
        subprocess.run(pip + locked, check=True)
        (home / "installed").touch()
    return str(python)


def hapi_hooks() -> Path:
    """
    Give the jar of `peers/hapi-cds-hooks`, built when its sources are newer.

    Raises:
        NotMeasured: there is no Java or no Maven, or Maven fails.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            message = f"{program} is not on the PATH"
            raise NotMeasured(message)
    sources = [
        _HOOKS / "pom.xml",
        *(path for path in (_HOOKS / "src").rglob("*") if path.is_file()),
    ]
    newest = max(path.stat().st_mtime for path in sources)
    if not _JAR.exists() or _JAR.stat().st_mtime < newest:
        command = ["mvn", "--batch-mode", "--quiet", "package"]
        done = subprocess.run(
            command, cwd=_HOOKS, capture_output=True, text=True, check=False, timeout=_BUILD_S
        )
        if done.returncode != 0:
            message = f"mvn: {(done.stdout + done.stderr)[-2000:]}"
            raise NotMeasured(message)
        _JAR.touch()  # the build writes one and the same time into what it makes
    return _JAR


def size_of(python: str, name: str) -> tuple[int, float]:
    """
    Count what *name* needs to run: distributions, and MB of their files.

    Taken from the metadata of the environment, so that what else lies in it does not count.
    """
    folder = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    found = {canonicalize_name(d.metadata["Name"]): d for d in distributions(path=[folder])}
    wanted: dict[str, set[str]] = {}
    waiting = [Requirement(name)]
    while waiting:
        one = waiting.pop()
        key = canonicalize_name(one.name)
        if key in wanted and one.extras <= wanted[key]:
            continue
        extras = wanted[key] = wanted.get(key, set()) | one.extras
        for text in found[key].requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append(needed)
    files = {
        path
        for key in wanted
        for listed in found[key].files or ()
        if (path := Path(str(listed.locate()))).is_file() and path.suffix != ".pyc"
    }
    return len(wanted), sum(path.stat().st_size for path in files) / 1e6
