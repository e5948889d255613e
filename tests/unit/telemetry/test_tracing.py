"""Spans: nothing at all while off, closed lists while on, and never a word of an error."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from marrowd.app.tracing import tracing
from marrowd.errors import BadConfiguration
from marrowd.settings import TracingSettings
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.otlp import _KINDS, OtlpTracer, _Exporter, _Sender
from marrowd.telemetry.tracing import (
    CURRENT,
    OFF,
    SpanName,
    Told,
    add_traceparent,
    inner,
    traceparent,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
NOT_SAMPLED = f"00-{TRACE}-{CALLER}-00"
MARKER = "Marker-Jane-Doe"


class Taking(SpanExporter):
    """Takes spans, or refuses them."""

    def __init__(self, result=SpanExportResult.SUCCESS):
        self.result = result
        self.spans = []

    def export(self, spans):
        self.spans += spans
        return self.result


@pytest.fixture
def metrics():
    return Metrics(CollectorRegistry())


@pytest.fixture
def taking(monkeypatch):
    taking = Taking()
    monkeypatch.setattr("marrowd.telemetry.otlp.OTLPSpanExporter", lambda **_: taking)
    return taking


@pytest.fixture
async def tracer(metrics, taking):  # noqa: ARG001 - it takes what this one sends
    tracer = OtlpTracer(
        endpoint="http://127.0.0.1:1", ratio=1.0, version="1", instance="me",
        counter=metrics.spans_total,
    )  # fmt: skip
    yield tracer
    await tracer.close()


def count(metrics, outcome):
    return metrics.registry.get_sample_value("marrowd_spans_total", {"outcome": outcome})


def hexadecimal(traceparent):
    return traceparent.split("-")[1]


def test_off_is_one_object_that_does_nothing():
    with OFF.begin(SpanName.EVENT, parent=TRACEPARENT) as span, inner(SpanName.FHIR) as part:
        span.tell(Told.STATUS, 200)
        span.fail("Error")
        headers = {}
        add_traceparent(headers)

        assert span is part is CURRENT.get()
        assert (headers, traceparent(), span.trace_id) == ({}, None, None)


SERVED = """
import asyncio
from marrowd.app import running
from marrowd.settings import load_settings

names = ("HTTP__PORT", "HTTP__OPS_PORT")
variables = {f"MARROWD_{name}": "0" for name in names} | {"MARROWD_HOOKS__REQUIRE_JWT": "false"}

async def run():
    async with running(load_settings(None, variables)):
        pass

asyncio.run(run())
"""


@pytest.mark.parametrize(
    "program", ["import marrowd.cli.program", SERVED], ids=["imported", "served"]
)
def test_off_loads_nothing_of_the_library(program, tmp_path):
    asked = f"{program}\nimport sys\nprint([m for m in sys.modules if m.startswith(NAMES)])"
    names = "('opentelemetry', 'google.protobuf', 'requests', 'urllib3', 'marrowd.telemetry.otlp')"

    ran = subprocess.run(
        [sys.executable, "-c", asked.replace("NAMES", names)],
        capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip

    assert ran.stdout.splitlines()[-1] == "[]"


def test_every_name_has_a_kind():
    assert set(_KINDS) == set(SpanName)


async def test_an_endpoint_without_the_library_is_refused_with_the_cure(metrics, monkeypatch):
    monkeypatch.setitem(sys.modules, "marrowd.telemetry.otlp", None)
    settings = TracingSettings(endpoint="http://127.0.0.1:4318")

    with pytest.raises(BadConfiguration, match=r"install marrowd\[traces\]"):
        async with tracing(settings, metrics):
            pass


async def test_a_span_is_part_of_its_parents_trace(tracer, taking):
    with tracer.begin(SpanName.NOTIFICATION, parent=TRACEPARENT) as span:
        assert span.trace_id == TRACE
        assert hexadecimal(span.traceparent) == TRACE
    await tracer.close()

    [seen] = taking.spans
    assert f"{seen.parent.span_id:016x}" == CALLER


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "nonsense",
        TRACEPARENT.upper(),
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{CALLER}-01-more",
        f"{TRACEPARENT},{TRACEPARENT}",
        f"00-{TRACE}-{CALLER}",
        f"00-{TRACE[:-1]}g-{CALLER}-01",
        "0" * 4_000,
    ],
)
async def test_what_is_no_traceparent_begins_a_trace_of_its_own(tracer, taking, parent):
    with tracer.begin(SpanName.NOTIFICATION, parent=parent) as span:
        assert span.trace_id not in {TRACE, "0" * 32}
    await tracer.close()

    [seen] = taking.spans
    assert seen.parent is None


async def test_one_of_a_later_version_is_understood_as_far_as_it_is_known(tracer):
    with tracer.begin(SpanName.NOTIFICATION, parent=f"01-{TRACE}-{CALLER}-01-more") as span:
        assert span.trace_id == TRACE


async def test_what_others_do_not_record_is_not_recorded_but_passed_on(tracer, taking):
    with tracer.begin(SpanName.EVENT, parent=NOT_SAMPLED), inner(SpanName.FHIR) as part:
        part.tell(Told.STATUS, 200)
        part.fail("Error")
        assert traceparent() == part.traceparent
        assert part.traceparent.split("-")[1::2] == [TRACE, "00"]
    await tracer.close()

    assert taking.spans == []


async def test_inner_spans_are_nested_and_end_with_what_they_are_in(tracer, taking):
    with tracer.begin(SpanName.EVENT) as event:
        with inner(SpanName.SCREEN) as screen, inner(SpanName.FHIR):
            assert traceparent() != screen.traceparent
        assert traceparent() == event.traceparent
    assert traceparent() is None
    await tracer.close()

    fhir, screened, handled = taking.spans
    assert fhir.parent.span_id == screened.context.span_id
    assert screened.parent.span_id == handled.context.span_id
    assert len({span.context.trace_id for span in taking.spans}) == 1


async def test_links_name_other_traces_and_nonsense_is_left_out(tracer, taking):
    with tracer.begin(SpanName.SWEEP, links=[TRACEPARENT, "nonsense"]) as span:
        assert span.trace_id != TRACE
    await tracer.close()

    [[link]] = [span.links for span in taking.spans]
    assert f"{link.context.trace_id:032x}" == TRACE


async def test_of_an_error_only_the_class_is_told(tracer, taking):
    with pytest.raises(ValueError, match=MARKER), tracer.begin(SpanName.EVENT):
        raise ValueError(MARKER)
    await tracer.close()

    [seen] = taking.spans
    assert dict(seen.attributes) == {"error.type": "ValueError"}
    assert (seen.status.is_ok, seen.status.description, seen.events) == (False, None, ())
    assert MARKER not in seen.to_json()


async def test_a_long_value_is_cut(tracer, taking):
    with tracer.begin(SpanName.EVENT) as span:
        span.tell(Told.OUTCOME, "x" * 1_000)
    await tracer.close()

    assert len(taking.spans[0].attributes["marrowd.outcome"]) == 128


async def test_of_the_traces_begun_here_a_part_is_recorded(metrics, taking):
    tracer = OtlpTracer(
        endpoint="http://127.0.0.1:1", ratio=0.25, version="1", instance="me",
        counter=metrics.spans_total,
    )  # fmt: skip
    for _ in range(400):
        with tracer.begin(SpanName.EVENT):
            pass
    await tracer.close()

    assert 40 < len(taking.spans) < 180  # 100, six standard deviations to either side
    assert count(metrics, "sent") == len(taking.spans)


def test_what_the_collector_does_not_take_is_counted_and_said_once(metrics, capsys):
    exporter = _Exporter(taking := Taking(SpanExportResult.FAILURE), metrics.spans_total)
    exporter.export([None, None])
    exporter.export([None])
    taking.result = SpanExportResult.SUCCESS
    exporter.export([None])

    assert (count(metrics, "dropped"), count(metrics, "sent")) == (3, 1)
    said = capsys.readouterr().out
    assert (said.count("spans_not_sent"), said.count("spans_sent_again")) == (1, 1)


async def test_what_does_not_fit_the_queue_is_counted_and_let_go(metrics, monkeypatch, taking):
    monkeypatch.setattr("marrowd.telemetry.otlp._QUEUE", 512)
    taking.export = lambda _spans: SpanExportResult.SUCCESS
    monkeypatch.setattr(_Sender, "force_flush", lambda *_: True)
    tracer = OtlpTracer(
        endpoint="http://127.0.0.1:1", ratio=1.0, version="1", instance="me",
        counter=metrics.spans_total, pause_s=600,
    )  # fmt: skip
    monkeypatch.setattr(_Exporter, "export", lambda *_: SpanExportResult.SUCCESS)  # none is seen
    for _ in range(600):
        with tracer.begin(SpanName.EVENT):
            pass

    assert count(metrics, "dropped") == 600 - 512
    await tracer.close()
