"""
The real tools, and what is rendered with them: helm, kube-score, where `make ship-tools` puts them.

A machine without Go cannot have them: the tests are skipped there, and fail where `CI` is set.
"""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "marrowd"
SCENARIOS = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").iterdir())
KUBERNETES = "1.34"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "marrowd-tools"


def tool(name: str) -> str:
    """Give the path of a tool of ours."""
    path = _CACHE / name
    if not path.exists():
        said = f"{name} is not installed: run `make ship-tools` (needs Go)"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    return str(path)


def helm(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run helm as for a cluster of today: one built from source believes in a very old one."""
    command = [tool("helm"), *words, "--kube-version", f"{KUBERNETES}.0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def values_of(scenario: str) -> str:
    """Give the path of a scenario's values."""
    return str(CHART / "ci" / f"{scenario}-values.yaml")


@cache
def text_of(scenario: str, *settings: str) -> str:
    """Render a scenario, changed by `--set` *settings*."""
    changed = [word for setting in settings for word in ("--set", setting)]
    return helm("template", "it", str(CHART), "-f", values_of(scenario), *changed).stdout


def rendered(scenario: str, *settings: str) -> list[dict[str, Any]]:
    """Give the objects of a scenario."""
    return [each for each in yaml.safe_load_all(text_of(scenario, *settings)) if each]


def refused(scenario: str, *settings: str) -> str:
    """Give what helm says to values that it must not take."""
    changed = [word for setting in settings for word in ("--set", setting)]
    done = helm("template", "it", str(CHART), "-f", values_of(scenario), *changed, check=False)
    assert done.returncode != 0
    return done.stderr


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Keep those of one kind."""
    return [each for each in objects if each["kind"] == kind]


def pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the pod of every workload, as its specification."""
    return [o["spec"]["template"]["spec"] for o in objects if o["kind"] in {"Deployment", "Job"}]


def containers(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every container, those that run first included."""
    return [
        c for pod in pods(objects) for c in (*pod["containers"], *pod.get("initContainers", ()))
    ]
