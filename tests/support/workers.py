"""
How the tests are shared out where several processes run them (`pytest -n 2`, as `make test` does).

A folder of `tests/` goes to one process whole, so that what its tests share (a HAPI FHIR server, a
service, a database) is started once. The folder of the real servers comes first: it takes longest.
"""

from collections.abc import Callable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_FIRST = "integration"
_SAID = pytest.StashKey[list[str]]()


class ByFolder(LoadScopeScheduling):
    """The scheduler."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("/")[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """Take the place of the scheduler that `--dist` names."""
    config.option.loadscopereorder = False
    return ByFolder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest."""
    items.sort(key=lambda item: item.nodeid.split("/")[1] != _FIRST)


@pytest.fixture(scope="session")
def closing_line(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a line at the end of the run: a figure that is worth seeing and not worth asserting."""
    return request.config.stash.setdefault(_SAID, []).append


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what is to be said to the process that says it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["said"] = session.config.stash.get(_SAID, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process wanted said."""
    node.config.stash.setdefault(_SAID, []).extend(
        getattr(node, "workeroutput", {}).get("said", [])
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say it."""
    for line in config.stash.get(_SAID, []):
        terminalreporter.write_line(line)
