"""No patient in a log: allow-listed keys, exceptions without messages, no foreign arguments."""

import errno
import json
import logging

import pytest
import structlog

from marrowd.telemetry.logging import configure_logging
from marrowd.telemetry.pseudonyms import Whose
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


def test_what_is_below_the_level_is_not_written(lines):
    configure_logging(as_json=True, level="warning")
    log = structlog.get_logger("marrowd.x")
    log.info("screened")
    log.warning("not_delivered")

    assert [line["event"] for line in lines()] == ["not_delivered"]


@pytest.mark.parametrize("value", ["\ud83d", 2**70], ids=["half-a-pair", "wide"])
def test_a_line_is_written_whatever_it_holds(lines, value):
    configure_logging(as_json=True, level="info")
    structlog.get_logger("marrowd.x").info("screened", reason=value)

    (line,) = lines()
    assert line["reason"] == value


def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch):
    class Full:
        def isatty(self):
            return False

        def write(self, _line):
            raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    configure_logging(as_json=True, level="info")

    structlog.get_logger("marrowd.x").info("screened")


def about(patient, *, source="hospital"):
    return Whose(source=source, patient=f"Patient/{patient}")


def test_lines_of_one_patient_are_found_together_and_name_nobody(lines):
    configure_logging(as_json=True, level="info", patient_key=b"a key of pseudonyms")
    log = structlog.get_logger("marrowd.x")
    for whose in (about(MARKER), about(MARKER), about("other"), about(MARKER, source="clinic")):
        log.info("screened", patient=whose)

    written = lines()
    first, again, *others = (line["patient_key"] for line in written)
    assert first == again
    assert len({first, *others}) == 3
    assert all(len(key) == 32 for key in (first, *others))
    assert MARKER not in json.dumps(written)


def test_another_key_makes_other_pseudonyms(lines):
    for key in (b"one key of pseudonyms", b"another key of them"):
        configure_logging(as_json=True, level="info", patient_key=key)
        structlog.get_logger("marrowd.x").info("screened", patient=about(MARKER))

    first, second = (line["patient_key"] for line in lines())
    assert first != second


def test_without_a_key_no_line_says_whose_it_is(lines):
    configure_logging(as_json=True, level="info")
    structlog.get_logger("marrowd.x").info("screened", patient=about(MARKER))

    (line,) = lines()
    assert set(line) == {"event", "level", "logger", "timestamp"}


@pytest.mark.parametrize("patient", [MARKER, Whose(source="hospital", patient="")])
def test_only_a_named_patient_makes_a_pseudonym(lines, patient):
    configure_logging(as_json=True, level="info", patient_key=b"a key of pseudonyms")
    structlog.get_logger("marrowd.x").info("screened", patient=patient)

    (line,) = lines()
    assert "patient_key" not in line
    assert MARKER not in json.dumps(line)


def test_what_names_a_patient_to_the_log_shows_nothing():
    assert MARKER not in f"{about(MARKER)!r} {about(MARKER)}"
