"""The tools these tests need: where one is missing the test is skipped; in CI it fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yaml"))
_SECONDS = 60


def tool(name: str) -> str:
    """Give the path of a command."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed (Debian: prometheus, chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def promtool(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run promtool."""
    return subprocess.run(
        [tool("promtool"), *words], input=given, capture_output=True, timeout=_SECONDS, check=False
    )
