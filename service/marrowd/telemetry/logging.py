"""
Logs without patients: an allow-list of keys, one formatter for our own and for foreign loggers.

A key that is not on the list is dropped and only its name is reported: a new key is a decision,
made here. Foreign log records keep their logger, level and message template, never their arguments.
"""

import contextlib
import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson
import structlog

from marrowd.telemetry.crashing import places_of
from marrowd.telemetry.pseudonyms import Whose, pseudonym
from marrowd.telemetry.tracing import CURRENT

ALLOWED_KEYS = frozenset(
    {
        # set by the pipeline itself
        "event", "level", "timestamp", "logger", "dropped_keys", "exception",
        # what happened where
        "source", "destination", "kind", "resource", "reason", "verdict", "outcome", "state",
        "service", "status", "method", "route", "role", "worker", "dependency", "error", "place",
        "operation", "rules", "version", "policy", "host", "port", "ops_port", "hint",
        # counts, times, ids of our own making
        "attempts", "count", "recovered", "duration_s", "retry_after_s", "event_id", "message_id",
        "request_id", "card", "sequence", "subscription", "patient_key", "pending",
        "since", "until", "trace_id",
    }
)  # fmt: skip


def configure_logging(
    *, as_json: bool, level: str, is_traced: bool = False, patient_key: bytes = b""
) -> None:
    """
    Send every log line, ours and others', to stderr in one shape.

    Args:
        as_json: one JSON object a line (production), else aligned text (a terminal).
        level: the least level written: debug, info, warning or error.
        is_traced: whether lines say which trace they belong to.
        patient_key: makes pseudonyms of patients; without one no line says whose it is.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_of_exception,
        *([_trace] if is_traced else []),
        _pseudonyms(patient_key),
        keep_allowed,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_as_json)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_arguments)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Of others only what is wrong: their news is not this service's.
    root.setLevel(max(logging.WARNING, least))
    # aiohttp's access log holds paths, and paths hold ids of patients: our own line replaces it.
    logging.getLogger("aiohttp.access").disabled = True


class _Lines:
    """Writes finished lines; by way of Python's own loggers each would take three times as long."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: str) -> None:
        # A disk that is full or a reader that is gone is no reason to answer nobody.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = write


def _as_json(line: Any, default: Callable[[Any], Any]) -> str:  # noqa: ANN401 - structlog's call
    try:
        return orjson.dumps(line, default=default).decode()
    except TypeError:  # half a surrogate pair, a number beyond 64 bits
        return json.dumps(line, default=default)


def keep_allowed(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop every key that is not on the list; say which."""
    unknown = sorted(k for k in event if k not in ALLOWED_KEYS and not k.startswith("_"))
    for key in unknown:
        del event[key]
    if unknown:
        event["dropped_keys"] = unknown
    return event


def _without_arguments(record: logging.LogRecord) -> bool:
    """
    Drop a foreign record's arguments, and of its message all but the first line.

    Libraries put URLs and payloads there; asyncio appends the task, and with it what it raised.
    """
    record.args = ()
    if isinstance(record.msg, str):
        record.msg = record.msg.partition("\n")[0]
    return True


def _trace(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say which trace the line belongs to."""
    if (trace_id := CURRENT.get().trace_id) is not None:
        event["trace_id"] = trace_id
    return event


def _pseudonyms(
    key: bytes,
) -> Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """Make what turns a line's `patient` into a pseudonym, or takes it out."""

    def whose(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        patient = event.pop("patient", None)
        if key and isinstance(patient, Whose) and patient.patient:
            event["patient_key"] = pseudonym(patient, key=key)
        return event

    return whose


def _place_of_exception(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Render an exception as its type and the places it passed, without its message."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    if isinstance(info, tuple):
        error = info[1]
    else:
        error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is None:
        return event
    event["exception"] = places_of(error)
    return event
