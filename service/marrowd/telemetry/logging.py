"""
Logs without patients: an allow-list of keys, one formatter for our own and for foreign loggers.

A key that is not on the list is dropped and only its name is reported: a new key is a decision,
made here. Foreign log records keep their logger, level and message template, never their arguments.
"""

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

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
REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("marrowd_request_id", default=None)
"""The request that is being answered; each has a task, and so a context of its own."""


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
    complete = _completing(patient_key, now=_now if as_json else _iso_now, is_traced=is_traced)
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_as_json)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[complete, renderer],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_arguments)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[complete],
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
        try:  # noqa: SIM105 - `suppress` costs a third of what writing does
            sys.stderr.write(f"{line}\n")
        except OSError:
            pass

    debug = info = warning = error = critical = write


def _as_json(line: Any, default: Callable[[Any], Any]) -> str:  # noqa: ANN401 - structlog's call
    try:
        return orjson.dumps(line, default=default, option=orjson.OPT_UTC_Z).decode()
    except TypeError:  # half a surrogate pair, a number beyond 64 bits
        return json.dumps(line | {"timestamp": _iso_now()}, default=default)


def _now() -> datetime:
    return datetime.now(UTC)


def _iso_now() -> str:
    return _now().isoformat().replace("+00:00", "Z")


def _completing(
    patient_key: bytes, *, now: Callable[[], datetime | str], is_traced: bool
) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """
    Make what turns an event into the line that is written.

    One step and not one for each member: a chain of eight took longer than all that they do.
    """

    def complete(
        logger: Any,  # noqa: ANN401 - ours, or one of Python's, or none
        method: str,
        event: MutableMapping[str, Any],
    ) -> MutableMapping[str, Any]:
        if (request_id := REQUEST_ID.get()) is not None:
            event.setdefault("request_id", request_id)
        record = event.get("_record")  # of a foreign logger, which then comes as None
        event["logger"] = logger.name if record is None else record.name
        event["level"] = method
        event["timestamp"] = now()
        if "exc_info" in event:
            _place_exception(event)
        if is_traced and (trace_id := CURRENT.get().trace_id) is not None:
            event["trace_id"] = trace_id
        if "patient" in event:
            _give_pseudonym(event, patient_key)
        if not ALLOWED_KEYS.issuperset(event):
            _keep_allowed(event)
        return event

    return complete


def _keep_allowed(event: MutableMapping[str, Any]) -> None:
    """Drop every key that is not on the list; say which."""
    unknown = sorted(k for k in event if k not in ALLOWED_KEYS and not k.startswith("_"))
    for key in unknown:
        del event[key]
    if unknown:
        event["dropped_keys"] = unknown


def _without_arguments(record: logging.LogRecord) -> bool:
    """
    Drop a foreign record's arguments, and of its message all but the first line.

    Libraries put URLs and payloads there; asyncio appends the task, and with it what it raised.
    """
    record.args = ()
    if isinstance(record.msg, str):
        record.msg = record.msg.partition("\n")[0]
    return True


def _give_pseudonym(event: MutableMapping[str, Any], key: bytes) -> None:
    """Turn a line's `patient` into a pseudonym, or take it out."""
    patient = event.pop("patient")
    if key and isinstance(patient, Whose) and patient.patient:
        event["patient_key"] = pseudonym(patient, key=key)


def _place_exception(event: MutableMapping[str, Any]) -> None:
    """Render an exception as its type and the places it passed, without its message."""
    info = event.pop("exc_info")
    if not info:
        return
    if isinstance(info, tuple):
        error = info[1]
    else:
        error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is not None:
        event["exception"] = places_of(error)
