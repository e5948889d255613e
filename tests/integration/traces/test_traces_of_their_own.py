"""What no call from outside brought about has a trace of its own: sweeps and the canary."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.ops import hospital as hospitals
from tests.support.hospital import lab, person
from tests.support.service import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PATIENT = "Patient/traced"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


@pytest.fixture(params=["sqlite"])
def store_url(request, tmp_path) -> str:
    """Both databases carry a trace alike: once is enough here."""
    return f"{request.param}:///{tmp_path}/marrowd.sqlite3"


async def test_a_sweep_names_who_asked_and_what_it_found_names_the_sweep(hospital, collector):
    service = hospital.service

    def sweeps() -> int:
        return service.log.read_text().count('"event":"swept"')

    first = await until(sweeps, "a sweep at start")
    hospital.fhir.put(person(PATIENT))
    hospital.fhir.put(lab("missed", PATIENT, at=DAY))
    headers = {
        "Authorization": f"Bearer {service.secret}",
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    }
    async with hospital.session.post(f"{service.url}/events/hospital", headers=headers) as answer:
        assert answer.status == 204
    await until(lambda: sweeps() > first, "a sweep for the ping")
    await until(service.is_idle, "what was found is stored")
    await service.stop()

    [sweep] = [span for span in collector.named("sweep") if span.links]
    [ping] = [s for s in collector.named("event") if s.told["marrowd.kind"] == "ping"]
    assert sweep.links == ((TRACE, ping.span),)
    assert sweep.trace != TRACE
    assert sweep.told["marrowd.recovered"] == 1
    [found] = [s for s in collector.named("event") if s.told["marrowd.kind"] == "resource"]
    assert found.links == ((sweep.trace, sweep.span),)
    assert found.trace not in {sweep.trace, TRACE}
    assert [s for s in collector.named("fhir") if s.parent == sweep.span]


async def test_the_canary_is_one_trace_from_the_inbox_to_the_outbox(tmp_path, collector):
    settings = {
        "tracing": {"endpoint": f'"{collector.url}"'},
        "[sources]": {"subscribe": '"none"', "canary": "true"},
    }
    async with hospitals.running(tmp_path, settings=settings) as hospital:
        await until(
            lambda: hospital.service.metric("marrowd_canary_seconds", source="hospital"),
            "a canary has come through",
        )
        await hospital.service.stop()

    [sent] = collector.named("canary")
    [handled] = [s for s in collector.named("event") if s.told["marrowd.kind"] == "canary"]
    [taken] = collector.named("canary taken")
    assert sent.parent == ""
    assert (handled.trace, handled.parent) == (sent.trace, sent.span)
    assert (taken.trace, taken.parent) == (sent.trace, handled.span)
