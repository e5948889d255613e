"""Every module stands alone, and the house keeps its shape."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import marrowd

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(marrowd.__path__, "marrowd.")
    if "migrations" not in m.name
)
PACKAGE = ROOT / "service" / "marrowd"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_why_it_exists(name):
    assert (importlib.import_module(name).__doc__ or "").strip()


def test_every_module_can_be_imported_first():
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    for loaded in [m for m in sys.modules if m.startswith('marrowd')]:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
    )
    names = MODULES
    done = subprocess.run(
        [sys.executable, "-c", script, *names],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "service"), "PATH": ""},
    )

    assert done.returncode == 0, done.stderr


def test_no_drawers():
    drawers = {"utils", "common", "helpers", "base", "misc"}

    assert not [p for p in PACKAGE.rglob("*.py") if p.stem in drawers]


def test_modules_stay_small():
    lengths = {p: len(p.read_text().splitlines()) for p in PACKAGE.rglob("*.py")}

    assert not {str(p): n for p, n in lengths.items() if n > 500}


def test_no_address_of_a_registry_is_committed():
    locks = sorted(ROOT.glob("requirements*.lock"))

    assert len(locks) == 3
    assert not [p for p in locks if "://" in p.read_text()]
