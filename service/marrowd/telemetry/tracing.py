"""
Traces without patients: names and attributes are closed lists, and nothing happens while off.

What the rest of the service knows of tracing. A loop or a listener begins a span with the `Tracer`
it was given; whatever happens inside asks for the span of its own context, so nothing has to be
handed down. While traces are off, both give the one span that records nothing, and the library that
would record it is not even imported (`telemetry.otlp`). What leaves the process carries the current
`traceparent`, and so does each row of inbox and outbox.
"""

from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

TRACEPARENT: Final = "traceparent"  # the header of W3C Trace Context


class SpanName(StrEnum):
    """What takes time and is worth seeing; nothing else becomes a span."""

    NOTIFICATION = "notification"  # a FHIR server's call, from request to answer
    HOOK = "hook"  # an EHR's call, likewise
    EVENT = "event"  # one event, from its claim to its outcome
    FHIR = "fhir"  # one request to a FHIR server
    SCREEN = "screen"  # evidence, verdict and outbox: deciding and writing
    DELIVERY = "delivery"  # one attempt to hand a message over
    SWEEP = "sweep"
    RECHECK = "recheck"  # one patient, because time has passed
    CANARY = "canary"  # made-up evidence is put in
    CANARY_TAKEN = "canary taken"  # its card has come out


class Told(StrEnum):
    """All that a span may say; a value is a number, a constant word or a configured name."""

    METHOD = "http.request.method"
    ROUTE = "http.route"  # the pattern, never the path: paths hold ids
    STATUS = "http.response.status_code"
    ERROR = "error.type"  # a class, never a message
    SOURCE = "marrowd.source"
    DESTINATION = "marrowd.destination"
    EVENT_ID = "marrowd.event_id"  # ids of our own making, as in the log
    MESSAGE_ID = "marrowd.message_id"
    KIND = "marrowd.kind"
    RESOURCE = "marrowd.resource"  # the type
    ATTEMPTS = "marrowd.attempts"
    OPERATION = "marrowd.operation"
    OUTCOME = "marrowd.outcome"
    VERDICT = "marrowd.verdict"
    COUNT = "marrowd.count"
    RECOVERED = "marrowd.recovered"


class Span:
    """Something that takes time; this one records nothing, and is what there is while off."""

    __slots__ = ()

    @property
    def traceparent(self) -> str | None:
        """What names this span to others."""
        return None

    @property
    def trace_id(self) -> str | None:
        """What names its trace in the log."""
        return None

    def tell(self, what: Told, value: str | float) -> None:
        """Say something of what happens."""

    def fail(self, error: str) -> None:
        """Say that it went wrong: a class of error or a status, never a message."""

    def child(self, name: SpanName) -> "Span":  # noqa: ARG002 - a recorded one needs it
        """Give the span of a part of this; it begins when it is entered."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class Tracer:
    """Begins spans; this one begins none."""

    __slots__ = ()

    def begin(
        self,
        name: SpanName,  # noqa: ARG002 - a recording one needs all three
        *,
        parent: str | None = None,  # noqa: ARG002
        links: Sequence[str] = (),  # noqa: ARG002
    ) -> Span:
        """
        Give a span that is entered with `with`, and current as long as it lasts.

        Args:
            name: what it is.
            parent: traceparent of what brought it about; without one, or with an invalid one,
                a trace of its own begins.
            links: traceparents of what else has to do with it.
        """
        return _NOTHING


_NOTHING: Final = Span()
CURRENT: Final[ContextVar[Span]] = ContextVar("marrowd_span", default=_NOTHING)
OFF: Final = Tracer()


def inner(name: SpanName) -> Span:
    """Give a span for a part of what is going on; none where nothing is traced."""
    return CURRENT.get().child(name)


def traceparent() -> str | None:
    """Give what names the current span to others; None where nothing is traced."""
    return CURRENT.get().traceparent


def add_traceparent(headers: MutableMapping[str, str]) -> None:
    """Have a request that is about to leave carry the current span."""
    if (parent := CURRENT.get().traceparent) is not None:
        headers[TRACEPARENT] = parent
