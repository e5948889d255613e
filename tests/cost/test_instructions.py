"""What the hot paths cost in instructions, against the last count that was agreed to."""

import os
import shutil
import sys

import pytest
from tests.cost import instructions

pytestmark = pytest.mark.cost
MAY_GROW = 1.15
ANEW = "if it has to be so, `make cost-baseline` and say why in the commit"


def test_nothing_takes_more_instructions_than_agreed(capsys):
    if shutil.which("valgrind") is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("valgrind is not on the PATH")

    found = instructions.counted()

    agreed = instructions.baseline()
    with capsys.disabled():
        sys.stdout.write("\n")
        for name, count in found.items():
            known = f"{count / agreed[name]:.3f} of the baseline" if agreed else "no baseline"
            sys.stdout.write(f"{count:>12,} instructions: {name}: {known}\n")
    if agreed is None:
        pytest.skip(f"counted, not compared: no baseline for Python {instructions.this_python()}")
    assert found.keys() == agreed.keys()
    grown = {name: count / agreed[name] for name, count in found.items()}
    assert {name: ratio for name, ratio in grown.items() if ratio > MAY_GROW} == {}, ANEW
