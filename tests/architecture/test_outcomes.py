"""A test that speaks of others is told what came of them, and never half of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    "conftest.py": 'pytest_plugins = ("tests.support.outcomes",)\n',
    "test_a_speaker.py": """
import json
from pathlib import Path
import pytest
from tests.support.outcomes import OUTCOMES

@pytest.mark.afterwards
def test_speaks(request):
    of = request.config.stash[OUTCOMES].of
    path = Path(__file__).with_name("test_listed.py")
    names = ["test_half", "test_whole", "test_left_out", "test_torn_down", "test_gone"]
    Path("told.json").write_text(json.dumps({name: of(path, name) for name in names}))
    raise AssertionError  # so that `--lf` runs it again
""",
    "test_listed.py": """
import pytest

@pytest.fixture
def torn():
    yield
    raise RuntimeError

@pytest.mark.parametrize("case", [0, 1])
def test_half(case):
    assert case

def test_whole():
    pass

@pytest.mark.skip
def test_left_out():
    pass

def test_torn_down(torn):
    pass
""",
}
NONE_OF_IT = dict.fromkeys(
    ["test_half", "test_whole", "test_left_out", "test_torn_down", "test_gone"]
)
ALL_OF_IT = {
    "test_half": ["failure", "passed"],
    "test_whole": ["passed"],
    "test_left_out": ["skipped"],
    "test_torn_down": ["error"],
    "test_gone": None,
}


def told(folder, *arguments):
    """Run the files in *folder* by pytest, and give what the one that speaks was told."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  afterwards: as in this project\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=folder,
        # Without plugins that are of no use here: to load them takes ten times as long.
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (folder / "told.json").exists(), done.stdout + done.stderr
    return json.loads((folder / "told.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("arguments", [[], ["-p", "no:cacheprovider"]], ids=["plain", "no cache"])
def test_all_is_told_of_what_has_run_whole(tmp_path, arguments):
    assert told(tmp_path, *arguments) == ALL_OF_IT


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        pytest.param(["test_a_speaker.py"], NONE_OF_IT, id="one file of several"),
        pytest.param(
            ["test_a_speaker.py", "test_listed.py::test_half[1]"], NONE_OF_IT, id="one case"
        ),
        pytest.param(
            ["-k", "speaks or whole or half and 1"],
            NONE_OF_IT | {"test_whole": ["passed"]},
            id="chosen by keyword",
        ),
        pytest.param(
            ["--deselect", "test_listed.py::test_half[0]"],
            ALL_OF_IT | {"test_half": None},
            id="one case less",
        ),
    ],
)
def test_nothing_is_told_of_what_has_not(tmp_path, arguments, known):
    assert told(tmp_path, *arguments) == known


def test_nothing_is_told_where_only_what_failed_is_run_again(tmp_path):
    told(tmp_path)

    assert told(tmp_path, "--lf") == NONE_OF_IT
