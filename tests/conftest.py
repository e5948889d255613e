"""Fixtures that every kind of test may ask for."""

import sys

import pytest
from structlog._config import BoundLoggerLazyProxy

pytest_plugins = (
    "tests.support.hapi",
    "tests.support.outcomes",
    "tests.support.postgres",
    "tests.support.workers",
)


@pytest.fixture(autouse=True)
def _loggers_forget_their_configuration():
    """A logger remembers how logging was configured when first used; the next test may differ."""
    yield
    for name, module in list(sys.modules.items()):
        if name.startswith("marrowd"):
            for logger in (vars(module).get("_log"), vars(module).get("log")):
                if isinstance(logger, BoundLoggerLazyProxy):
                    vars(logger).pop("bind", None)
