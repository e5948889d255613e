"""No patient in a log: allow-listed keys, exceptions without messages, no foreign arguments."""

import json
import logging

import pytest
import structlog

from marrowd.telemetry.logging import configure_logging
from marrowd.telemetry.tracing import CURRENT, Span

MARKER = "Marker-Jane-Doe"


@pytest.fixture(autouse=True)
def _as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def lines(capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_allowed_key_is_written(lines):
    configure_logging(as_json=True, level="info")
    structlog.get_logger("marrowd.x").info("screened", verdict="edema_absent")

    (line,) = lines()
    assert line["event"] == "screened"
    assert line["verdict"] == "edema_absent"


def test_an_unlisted_key_leaves_only_its_name(lines):
    configure_logging(as_json=True, level="info")
    structlog.get_logger("marrowd.x").info("screened", patient_name=MARKER)

    (line,) = lines()
    assert line["dropped_keys"] == ["patient_name"]
    assert MARKER not in json.dumps(line)


def test_an_exception_leaves_its_type_and_place_only(lines):
    configure_logging(as_json=True, level="info")
    try:
        raise ValueError(MARKER)
    except ValueError:
        structlog.get_logger("marrowd.x").exception("failed")
        logging.getLogger("foreign").exception("failed")

    for line in lines():
        assert line["exception"].startswith("ValueError at test_logging.py:")
        assert MARKER not in json.dumps(line)


def test_a_foreign_line_loses_its_arguments(lines):
    configure_logging(as_json=True, level="info")
    logging.getLogger("foreign").warning("could not parse %s", MARKER)

    (line,) = lines()
    assert line["event"] == "could not parse %s"
    assert line["logger"] == "foreign"


@pytest.mark.parametrize("is_traced", [True, False])
def test_a_line_says_which_trace_it_belongs_to_where_there_are_traces(lines, is_traced):
    class Traced(Span):
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    configure_logging(as_json=True, level="info", is_traced=is_traced)
    token = CURRENT.set(Traced())
    structlog.get_logger("marrowd.x").info("inside")
    logging.getLogger("foreign").warning("inside")
    CURRENT.reset(token)
    structlog.get_logger("marrowd.x").info("outside")

    traces = [line.get("trace_id") for line in lines()]
    assert traces == [*[Traced.trace_id if is_traced else None] * 2, None]
