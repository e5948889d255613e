"""Traces: on, and their libraries loaded, only when an endpoint is configured."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from marrowd.errors import BadConfiguration
from marrowd.settings import TracingSettings
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import OFF, Tracer


@asynccontextmanager
async def tracing(settings: TracingSettings, metrics: Metrics) -> AsyncIterator[Tracer]:
    """
    Give what begins spans while the block lasts.

    Raises:
        BadConfiguration: an endpoint is configured and OpenTelemetry is not installed.
    """
    if settings.endpoint is None:
        yield OFF
        return
    try:
        # Some 20 MB and a quarter of a second, which nobody pays who does not trace.
        from marrowd.telemetry.otlp import OtlpTracer  # noqa: PLC0415
    except ImportError:
        message = "tracing.endpoint: needs more packages: install marrowd[traces]"
        raise BadConfiguration(message) from None
    tracer = OtlpTracer(
        endpoint=settings.endpoint,
        ratio=settings.ratio,
        version=version("marrowd"),
        instance=f"{socket.gethostname()}-{os.getpid()}",
        counter=metrics.spans_total,
    )
    try:
        yield tracer
    finally:
        await tracer.close()
