"""Do cards reach charts, and do the FHIR servers answer."""

from deploy.prometheus.alerting import Alert
from deploy.prometheus.objectives import (
    EHR_FLOOR,
    EHR_REFUSED_SHARE,
    EHR_SLOW_P95_S,
    EHR_UNAVAILABLE_SHARE,
    OUTBOX_OLD_S,
    Severity,
)

_POSTS = 'sum by (job, destination) (increase(marrowd_deliveries_total{{outcome="{}"}}[{}])) > 0'
_ASKED = "sum by (job, source) (increase(marrowd_ehr_request_duration_seconds_count{}[15m]))"
_SLOWEST = (
    "histogram_quantile(0.95, sum by (job, source, le)"
    " (rate(marrowd_ehr_request_duration_seconds_bucket[15m])))"
)


def _share(outcome: str, limit: float) -> str:
    some = _ASKED.format(f'{{outcome="{outcome}"}}')
    return f"{some} / {_ASKED.format('')} > {limit} and {_ASKED.format('')} >= {EHR_FLOOR}"


ALERTS = (
    Alert(
        name="MarrowdCardsParked",
        severity=Severity.PAGE,
        expr=_POSTS.format("parked", "15m"),
        wait="0m",
        summary="{{ $labels.destination }} refused cards for good",
        description="These cards are in no chart until somebody sends them again.",
    ),
    Alert(
        name="MarrowdDestinationStopped",
        severity=Severity.PAGE,
        expr="max by (job, destination) (marrowd_destination_stopped) == 1",
        wait="0m",
        summary="{{ $labels.destination }} answered 410: it wants no more cards",
        description="Cards are kept and not sent until somebody says so.",
    ),
    Alert(
        name="MarrowdCardsWaiting",
        severity=Severity.PAGE,
        expr=f"max by (job, destination) (marrowd_outbox_oldest_seconds) > {OUTBOX_OLD_S}",
        wait="5m",
        summary="A card for {{ $labels.destination }} waits {{ $value | humanizeDuration }}",
        description="The destination does not take cards; each is tried again until it does.",
    ),
    Alert(
        name="MarrowdEhrUnavailable",
        severity=Severity.PAGE,
        expr=_share("unavailable", EHR_UNAVAILABLE_SHARE),
        wait="10m",
        summary="{{ $labels.source }} fails {{ $value | humanizePercentage }} of requests",
        description="Events wait and are tried again; hooks rely on what the EHR hands in.",
    ),
    Alert(
        name="MarrowdEhrRefuses",
        severity=Severity.TICKET,
        expr=_share("refused", EHR_REFUSED_SHARE),
        wait="10m",
        summary="{{ $labels.source }} refuses {{ $value | humanizePercentage }} of requests",
        description="A credential has run out or lacks a scope; events will be parked as refused.",
    ),
    Alert(
        name="MarrowdEhrSlow",
        severity=Severity.TICKET,
        expr=f"{_SLOWEST} > {EHR_SLOW_P95_S} and {_ASKED.format('')} >= {EHR_FLOOR}",
        wait="15m",
        summary="{{ $labels.source }} takes {{ $value | humanizeDuration }} (p95)",
        description="Screening and hooks wait for it.",
    ),
)
