"""Is anything lost: parked, missed, silent."""

from deploy.prometheus.alerting import Alert
from deploy.prometheus.objectives import (
    CANARY_LATE_S,
    CANARY_WINDOW,
    GAPS_PER_HOUR,
    SILENCE_S,
    SILENCE_USUAL,
    SWEPT_FLOOR,
    SWEPT_SHARE,
    Severity,
)

_PARKED = 'sum by (job, reason) (increase(marrowd_events_parked_total{{reason=~"{}"}}[15m])) > 0'
_SWEPT = "sum by (job, source) (increase(marrowd_sweep_recovered_total[6h]))"
_RECEIVED = "sum by (job, source) (increase(marrowd_events_received_total[6h]{}))"

ALERTS = (
    Alert(
        name="MarrowdEventsParkedByFault",
        severity=Severity.PAGE,
        expr=_PARKED.format("error|lost"),
        wait="0m",
        summary="Events parked: {{ $labels.reason }}",
        description="A fault of marrowd's own keeps results out of the verdict.",
    ),
    Alert(
        name="MarrowdEventsParked",
        severity=Severity.TICKET,
        expr=_PARKED.format("no_subject|not_fhir|refused"),
        wait="0m",
        summary="Events parked: {{ $labels.reason }}",
        description="What the source sent, or refused, keeps results out of the verdict.",
    ),
    Alert(
        name="MarrowdSourceSilent",
        severity=Severity.PAGE,
        expr=(
            "max by (job, source) (time() - marrowd_source_last_event_timestamp_seconds)"
            f" > {SILENCE_S}"
            f" and {_RECEIVED.format(' offset 1w')} >= {SILENCE_USUAL}"
        ),
        wait="15m",
        summary="{{ $labels.source }} has sent nothing for {{ $value | humanizeDuration }}",
        description="At this hour of last week it sent events. Only sweeps find results now.",
    ),
    Alert(
        name="MarrowdSubscriptionInactive",
        severity=Severity.PAGE,
        expr="max by (job, source) (marrowd_subscription_active) == 0",
        wait="15m",
        summary="A Subscription at {{ $labels.source }} is not active",
        description="The FHIR server does not notify; hooks fall back on what the EHR hands in.",
    ),
    Alert(
        name="MarrowdSubscriptionRefused",
        severity=Severity.TICKET,
        # Studies that only the sweep brings cost nothing: a report has its own fetched.
        expr=(
            "max by (job, source, subscription)"
            ' (marrowd_subscriptions_refused{subscription!="studies"}) == 1'
        ),
        wait="15m",
        summary="{{ $labels.source }} takes no Subscription for {{ $labels.subscription }}",
        description="Only the sweep brings them: cards come late by up to sweep_every.",
    ),
    Alert(
        name="MarrowdNotificationGaps",
        severity=Severity.TICKET,
        expr=(
            "sum by (job, source) (increase(marrowd_notification_gaps_total[1h]))"
            f" > {GAPS_PER_HOUR}"
        ),
        wait="0m",
        summary="{{ $labels.source }} counted events that did not come",
        description="Each gap was asked for or swept; something between server and marrowd drops.",
    ),
    Alert(
        name="MarrowdSweepFindsMuch",
        severity=Severity.TICKET,
        expr=(
            f"{_SWEPT} / ({_SWEPT} + {_RECEIVED.format('')}) > {SWEPT_SHARE}"
            f" and {_SWEPT} >= {SWEPT_FLOOR}"
        ),
        wait="15m",
        summary="Only sweeps find {{ $value | humanizePercentage }} of {{ $labels.source }}",
        description="Notifications are lost on their way; cards of these results come late.",
    ),
    Alert(
        name="MarrowdCanaryMissing",
        severity=Severity.PAGE,
        expr=(
            f"max by (job, source) (marrowd_canary_seconds) > {CANARY_LATE_S}"
            "\nor\n"
            f"max by (job, source) (changes(marrowd_canary_seconds[{CANARY_WINDOW}])) == 0"
        ),
        wait="10m",
        summary="The canary of {{ $labels.source }} has not come through",
        description="A synthetic event does not pass from intake to verdict: real ones do not.",
    ),
)
