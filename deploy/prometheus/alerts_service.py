"""Is it up, does it keep up, is it one version."""

from deploy.prometheus.alerting import Alert
from deploy.prometheus.objectives import (
    INBOX_DEEP,
    INBOX_OLD_S,
    JOB,
    SCREENING_FLOOR,
    SCREENING_SLOW_S,
    SCREENING_SLOW_SHARE,
    Severity,
)

_SCREENED = "sum by (job) (increase(marrowd_screening_duration_seconds_{part}[30m]))"
_IN_TIME = f'bucket{{le="{SCREENING_SLOW_S}"}}'

ALERTS = (
    Alert(
        name="MarrowdDown",
        severity=Severity.PAGE,
        expr=f'absent(marrowd_build_info{{job="{JOB}"}})',
        wait="5m",
        summary="No marrowd is scraped",
        description="Hooks are not answered and events are not taken; EHRs queue or drop them.",
    ),
    Alert(
        name="MarrowdEventsWaiting",
        severity=Severity.PAGE,
        expr=f"max by (job) (marrowd_inbox_oldest_seconds) > {INBOX_OLD_S}",
        wait="5m",
        summary="An accepted event has waited for {{ $value | humanizeDuration }}",
        description="Screening stands still, or the FHIR server that it reads from does.",
    ),
    Alert(
        name="MarrowdInboxDeep",
        severity=Severity.TICKET,
        expr=f"max by (job) (marrowd_inbox_depth) > {INBOX_DEEP}",
        wait="30m",
        summary="{{ $value }} events wait in the inbox",
        description="More comes in than is screened; cards will be late.",
    ),
    Alert(
        name="MarrowdScreeningSlow",
        severity=Severity.TICKET,
        expr=(
            f"1 - {_SCREENED.format(part=_IN_TIME)} / {_SCREENED.format(part='count')}"
            f" > {SCREENING_SLOW_SHARE}"
            f" and {_SCREENED.format(part='count')} >= {SCREENING_FLOOR}"
        ),
        wait="15m",
        summary="{{ $value | humanizePercentage }} of events take over 5 s to screen",
        description="The FHIR server answers late, or the machine has too little to give.",
    ),
    Alert(
        name="MarrowdRulesDiffer",
        severity=Severity.TICKET,
        expr="count by (job) (count by (job, rules) (marrowd_build_info)) > 1",
        wait="1h",
        summary="{{ $value }} versions of the rules are in force at once",
        description="Replicas read reports differently: a rollout has stopped half-way.",
    ),
    Alert(
        name="MarrowdSecretRefused",
        severity=Severity.TICKET,
        expr="max by (job) (marrowd_secrets_refused) > 0",
        wait="5m",
        summary="{{ $value }} secrets hold something that cannot be used",
        description="The old ones are in force, until the other side forgets them.",
    ),
)
