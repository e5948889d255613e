"""
Every threshold of the alerts and every line drawn on a dashboard, in one place.

Change a figure here, run `make ops-assets`, and rules and dashboards follow. The thresholds of
objectives are buckets of the service's histograms: a share is then counted, never interpolated.
"""

from dataclasses import dataclass
from enum import StrEnum

RUNBOOK = "https://runbooks.example.org/marrowd/runbook.md"  # where you publish docs/runbook.md
JOB = "marrowd"  # the `job` under which Prometheus scrapes the service; one per installation


class Severity(StrEnum):
    """Who hears of it: somebody now, or somebody during working hours."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """Budget of 30 days spent so fast, over a long and a short window (SRE workbook, chapter 5)."""

    severity: Severity
    factor: float  # 1 would spend the budget in exactly 30 days
    long: str
    short: str


BURNS = (
    Burn(severity=Severity.PAGE, factor=14.4, long="1h", short="5m"),  # 2 % of the budget
    Burn(severity=Severity.PAGE, factor=6, long="6h", short="30m"),  # 5 %
    Burn(severity=Severity.TICKET, factor=3, long="1d", short="2h"),  # 10 %
    Burn(severity=Severity.TICKET, factor=1, long="3d", short="6h"),  # 10 %
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise over 30 days, and the queries that count what kept it; `{w}` is the window."""

    name: str  # as in the names of series
    alert: str  # as in the names of alerts
    promise: str
    share: float  # of all that counts
    bad: str
    all: str
    floor: int  # fewer in the long window say nothing: one failure at night pages nobody

    @property
    def budget(self) -> float:
        """The share that may fail."""
        return round(1 - self.share, 6)


HOOK_SLOW_S = 0.5  # CDS Hooks: "within 500 ms"
LAG_LATE_S = 60.0  # a chart opened a minute after the result was filed has the card
SCREENING_SLOW_S = 5.0

_UNANSWERED = 'outcome=~"unavailable|precondition"'
_ANSWERABLE = 'outcome!~"bad_request|unauthorized"'  # the caller's faults spend no budget


def _over(histogram: str, limit: float) -> str:
    """Count what took longer than *limit*, which is a bucket."""
    within = f'{histogram}_bucket{{{{le="{limit}"}}}}'
    return f"sum by (job) (rate({histogram}_count[{{w}}])) - sum by (job) (rate({within}[{{w}}]))"


HOOK_ERRORS = Objective(
    name="hook_errors",
    alert="HookErrors",
    promise="99.9 % of hook calls that could be answered are",
    share=0.999,
    bad=f"sum by (job) (rate(marrowd_hook_requests_total{{{{{_UNANSWERED}}}}}[{{w}}]))",
    all=f"sum by (job) (rate(marrowd_hook_requests_total{{{{{_ANSWERABLE}}}}}[{{w}}]))",
    floor=50,
)
HOOK_SLOW = Objective(
    name="hook_slow",
    alert="HooksSlow",
    promise="99 % of hook calls are answered within 500 ms",
    share=0.99,
    bad=_over("marrowd_hook_duration_seconds", HOOK_SLOW_S),
    all="sum by (job) (rate(marrowd_hook_duration_seconds_count[{w}]))",
    floor=50,
)
CARDS_LATE = Objective(
    name="cards_late",
    alert="CardsLate",
    promise="99 % of cards are taken by the EHR within 60 s of their event",
    share=0.99,
    bad=_over("marrowd_delivery_lag_seconds", LAG_LATE_S),
    all="sum by (job) (rate(marrowd_delivery_lag_seconds_count[{w}]))",
    floor=10,
)
POSTS_FAILED = Objective(
    name="posts_failed",
    alert="PostsFailing",
    promise="99 % of attempts to post a card are taken",
    share=0.99,
    bad='sum by (job) (rate(marrowd_deliveries_total{{outcome!="taken"}}[{w}]))',
    all="sum by (job) (rate(marrowd_deliveries_total[{w}]))",
    floor=10,
)
OBJECTIVES = (HOOK_ERRORS, HOOK_SLOW, CARDS_LATE, POSTS_FAILED)

# Waiting: an event retried against a silent EHR waits too, so these are past a short restart.
INBOX_OLD_S = 900
INBOX_DEEP = 1000  # hours of a hospital's events; a first sweep may pass it for minutes
OUTBOX_OLD_S = 900
SCREENING_SLOW_SHARE = 0.05
SCREENING_FLOOR = 20  # events in the window

# Loss.
SILENCE_S = 6 * 3600
SILENCE_USUAL = 20  # events in the same six hours of last week: fewer make silence ordinary
GAPS_PER_HOUR = 3  # each was asked for and made up: now and then is what notifications are
SWEPT_SHARE = 0.05  # events that only a sweep found
SWEPT_FLOOR = 20
CANARY_LATE_S = 300
CANARY_WINDOW = "30m"  # a canary that is on its way changes the figure within this

# FHIR servers.
EHR_UNAVAILABLE_SHARE = 0.1
EHR_REFUSED_SHARE = 0.05
EHR_SLOW_P95_S = 2.5
EHR_FLOOR = 20  # requests in the window

# What is said. Windows of a day and a week: a clinic's mix of patients swings by the hour.
UNREADABLE_SHARE = 0.2
UNREADABLE_FLOOR = 20
NO_POSITIVES_REPORTS = 200  # reports in a week without one positive: a reader that reads nothing
DISAGREE_SHARE = 0.1  # of feedback that says the reading is wrong
DISAGREE_FLOOR = 20
