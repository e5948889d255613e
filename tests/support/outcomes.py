"""
What came of the tests of this session, for a test that speaks of others and need not run them anew.

Only what is sure is told: a test counts as run when its file was collected without a choice among
its cases, and every case of it has ended in this process. With `-k`, `--lf`, a node id, one file
of many or a worker of several that does not hold, and whoever asks has to run the test itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest


class Outcomes:
    """Hooks that listen, and what they have heard."""

    def __init__(self, *, has_choice: bool) -> None:
        self._has_choice = has_choice
        self._cases: defaultdict[tuple[Path, str], list[str]] = defaultdict(list)
        self._said: defaultdict[str, set[str]] = defaultdict(set)
        self._ended: set[str] = set()

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note a case, whether or not it is deselected later."""
        self._cases[item.path, item.name.partition("[")[0]].append(item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put those that speak of others behind all others."""
        items.sort(key=lambda item: item.get_closest_marker("afterwards") is not None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a phase of a case came to."""
        if report.skipped:
            self._said[report.nodeid].add("skipped")
        elif report.failed:
            self._said[report.nodeid].add("failure" if report.when == "call" else "error")
        if report.when == "teardown":
            self._ended.add(report.nodeid)

    def of(self, path: Path, name: str) -> Sequence[str] | None:
        """
        Say what came of every case of a test, in order; None unless all of them have run here.

        Words are those of JUnit: passed, failure, error, skipped.
        """
        cases = self._cases[path, name]
        if self._has_choice or not cases or not self._ended.issuperset(cases):
            return None
        return [next(iter(sorted(self._said[case])), "passed") for case in cases]


OUTCOMES = pytest.StashKey[Outcomes]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen."""
    has_choice = config.getoption("lf", default=False) or any("::" in arg for arg in config.args)
    outcomes = config.stash[OUTCOMES] = Outcomes(has_choice=has_choice)
    config.pluginmanager.register(outcomes)
