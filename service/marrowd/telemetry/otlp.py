"""
Spans that are recorded with OpenTelemetry and sent to a collector by OTLP over HTTP.

Imported only when an endpoint is configured. Sending has a thread of its own with a bounded queue:
a collector that is slow, away or broken costs spans, which are counted, and never time.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from contextvars import Token
from types import MappingProxyType, TracebackType
from typing import Final, Self

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import Tracer as OtelTracer
from opentelemetry.trace.propagation import set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter

from marrowd.telemetry.metrics import SpanFate
from marrowd.telemetry.tracing import CURRENT, TRACEPARENT, Span, SpanName, Told, Tracer

_log = structlog.get_logger(__name__)
_QUEUE: Final = 2_048  # spans that wait: some megabytes at the most
_BATCH: Final = 512
_PAUSE_S: Final = 5.0  # between two batches that are not full
_TIMEOUT_S: Final = 5.0  # of one batch, its repetitions included
_CLOSE_S: Final = 3.0  # for what still waits at the end
_LONGEST: Final = 128  # characters of a value
_KINDS: Final[Mapping[SpanName, SpanKind]] = MappingProxyType(
    {
        SpanName.NOTIFICATION: SpanKind.SERVER,
        SpanName.HOOK: SpanKind.SERVER,
        SpanName.EVENT: SpanKind.CONSUMER,
        SpanName.FHIR: SpanKind.CLIENT,
        SpanName.SCREEN: SpanKind.INTERNAL,
        SpanName.DELIVERY: SpanKind.CLIENT,
        SpanName.SWEEP: SpanKind.INTERNAL,
        SpanName.RECHECK: SpanKind.INTERNAL,
        SpanName.CANARY: SpanKind.PRODUCER,
        SpanName.CANARY_TAKEN: SpanKind.CONSUMER,
    }
)
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class _Recorded(Span):
    """A span that is recorded, or would be if its trace were sampled."""

    __slots__ = ("_context", "_span", "_token", "_tracer")

    def __init__(self, tracer: OtelTracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span
        self._context = span.get_span_context()
        self._token: Token[Span] | None = None

    @property
    def traceparent(self) -> str | None:
        context = self._context
        if not context.is_valid:
            return None
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    @property
    def trace_id(self) -> str | None:
        return f"{self._context.trace_id:032x}" if self._context.is_valid else None

    def tell(self, what: Told, value: str | float) -> None:
        self._span.set_attribute(what.value, str(value) if isinstance(value, str) else value)

    def fail(self, error: str) -> None:
        self._span.set_attribute(Told.ERROR.value, error)
        self._span.set_status(Status(StatusCode.ERROR))  # without words

    def child(self, name: SpanName) -> "_Recorded":
        context = set_span_in_context(self._span)
        span = self._tracer.start_span(name.value, context=context, kind=_KINDS[name])
        return _Recorded(self._tracer, span)

    def __enter__(self) -> Self:
        self._token = CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            CURRENT.reset(self._token)
        if kind is not None:
            self.fail(kind.__name__)
        self._span.end()


class OtlpTracer(Tracer):
    """Records spans and has them sent."""

    __slots__ = ("_provider", "_tracer")

    def __init__(
        self,
        *,
        endpoint: str,
        ratio: float,
        version: str,
        instance: str,
        counter: Counter,
        pause_s: float = _PAUSE_S,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """
        Begin to send.

        Args:
            endpoint: the collector's base URL; spans go to its `/v1/traces`.
            ratio: the part, 0 to 1, of the traces begun here that are recorded; those that come
                from outside are recorded if whoever began them does.
            version: the service's.
            instance: names this process.
            counter: counts spans by `SpanFate`.
            pause_s: between two batches that are not full.
            timeout_s: of one batch.
        """
        # What these loggers have to say is said once, without quoting anything, by `_Sender`.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=Resource.create(
                {
                    "service.name": "marrowd",
                    "service.version": version,
                    "service.instance.id": instance,
                }
            ),
            span_limits=SpanLimits(
                max_span_attributes=len(Told),
                max_span_attribute_length=_LONGEST,
                max_events=0,
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=timeout_s)
        self._provider.add_span_processor(_Sender(exporter, counter, pause_s=pause_s))
        self._tracer = self._provider.get_tracer("marrowd", version)

    def begin(
        self, name: SpanName, *, parent: str | None = None, links: Sequence[str] = ()
    ) -> Span:
        """Begin a span; see `Tracer.begin`."""
        others = [get_current_span(_context_of(link)).get_span_context() for link in links]
        span = self._tracer.start_span(
            name.value,
            context=_context_of(parent),
            kind=_KINDS[name],
            links=[Link(other) for other in others if other.is_valid],
        )
        return _Recorded(self._tracer, span)

    async def close(self) -> None:
        """Send what still waits, for a few seconds at the most."""
        # The interpreter waits for threads at its end, unless they are daemons.
        ending = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _CLOSE_S)
        if ending.is_alive():
            _log.warning("last_spans_not_sent")


class _Exporter(SpanExporter):
    """Counts what is sent and what is not, and says once when that changes."""

    def __init__(self, exporter: SpanExporter, counter: Counter) -> None:
        self._exporter = exporter
        self._counter = counter
        self._is_away = False
        self.seen = 0  # spans that wait no more; written by the sending thread only

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self.seen += len(spans)
            is_away = result is not SpanExportResult.SUCCESS
            fate = SpanFate.DROPPED if is_away else SpanFate.SENT
            self._counter.labels(fate).inc(len(spans))
            if is_away != self._is_away:
                self._is_away = is_away
                if is_away:
                    _log.warning("spans_not_sent", count=len(spans))
                else:
                    _log.info("spans_sent_again")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _Sender(BatchSpanProcessor):
    """Sends in the background; what does not fit the queue is counted and let go."""

    def __init__(self, exporter: SpanExporter, counter: Counter, *, pause_s: float) -> None:
        self._counted = _Exporter(exporter, counter)
        self._dropped = counter.labels(SpanFate.DROPPED)
        self._ended = 0  # spans put into the queue; written by the event loop's thread only
        super().__init__(
            self._counted,
            max_queue_size=_QUEUE,
            max_export_batch_size=_BATCH,
            schedule_delay_millis=pause_s * 1_000,
        )

    def on_end(self, span: ReadableSpan) -> None:
        if not span.context.trace_flags.sampled:
            return
        if self._ended - self._counted.seen >= _QUEUE:
            self._dropped.inc()
            return
        self._ended += 1
        super().on_end(span)


def _context_of(parent: str | None) -> Context:
    """Read a traceparent as the specification says; anything else gives nothing."""
    return _PROPAGATOR.extract({} if parent is None else {TRACEPARENT: parent}, Context())
