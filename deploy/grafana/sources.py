"""Do notifications come, and does anything slip past them."""

from deploy.grafana.panels import SELECT, Panel, Query, Unit, increase, largest, rate, share
from deploy.prometheus.objectives import (
    CANARY_LATE_S,
    EHR_REFUSED_SHARE,
    EHR_UNAVAILABLE_SHARE,
    SILENCE_S,
)

_HEARD = "marrowd_source_last_event_timestamp_seconds"
_ASKED = "marrowd_ehr_request_duration_seconds_count"
_FOUND = increase("marrowd_sweep_recovered_total", by="source", window="$__rate_interval")
_TOLD = increase("marrowd_events_received_total", by="source", window="$__rate_interval")


def _of_requests(outcome: str) -> str:
    some = rate(_ASKED, "source", f'outcome="{outcome}"')
    return f"{some} / {rate(_ASKED, 'source')}"


PANELS = (
    Panel(
        title="Sources heard from",
        says="Sources that have sent an event since the processes began.",
        unit=Unit.COUNT,
        is_stat=True,
        queries=[Query(expr=f"count(count by (source) ({_HEARD}{{{SELECT}}}))")],
    ),
    Panel(
        title="Longest silence",
        says="Seconds since the source that is silent longest sent an event.",
        unit=Unit.SECONDS,
        is_stat=True,
        limits=(SILENCE_S / 6, SILENCE_S),
        queries=[Query(expr=f"max(time() - max by (source) ({_HEARD}{{{SELECT}}}))")],
    ),
    Panel(
        title="Gaps",
        says="Runs of events that Subscriptions counted and that did not come, in the range shown.",
        unit=Unit.COUNT,
        is_stat=True,
        limits=(1, 10),
        queries=[Query(expr=increase("marrowd_notification_gaps_total"))],
    ),
    Panel(
        title="Found by sweeps",
        says="Events in the range shown that no notification told of.",
        unit=Unit.COUNT,
        is_stat=True,
        queries=[Query(expr=increase("marrowd_sweep_recovered_total"))],
    ),
    Panel(
        title="Subscriptions active",
        says="1 while every Subscription that the source takes is active.",
        unit=Unit.YES_NO,
        queries=[Query(expr=largest("marrowd_subscription_active", "source"), legend="{{source}}")],
    ),
    Panel(
        title="Subscriptions refused",
        says="1 for each that the source does not take: only the sweep brings what it is for.",
        unit=Unit.YES_NO,
        queries=[
            Query(
                expr=largest("marrowd_subscriptions_refused", "source, subscription"),
                legend="{{source}} {{subscription}}",
            )
        ],
    ),
    Panel(
        title="Silence",
        says="Seconds since each source last sent an event; nights and weekends rise.",
        unit=Unit.SECONDS,
        limits=(SILENCE_S / 6, SILENCE_S),
        queries=[
            Query(expr=f"time() - max by (source) ({_HEARD}{{{SELECT}}})", legend="{{source}}")
        ],
    ),
    Panel(
        title="Events by source",
        says="What notifications bring.",
        unit=Unit.PER_SECOND,
        queries=[Query(expr=rate("marrowd_events_received_total", "source"), legend="{{source}}")],
    ),
    Panel(
        title="Share found by sweeps only",
        says="Of all events: what notifications lost. A first sweep finds everything.",
        unit=Unit.SHARE,
        queries=[Query(expr=share(_FOUND, f"({_FOUND} + {_TOLD})"), legend="{{source}}")],
    ),
    Panel(
        title="Gaps by source",
        says="Each was asked for, or swept.",
        unit=Unit.PER_SECOND,
        queries=[
            Query(expr=rate("marrowd_notification_gaps_total", "source"), legend="{{source}}")
        ],
    ),
    Panel(
        title="Requests not answered",
        says="Share of requests to the FHIR server that it did not answer.",
        unit=Unit.SHARE,
        limits=(EHR_UNAVAILABLE_SHARE / 2, EHR_UNAVAILABLE_SHARE),
        queries=[
            Query(
                expr=_of_requests("unavailable"),
                legend="{{source}}",
            )
        ],
    ),
    Panel(
        title="Requests refused",
        says="Share of requests that the FHIR server answered 401, 403 or another 4xx.",
        unit=Unit.SHARE,
        limits=(EHR_REFUSED_SHARE / 2, EHR_REFUSED_SHARE),
        queries=[
            Query(
                expr=_of_requests("refused"),
                legend="{{source}}",
            )
        ],
    ),
    Panel(
        title="Canary by source",
        says="Time of the synthetic event through all stages, where a source has one.",
        unit=Unit.SECONDS,
        limits=(CANARY_LATE_S / 5, CANARY_LATE_S),
        queries=[Query(expr=largest("marrowd_canary_seconds", "source"), legend="{{source}}")],
    ),
)
