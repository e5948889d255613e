"""Where several processes run the tests, one has a folder whole, and what each says is heard."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = """
import os
import pytest

@pytest.mark.parametrize("case", range(5))
def test_case(case, closing_line):
    closing_line(f"{__name__} ran in {os.getpid()}")
"""


def test_a_folder_goes_to_one_process_and_what_is_said_there_is_heard(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.support.workers",)\n')
    for folder in ("contract", "integration", "unit"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        for number in (1, 2):
            path = tmp_path / "tests" / folder / f"test_{folder}_{number}.py"
            path.write_text(CASES, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "xdist", "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.split(" ran in ") for line in done.stdout.splitlines() if " ran in " in line]
    assert len(said) == 30
    ran_in = {
        folder: {pid for name, pid in said if folder in name}
        for folder in ("contract", "integration", "unit")
    }
    assert [len(pids) for pids in ran_in.values()] == [1, 1, 1]
    assert len(set.union(*ran_in.values())) == 2
