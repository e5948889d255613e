"""
What is said of an error that nobody caught: its type and the places it passed, never its message.

A message may quote what was being read, and what is written to stderr ends in a log.
"""

import sys
import threading
from collections.abc import Iterator
from types import TracebackType


def say_crashes_by_place() -> None:
    """Report uncaught errors, those of threads and finalizers too, without their messages."""
    sys.excepthook = _tell
    threading.excepthook = lambda args: _tell(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _tell(args.exc_type, args.exc_value, args.exc_traceback)


def places_of(error: BaseException) -> str:
    """Give the type of *error* and where it passed; of a group, those of each in it."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    said = f"{type(error).__name__} at " + " > ".join(places)
    return "; ".join((said, *_inner(error)))


def _inner(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        yield from (places_of(each) for each in error.exceptions)


def _tell(
    kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    sys.stderr.write(f"marrowd: {places_of(error) if error is not None else kind.__name__}\n")
