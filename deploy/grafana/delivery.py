"""Do cards reach charts, and how the FHIR servers answer."""

from deploy.grafana.panels import Panel, Query, Unit, increase, largest, quantiles, rate, share
from deploy.prometheus.objectives import EHR_SLOW_P95_S, LAG_LATE_S, OUTBOX_OLD_S

_POSTS = "marrowd_deliveries_total"
_ASKED = "marrowd_ehr_request_duration_seconds"
_TIMED = f'{_ASKED}_bucket{{job=~"$job",instance=~"$instance"}}'

PANELS = (
    Panel(
        title="Cards taken",
        says="Messages that a destination took, in the range shown.",
        unit=Unit.COUNT,
        is_stat=True,
        queries=[Query(expr=increase(_POSTS, 'outcome="taken"'))],
    ),
    Panel(
        title="Cards parked",
        says="Refused for good in the range shown; `marrowd outbox list` shows them.",
        unit=Unit.COUNT,
        is_stat=True,
        limits=(1, 2),
        queries=[Query(expr=increase(_POSTS, 'outcome="parked"'))],
    ),
    Panel(
        title="Oldest waiting card",
        says="Age of the oldest message neither taken nor parked.",
        unit=Unit.SECONDS,
        is_stat=True,
        limits=(OUTBOX_OLD_S / 3, OUTBOX_OLD_S),
        queries=[Query(expr=largest("marrowd_outbox_oldest_seconds"))],
    ),
    Panel(
        title="Attempts that failed",
        says="Share of posts in the range shown that were not taken.",
        unit=Unit.SHARE,
        is_stat=True,
        limits=(0.01, 0.144),
        queries=[Query(expr=share(increase(_POSTS, 'outcome!="taken"'), increase(_POSTS)))],
    ),
    Panel(
        title="Attempts by outcome",
        says="Taken, to be tried again, parked, or stopped by a 410.",
        unit=Unit.PER_SECOND,
        queries=[
            Query(expr=rate(_POSTS, "destination, outcome"), legend="{{destination}} {{outcome}}")
        ],
    ),
    Panel(
        title="Cards waiting",
        says="Messages neither taken nor parked, by destination.",
        unit=Unit.COUNT,
        queries=[
            Query(expr=largest("marrowd_outbox_depth", "destination"), legend="{{destination}}")
        ],
    ),
    Panel(
        title="Age of the oldest card",
        says="Rises by a second a second while a destination takes nothing.",
        unit=Unit.SECONDS,
        limits=(OUTBOX_OLD_S / 3, OUTBOX_OLD_S),
        queries=[
            Query(
                expr=largest("marrowd_outbox_oldest_seconds", "destination"),
                legend="{{destination}}",
            )
        ],
    ),
    Panel(
        title="Event to card taken",
        says="From an event's arrival to its card taken by the EHR.",
        unit=Unit.SECONDS,
        limits=(LAG_LATE_S, LAG_LATE_S * 5),
        queries=quantiles("marrowd_delivery_lag_seconds"),
    ),
    Panel(
        title="Requests to FHIR servers",
        says="Reads, searches and writes by source and outcome.",
        unit=Unit.REQUESTS,
        queries=[
            Query(expr=rate(f"{_ASKED}_count", "source, outcome"), legend="{{source}} {{outcome}}")
        ],
    ),
    Panel(
        title="How long FHIR servers take, p95",
        says="By source and operation.",
        unit=Unit.SECONDS,
        limits=(EHR_SLOW_P95_S, EHR_SLOW_P95_S * 4),
        queries=[
            Query(
                expr="histogram_quantile(0.95, sum by (le, source, operation) "
                f"(rate({_TIMED}[$__rate_interval])))",
                legend="{{source}} {{operation}}",
            )
        ],
    ),
)
