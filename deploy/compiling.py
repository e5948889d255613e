"""
Compiles the report reader into a wheel with mypyc; why, and what it takes, is ADR 16.

A hook of hatchling that HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 turns on (`make compiled`). Without it
nothing here is loaded, and the wheel is pure Python.
"""

import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from mypyc.build import mypycify
from setuptools import Distribution
from setuptools.command.build_ext import build_ext

# What a `Reader` is pickled with stays as it is written: objects of compiled classes cannot be.
_AS_WRITTEN = frozenset({"__init__.py", "read.py", "vocabulary.py", "words.py"})


class Compiling(BuildHookInterface[Any]):
    """Puts the compiled modules beside their sources, which tracebacks quote."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's
        """Compile; the wheel is then one for this Python on this machine."""
        made = Path(self.root, "build", "mypyc")
        libraries = made / "lib"
        shutil.rmtree(libraries, ignore_errors=True)
        _compile(Path(self.root, "service"), made)
        build_data["force_include"].update(
            {str(path): str(path.relative_to(libraries)) for path in libraries.rglob("*.*")}
        )
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def _compile(service: Path, made: Path) -> None:
    with chdir(service):
        modules = [
            str(path)
            for path in sorted(Path("marrowd/core/reader").glob("*.py"))
            if path.name not in _AS_WRITTEN
        ]
        flags = ["--strict", "--config-file=", f"--cache-dir={made / 'types'}"]
        extensions = mypycify(
            [*flags, *modules],
            debug_level="0",
            group_name="marrowd_reader",
            target_dir=str(made / "c"),
        )
        command = build_ext(Distribution({"ext_modules": extensions}))
        command.build_lib, command.build_temp = str(made / "lib"), str(made / "objects")
        command.ensure_finalized()
        command.run()
