"""
For each alert, series on which it fires and series on which it stays quiet, as promtool reads them.

What stays quiet is a near miss: the fault without the traffic, a share just inside the promise, the
same silence where silence is usual. `0+5x100` is a counter that grows by 5 an interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Series = Mapping[str, str]
_ONE = 'job="marrowd",instance="a"'
_WEEK = 7 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert: what is fed, how often a sample comes, when it is looked at."""

    fires: Series
    quiet: Series
    at: str = "2h"
    every: str = "1m"


def _hooks(*, good: str, bad: str) -> Series:
    name = "marrowd_hook_requests_total"
    return {
        f'{name}{{{_ONE},service="pv",outcome="cards"}}': good,
        f'{name}{{{_ONE},service="pv",outcome="unavailable"}}': bad,
        # what callers get wrong themselves spends no budget
        f'{name}{{{_ONE},service="pv",outcome="unauthorized"}}': "0+500x20000",
    }


def _timed(histogram: str, limit: str, *, every: str, within: str) -> Series:
    labels = f'{_ONE},service="pv"' if "hook" in histogram else _ONE
    return {
        f"{histogram}_count{{{labels}}}": every,
        f'{histogram}_bucket{{{labels},le="{limit}"}}': within,
    }


def _posts(*, taken: str, other: str, outcome: str = "retried") -> Series:
    name = "marrowd_deliveries_total"
    return {
        f'{name}{{{_ONE},destination="ehr",outcome="taken"}}': taken,
        f'{name}{{{_ONE},destination="ehr",outcome="{outcome}"}}': other,
    }


def _parked(reason: str, values: str) -> Series:
    return {f'marrowd_events_parked_total{{{_ONE},reason="{reason}"}}': values}


def _gauge(name: str, values: str, labels: str = "") -> Series:
    return {f"marrowd_{name}{{{_ONE}{labels}}}": values}


_SOURCE = ',source="hospital"'
_DESTINATION = ',destination="ehr"'


def _silent(*, usual: str, last: int) -> Series:
    return {
        **_gauge("events_received_total", usual, f'{_SOURCE},resource="Observation"'),
        **_gauge("source_last_event_timestamp_seconds", f"{last}x400", _SOURCE),
    }


def _swept(*, received: str, found: str) -> Series:
    return {
        **_gauge("events_received_total", received, f'{_SOURCE},resource="Observation"'),
        **_gauge("sweep_recovered_total", found, _SOURCE),
    }


def _asked(*, ok: str, other: str, outcome: str) -> Series:
    name = "ehr_request_duration_seconds_count"
    return {
        **_gauge(name, ok, f'{_SOURCE},operation="search",outcome="ok"'),
        **_gauge(name, other, f'{_SOURCE},operation="search",outcome="{outcome}"'),
    }


def _answered(*, quick: str, whole: str) -> Series:
    name, labels = "ehr_request_duration_seconds", f'{_SOURCE},operation="search",outcome="ok"'
    return {
        **_gauge(f"{name}_bucket", quick, f'{labels},le="2.5"'),
        **_gauge(f"{name}_bucket", whole, f'{labels},le="10.0"'),
        **_gauge(f"{name}_bucket", whole, f'{labels},le="+Inf"'),
        **_gauge(f"{name}_count", whole, labels),
    }


def _read(metric: str, label: str, *, good: str, bad: str, of: str = "unreadable") -> Series:
    return {
        **_gauge(metric, good, f',{label}="negative"'),
        **_gauge(metric, bad, f',{label}="{of}"'),
    }


def _feedback(*, accepted: str, disputed: str) -> Series:
    name = "card_feedback_total"
    return {
        **_gauge(name, accepted, ',outcome="accepted",reason="none"'),
        **_gauge(name, disputed, ',outcome="overridden",reason="disagree-with-reading"'),
    }


_HOOK, _LAG = "marrowd_hook_duration_seconds", "marrowd_delivery_lag_seconds"
_SCREEN = "marrowd_screening_duration_seconds"
_REPORTS, _RESULTS = "reports_read_total", "vitamin_d_results_total"

CASES: Mapping[str, Case] = {
    "MarrowdHookErrorsFast": Case(
        fires=_hooks(good="0+97x120", bad="0+3x120"),
        quiet=_hooks(good="0+0x120", bad="0+0.1x120"),  # 6 an hour: below the floor
    ),
    "MarrowdHookErrorsSlow": Case(
        fires=_hooks(good="0+995x200", bad="0+5x200"),
        quiet=_hooks(good="0+9995x200", bad="0+5x200"),  # half the budget
        every="30m", at="4d",
    ),
    "MarrowdHooksSlowFast": Case(
        fires=_timed(_HOOK, "0.5", every="0+100x120", within="0+80x120"),
        quiet=_timed(_HOOK, "0.5", every="0+100x120", within="0+95x120"),
    ),
    "MarrowdHooksSlowSlow": Case(
        fires=_timed(_HOOK, "0.5", every="0+100x200", within="0+95x200"),
        quiet=_timed(_HOOK, "0.5", every="0+1000x200", within="0+995x200"),
        every="30m", at="4d",
    ),
    "MarrowdCardsLateFast": Case(
        fires=_timed(_LAG, "60.0", every="0+10x120", within="0+5x120"),
        quiet=_timed(_LAG, "60.0", every="0+0.02x120", within="0+0x120"),  # 7 cards in 6 h
    ),
    "MarrowdCardsLateSlow": Case(
        fires=_timed(_LAG, "60.0", every="0+100x200", within="0+95x200"),
        quiet=_timed(_LAG, "60.0", every="0+1000x200", within="0+995x200"),
        every="30m", at="4d",
    ),
    "MarrowdPostsFailingFast": Case(
        fires=_posts(taken="0+5x120", other="0+5x120"),
        quiet=_posts(taken="0+5x115 0x5", other="0+5x60 300x60"),  # mended an hour ago
    ),
    "MarrowdPostsFailingSlow": Case(
        fires=_posts(taken="0+95x200", other="0+5x200"),
        quiet=_posts(taken="0+995x200", other="0+5x200"),
        every="30m", at="4d",
    ),
    "MarrowdDown": Case(
        fires=_gauge("build_info", "1x60", ',version="1",rules="r"'),
        quiet=_gauge("build_info", "1x120", ',version="1",rules="r"'),
    ),
    "MarrowdEventsWaiting": Case(
        fires=_gauge("inbox_oldest_seconds", "0+60x120"),
        quiet=_gauge("inbox_oldest_seconds", "0+7x120"),
    ),
    "MarrowdInboxDeep": Case(
        fires=_gauge("inbox_depth", "1500x120"),
        quiet=_gauge("inbox_depth", "1500x100 10x20"),  # a first sweep, done with
    ),
    "MarrowdScreeningSlow": Case(
        fires=_timed(_SCREEN, "5.0", every="0+10x120", within="0+9x120"),
        quiet=_timed(_SCREEN, "5.0", every="0+0.1x120", within="0+0x120"),
    ),
    "MarrowdRulesDiffer": Case(
        fires={
            'marrowd_build_info{job="marrowd",instance="a",version="1",rules="r1"}': "1x200",
            'marrowd_build_info{job="marrowd",instance="b",version="2",rules="r2"}': "1x200",
        },
        quiet={  # a rollout under way
            'marrowd_build_info{job="marrowd",instance="a",version="1",rules="r1"}': "1x200",
            'marrowd_build_info{job="marrowd",instance="b",version="1",rules="r1"}': "1x80 _x120",
            'marrowd_build_info{job="marrowd",instance="b",version="2",rules="r2"}': "_x80 1x120",
        },
    ),
    "MarrowdSecretRefused": Case(
        fires={'marrowd_secrets_refused{job="marrowd",instance="a"}': "0x20 1x180"},
        quiet={'marrowd_secrets_refused{job="marrowd",instance="a"}': "0x20 1x4 0x176"},
    ),
    "MarrowdEventsParkedByFault": Case(
        fires=_parked("error", "0x115 1x5"),
        quiet=_parked("no_subject", "0x115 1x5"),
    ),
    "MarrowdEventsParked": Case(
        fires=_parked("refused", "0x115 1x5"),
        quiet=_parked("refused", "1x120"),  # parked yesterday: said once
    ),
    "MarrowdSourceSilent": Case(
        fires=_silent(usual=f"0+10x{_WEEK} 1680x12", last=_WEEK * 3600),
        quiet=_silent(usual=f"0+0.1x{_WEEK} 16x12", last=_WEEK * 3600),  # it was silent then too
        every="1h", at=f"{_WEEK + 8}h",
    ),
    "MarrowdSubscriptionInactive": Case(
        fires=_gauge("subscription_active", "1x60 0x60", _SOURCE),
        quiet={
            **_gauge("subscription_active", "1x120", _SOURCE),
            # a replica that only answers hooks never looks
            'marrowd_subscription_active{job="marrowd",instance="b",source="hospital"}': "0x120",
        },
    ),
    "MarrowdSubscriptionRefused": Case(
        fires=_gauge("subscriptions_refused", "0x60 1x60", f'{_SOURCE},subscription="results"'),
        quiet=_gauge("subscriptions_refused", "1x120", f'{_SOURCE},subscription="studies"'),
    ),
    "MarrowdNotificationGaps": Case(
        fires=_gauge("notification_gaps_total", "0x60 0+1x60", _SOURCE),
        quiet=_gauge("notification_gaps_total", "0x60 2x60", _SOURCE),
    ),
    "MarrowdSweepFindsMuch": Case(
        fires=_swept(received="0+10x40", found="0+5x40"),
        quiet=_swept(received="0+0x40", found="0+1x40"),  # 12 in six hours
        every="30m", at="15h",
    ),
    "MarrowdCanaryMissing": Case(
        fires=_gauge("canary_seconds", "0.4 0.5 0.6 0.7x240", _SOURCE),
        quiet=_gauge("canary_seconds", "0.4 0.5 " * 120, _SOURCE),
        at="3h",
    ),
    "MarrowdCardsParked": Case(
        fires=_posts(taken="0+5x120", other="0x115 1x5", outcome="parked"),
        quiet=_posts(taken="0+5x120", other="1x120", outcome="parked"),
    ),
    "MarrowdDestinationStopped": Case(
        fires=_gauge("destination_stopped", "0x115 1x5", _DESTINATION),
        quiet=_gauge("destination_stopped", "1x60 0x60", _DESTINATION),  # it was let on again
    ),
    "MarrowdCardsWaiting": Case(
        fires=_gauge("outbox_oldest_seconds", "0+60x120", _DESTINATION),
        quiet=_gauge("outbox_oldest_seconds", "0+7x120", _DESTINATION),
    ),
    "MarrowdEhrUnavailable": Case(
        fires=_asked(ok="0+8x120", other="0+2x120", outcome="unavailable"),
        quiet=_asked(ok="0+0.5x120", other="0+0.5x120", outcome="unavailable"),  # 15 requests
    ),
    "MarrowdEhrRefuses": Case(
        fires=_asked(ok="0+9x120", other="0+1x120", outcome="refused"),
        quiet=_asked(ok="0+99x120", other="0+1x120", outcome="refused"),
    ),
    "MarrowdEhrSlow": Case(
        fires=_answered(quick="0+8x120", whole="0+10x120"),
        quiet=_answered(quick="0+99x120", whole="0+100x120"),
    ),
    "MarrowdReportsUnreadable": Case(
        fires=_read(_REPORTS, "outcome", good="0+7x80", bad="0+3x80"),
        quiet=_read(_REPORTS, "outcome", good="0+0.1x80", bad="0+0.2x80"),  # 14 a day
        every="30m", at="36h",
    ),
    "MarrowdResultsUnreadable": Case(
        fires=_read(_RESULTS, "class", good="0+7x80", bad="0+3x80"),
        quiet=_read(_RESULTS, "class", good="0+9x80", bad="0+1x80"),
        every="30m", at="36h",
    ),
    "MarrowdNoPositives": Case(
        fires=_read(_REPORTS, "outcome", good="0+2x200", bad="0x200", of="positive"),
        quiet=_read(_REPORTS, "outcome", good="0+2x200", bad="0x199 1", of="positive"),
        every="1h", at="200h",
    ),
    "MarrowdReadingDisputed": Case(
        fires=_feedback(accepted="0+1x200", disputed="0+0.5x200"),
        quiet=_feedback(accepted="0x200", disputed="0+0.1x200"),  # 17 in a week
        every="1h", at="200h",
    ),
}  # fmt: skip
