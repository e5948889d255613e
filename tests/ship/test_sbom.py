"""The parts list names what an installation holds, each part with its version, and nothing else."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.ship


def locked(name: str) -> set[str]:
    """Give the distributions of a lock file, as `name==version`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {plain(found) for found in re.findall(r"^([\w.-]+==[\w.+!-]+)", text, re.MULTILINE)}


def plain(part: str) -> str:
    """Spell `name==version` in one way, whoever wrote the name."""
    name, _, version = part.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def test_the_parts_list_is_what_the_lock_file_says():
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True, capture_output=True, timeout=600)
    listed = json.loads((ROOT / "build" / "sbom.json").read_text(encoding="utf-8"))
    parts = {plain(f"{part['name']}=={part['version']}") for part in listed["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {plain(re.split(r"[\s<>=!\[;]", each)[0]) for each in project["dependencies"]}

    assert listed["bomFormat"] == "CycloneDX"
    names = {plain(part.partition("==")[0]) for part in parts}
    assert names >= asked
    assert parts <= locked("requirements.lock")
    assert not names & {plain("pip"), plain("hatchling"), plain("pytest")}
