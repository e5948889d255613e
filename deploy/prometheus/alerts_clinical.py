"""Is it saying anything wrong: shares that a working reader does not have."""

from deploy.prometheus.alerting import Alert
from deploy.prometheus.objectives import (
    DISAGREE_FLOOR,
    DISAGREE_SHARE,
    NO_POSITIVES_REPORTS,
    UNREADABLE_FLOOR,
    UNREADABLE_SHARE,
    Severity,
)


def _sum(metric: str, window: str) -> str:
    return f"sum by (job) (increase({metric}[{window}]))"


def _mostly(metric: str, label: str) -> str:
    bad = _sum(f'{metric}{{{label}="unreadable"}}', "1d")
    whole = _sum(metric, "1d")
    return f"{bad} / {whole} > {UNREADABLE_SHARE} and {whole} >= {UNREADABLE_FLOOR}"


_FEEDBACK = 'marrowd_card_feedback_total{reason!="unknown_card"}'
_DISAGREE = _sum('marrowd_card_feedback_total{reason="disagree-with-reading"}', "7d")
_POSITIVE = _sum('marrowd_reports_read_total{outcome="positive"}', "7d")

ALERTS = (
    Alert(
        name="MarrowdReportsUnreadable",
        severity=Severity.TICKET,
        expr=_mostly("marrowd_reports_read_total", "outcome"),
        wait="1h",
        summary="{{ $value | humanizePercentage }} of imaging reports cannot be read",
        description="A language, a format or an attachment that marrowd does not know.",
    ),
    Alert(
        name="MarrowdResultsUnreadable",
        severity=Severity.TICKET,
        expr=_mostly("marrowd_vitamin_d_results_total", "class"),
        wait="1h",
        summary="{{ $value | humanizePercentage }} of 25(OH)D results cannot be read",
        description="A unit or a form of value that marrowd does not know.",
    ),
    Alert(
        name="MarrowdNoPositives",
        severity=Severity.TICKET,
        expr=(
            f"{_POSITIVE} == 0"
            f" and {_sum('marrowd_reports_read_total', '7d')} >= {NO_POSITIVES_REPORTS}"
        ),
        wait="1h",
        summary="Not one of a week's imaging reports was positive",
        description="Improbable in a foot clinic: reports may be cut short or in other words.",
    ),
    Alert(
        name="MarrowdReadingDisputed",
        severity=Severity.TICKET,
        expr=(
            f"{_DISAGREE} / {_sum(_FEEDBACK, '7d')} > {DISAGREE_SHARE}"
            f" and {_sum(_FEEDBACK, '7d')} >= {DISAGREE_FLOOR}"
        ),
        wait="1h",
        summary="Clinicians dispute {{ $value | humanizePercentage }} of the cards they answered",
        description="They chose the override reason that marrowd read the report wrongly.",
    ),
)
