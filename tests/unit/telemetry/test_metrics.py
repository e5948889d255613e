"""Every label is closed and present at 0 from the first scrape."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from marrowd.core.verdict import VerdictKind
from marrowd.telemetry.metrics import Metrics


@pytest.fixture
def exposition():
    metrics = Metrics(
        CollectorRegistry(), sources=["hapi"], destinations=["ehr"], version="1", rules="r"
    )
    return generate_latest(metrics.registry).decode()


@pytest.mark.parametrize("verdict", VerdictKind)
def test_every_verdict_starts_at_zero(exposition, verdict):
    assert f'marrowd_verdicts_total{{verdict="{verdict}"}} 0.0' in exposition


def test_sources_and_destinations_start_at_zero(exposition):
    assert 'marrowd_events_received_total{resource="Observation",source="hapi"} 0.0' in exposition
    assert 'marrowd_outbox_depth{destination="ehr"} 0.0' in exposition


def test_a_timestamp_is_absent_until_the_first_event(exposition):
    assert "marrowd_source_last_event_timestamp_seconds{" not in exposition


def test_two_services_in_one_process_do_not_share_counts():
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.inbox_depth.set(3)

    assert second.registry.get_sample_value("marrowd_inbox_depth") == 0
