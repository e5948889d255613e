"""Some thousand inputs of coverage-guided fuzzing for every parser of what strangers send."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
from tests.fuzz.seeds import sown
from tests.fuzz.targets import TARGETS
from tests.ship.tools import ROOT

pytestmark = pytest.mark.ship
# A count and a seed, not seconds: what is tried must not hang on how busy the machine is.
_SLOW = ("report", "document", "server", "hook_to_cards", "bearer", "screened", "configuration")
RUNS = dict.fromkeys(_SLOW, 2_000)
RUNS_OF_OTHERS = 20_000


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_but_a_refusal_comes_of_whatever_is_sent(target, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI"):
            pytest.fail("atheris is not installed")
        pytest.skip("atheris is not made for this machine")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz.parsers",
            target,
            str(sown(tmp_path / "corpus")),
            f"-runs={RUNS.get(target, RUNS_OF_OTHERS)}",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-max_len=8192",
            "-seed=1",
            f"-artifact_prefix={tmp_path}/",
        ],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=180,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'service'}:{ROOT}"},
    )

    assert done.returncode == 0, done.stderr[-3000:]
    [runs] = re.findall(r"Done (\d+) runs", done.stderr)
    assert int(runs) >= RUNS.get(target, RUNS_OF_OTHERS)
