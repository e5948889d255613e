"""What comes in, what becomes of it, what waits and how long it takes."""

from deploy.grafana.panels import Panel, Query, Unit, increase, largest, quantiles, rate
from deploy.prometheus.objectives import (
    CANARY_LATE_S,
    INBOX_DEEP,
    INBOX_OLD_S,
    LAG_LATE_S,
    SCREENING_SLOW_S,
)

_LAG = "marrowd_delivery_lag_seconds"

PANELS = (
    Panel(
        title="Waiting events",
        says="Events accepted and not yet done.",
        unit=Unit.COUNT,
        is_stat=True,
        limits=(INBOX_DEEP / 10, INBOX_DEEP),
        queries=[Query(expr=largest("marrowd_inbox_depth"))],
    ),
    Panel(
        title="Oldest waiting event",
        says="Age of the oldest event neither done nor parked.",
        unit=Unit.SECONDS,
        is_stat=True,
        limits=(INBOX_OLD_S / 3, INBOX_OLD_S),
        queries=[Query(expr=largest("marrowd_inbox_oldest_seconds"))],
    ),
    Panel(
        title="Events parked",
        says="Set aside for an operator in the range shown; `marrowd inbox list` shows them.",
        unit=Unit.COUNT,
        is_stat=True,
        limits=(1, 10),
        queries=[Query(expr=increase("marrowd_events_parked_total"))],
    ),
    Panel(
        title="Event to card, p95",
        says="From an event's arrival to its card taken by the EHR, in the range shown.",
        unit=Unit.SECONDS,
        is_stat=True,
        limits=(LAG_LATE_S, LAG_LATE_S * 5),
        queries=[
            Query(
                expr="histogram_quantile(0.95, sum by (le) (increase("
                f'{_LAG}_bucket{{job=~"$job",instance=~"$instance"}}[$__range])))'
            )
        ],
    ),
    Panel(
        title="Events taken in",
        says="By type of resource; `none` says only that something changed.",
        unit=Unit.PER_SECOND,
        queries=[
            Query(expr=rate("marrowd_events_received_total", "resource"), legend="{{resource}}")
        ],
    ),
    Panel(
        title="Events that needed no work",
        says="Of another type, about something else, delivered before, or overtaken.",
        unit=Unit.PER_SECOND,
        queries=[Query(expr=rate("marrowd_events_ignored_total", "reason"), legend="{{reason}}")],
    ),
    Panel(
        title="Events parked by reason",
        says="Each reason has an entry in the runbook.",
        unit=Unit.PER_SECOND,
        queries=[Query(expr=rate("marrowd_events_parked_total", "reason"), legend="{{reason}}")],
    ),
    Panel(
        title="Events waiting",
        says="Depth of the inbox, as its store counts it.",
        unit=Unit.COUNT,
        limits=(INBOX_DEEP / 10, INBOX_DEEP),
        queries=[Query(expr=largest("marrowd_inbox_depth", "job"), legend="waiting")],
    ),
    Panel(
        title="Age of the oldest event",
        says="Rises by a second a second while nothing is screened.",
        unit=Unit.SECONDS,
        limits=(INBOX_OLD_S / 3, INBOX_OLD_S),
        queries=[Query(expr=largest("marrowd_inbox_oldest_seconds", "job"), legend="oldest")],
    ),
    Panel(
        title="Time to screen",
        says="From the claim of an event to its verdict, reads from the FHIR server included.",
        unit=Unit.SECONDS,
        limits=(SCREENING_SLOW_S, SCREENING_SLOW_S * 6),
        queries=quantiles("marrowd_screening_duration_seconds"),
    ),
    Panel(
        title="Event to card",
        says="From an event's arrival to its card taken by the EHR.",
        unit=Unit.SECONDS,
        limits=(LAG_LATE_S, LAG_LATE_S * 5),
        queries=quantiles(_LAG),
    ),
    Panel(
        title="Canary",
        says="Time of the synthetic event through all stages, where a source has one.",
        unit=Unit.SECONDS,
        limits=(CANARY_LATE_S / 5, CANARY_LATE_S),
        queries=[Query(expr=largest("marrowd_canary_seconds", "source"), legend="{{source}}")],
    ),
    Panel(
        title="Verdicts",
        says="Decisions reached, by kind; a recheck by time counts too.",
        unit=Unit.PER_SECOND,
        queries=[Query(expr=rate("marrowd_verdicts_total", "verdict"), legend="{{verdict}}")],
    ),
)
