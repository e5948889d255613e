"""
A collector of traces: takes OTLP over HTTP as the specification has it, or misbehaves as told.

Decoded with the published protobuf messages, not with what the service sends by.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One span as it came in; ids are hexadecimal, `parent` is empty for a root."""

    name: str
    kind: str  # "SERVER", "CLIENT", ...
    trace: str
    span: str
    parent: str
    links: tuple[tuple[str, str], ...]  # trace and span
    told: Mapping[str, Any]
    is_error: bool
    said_of_error: str
    events: tuple[str, ...]
    resource: Mapping[str, Any]


@dataclass(kw_only=True)
class Collector:
    """The collector's state; `url` is set once it runs."""

    url: str = ""
    status: int = 200
    is_hanging: bool = False
    asked: int = 0
    spans: list[Seen] = field(default_factory=list)
    raw: bytes = b""

    def named(self, name: str) -> list[Seen]:
        """Give the spans called *name*, in order of arrival."""
        return [span for span in self.spans if span.name == name]

    async def handle(self, request: web.Request) -> web.Response:
        """Take one batch."""
        self.asked += 1
        body = await request.read()
        while self.is_hanging:  # noqa: ASYNC110 - a flag is what a test sets
            await asyncio.sleep(0.05)
        if self.status == 200:
            self._take(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        return web.Response(status=self.status, content_type="application/x-protobuf")

    def _take(self, body: bytes) -> None:
        self.raw += body
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _values(of_resource.resource.attributes)
            for of_scope in of_resource.scope_spans:
                self.spans += [_seen(span, resource) for span in of_scope.spans]


def _seen(span: Span, resource: Mapping[str, Any]) -> Seen:
    return Seen(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        told=_values(span.attributes),
        is_error=span.status.code == Status.STATUS_CODE_ERROR,
        said_of_error=span.status.message,
        events=tuple(event.name for event in span.events),
        resource=resource,
    )


def _values(pairs: Any) -> dict[str, Any]:
    def value(pair: KeyValue) -> Any:
        return getattr(pair.value, pair.value.WhichOneof("value"))

    return {pair.key: value(pair) for pair in pairs}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector on a free loopback port for as long as the block lasts."""
    collector = Collector()
    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/v1/traces", collector.handle)
    server = TestServer(app)
    await server.start_server()
    collector.url = str(server.make_url("")).rstrip("/")
    try:
        yield collector
    finally:
        collector.is_hanging = False
        await server.close()
