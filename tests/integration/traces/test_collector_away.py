"""A collector that is away, refuses or hangs costs spans, which are counted, and nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.ops import hospital as hospitals
from tests.support.hospital import EDEMA, lab, person, report
from tests.support.service import until

DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


@pytest.fixture
def settings(collector):
    return {
        "tracing": {"endpoint": f'"{collector.url}"'},
        "[sources]": {"subscribe": '"none"'},
    }


async def a_card(hospital, patient: str) -> None:
    """Bring what makes a card, and wait for it."""
    cards = len(hospital.ehr.effects)
    hospital.fhir.put(person(patient))
    ident = patient.removeprefix("Patient/")
    for resource in (
        lab(f"lab-{ident}", patient, at=DAY),
        *report(f"mri-{ident}", patient, EDEMA, at=DAY),
    ):
        assert await hospital.bring(resource) == 204
    await until(lambda: len(hospital.ehr.effects) > cards, "a card")


async def _stops_in_time(service) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await service.stop() == 0
    assert loop.time() - began < 15  # 3 s for the last spans, and a busy machine


async def test_nobody_listens(tmp_path, settings):
    settings["tracing"]["endpoint"] = '"http://127.0.0.1:9"'
    async with hospitals.running(tmp_path, settings=settings) as hospital:
        await a_card(hospital, "Patient/one")
        await until(
            lambda: hospital.service.metric("marrowd_spans_total", outcome="dropped"),
            "what was not sent is counted",
        )
        assert await hospital.service.metric("marrowd_spans_total", outcome="sent") == 0
        await _stops_in_time(hospital.service)
        log = hospital.service.log.read_text()

    assert log.count("spans_not_sent") == 1
    assert "opentelemetry" not in log
    assert "urllib3" not in log


async def test_it_refuses_and_then_takes_them(tmp_path, settings, collector):
    collector.status = 400
    async with hospitals.running(tmp_path, settings=settings) as hospital:
        await a_card(hospital, "Patient/one")
        await until(
            lambda: hospital.service.metric("marrowd_spans_total", outcome="dropped"),
            "what was refused is counted",
        )
        collector.status = 200
        await a_card(hospital, "Patient/two")
        await until(
            lambda: hospital.service.metric("marrowd_spans_total", outcome="sent"),
            "what is taken is counted",
        )
        log = hospital.service.log.read_text()

    assert (log.count("spans_not_sent"), log.count("spans_sent_again")) == (1, 1)


async def test_it_hangs(tmp_path, settings, collector):
    collector.is_hanging = True
    async with hospitals.running(tmp_path, settings=settings) as hospital:
        await a_card(hospital, "Patient/one")
        await until(lambda: collector.asked, "spans were sent")
        await a_card(hospital, "Patient/two")
        await _stops_in_time(hospital.service)

    assert len(hospital.ehr.effects) == 2
