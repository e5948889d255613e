"""
Logs without patients: an allow-list of keys, one formatter for our own and for foreign loggers.

A key that is not on the list is dropped and only its name is reported: a new key is a decision,
made here. Foreign log records keep their logger, level and message template, never their arguments.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from marrowd.telemetry.crashing import places_of
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


def configure_logging(*, as_json: bool, level: str, is_traced: bool = False) -> None:
    """
    Send every log line, ours and others', to stderr in one shape.

    Args:
        as_json: one JSON object a line (production), else aligned text (a terminal).
        level: the least level written: debug, info, warning or error.
        is_traced: whether lines say which trace they belong to.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_of_exception,
        *([_trace] if is_traced else []),
        keep_allowed,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
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
    least = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(logging.WARNING, least))
    logging.getLogger("marrowd").setLevel(least)
    # aiohttp's access log holds paths, and paths hold ids of patients: our own line replaces it.
    logging.getLogger("aiohttp.access").disabled = True


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
