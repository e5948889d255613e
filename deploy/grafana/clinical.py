"""Is it saying anything wrong: verdicts, what was read, what clinicians answer, which rules."""

from deploy.grafana.panels import SELECT, Panel, Query, Unit, increase, share
from deploy.prometheus.objectives import DISAGREE_SHARE, UNREADABLE_SHARE

_VERDICTS, _REPORTS = "marrowd_verdicts_total", "marrowd_reports_read_total"
_RESULTS, _FEEDBACK = "marrowd_vitamin_d_results_total", "marrowd_card_feedback_total"
_KNOWN = 'reason!="unknown_card"'
_DAY = "1d"


def _daily(metric: str, by: str, labels: str = "") -> list[Query]:
    legend = " ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    return [Query(expr=increase(metric, labels, by=by, window=_DAY), legend=legend)]


PANELS = (
    Panel(
        title="Positive reports",
        says="Share of imaging reports read as affirming marrow edema, in the range shown.",
        unit=Unit.SHARE,
        is_stat=True,
        queries=[Query(expr=share(increase(_REPORTS, 'outcome="positive"'), increase(_REPORTS)))],
    ),
    Panel(
        title="Unreadable reports",
        says="Share of imaging reports that could not be read, in the range shown.",
        unit=Unit.SHARE,
        is_stat=True,
        limits=(UNREADABLE_SHARE / 4, UNREADABLE_SHARE),
        queries=[Query(expr=share(increase(_REPORTS, 'outcome="unreadable"'), increase(_REPORTS)))],
    ),
    Panel(
        title="Cards accepted",
        says="Share of the cards that clinicians answered, in the range shown.",
        unit=Unit.SHARE,
        is_stat=True,
        queries=[
            Query(
                expr=share(increase(_FEEDBACK, 'outcome="accepted"'), increase(_FEEDBACK, _KNOWN))
            )
        ],
    ),
    Panel(
        title="Reading disputed",
        says="Share of answered cards where the clinician disagreed with the reading.",
        unit=Unit.SHARE,
        is_stat=True,
        limits=(DISAGREE_SHARE / 2, DISAGREE_SHARE),
        queries=[
            Query(
                expr=share(
                    increase(_FEEDBACK, 'reason="disagree-with-reading"'),
                    increase(_FEEDBACK, _KNOWN),
                )
            )
        ],
    ),
    Panel(
        title="Verdicts a day",
        says="Decisions of the last 24 hours, by kind.",
        unit=Unit.COUNT,
        queries=_daily(_VERDICTS, "verdict"),
    ),
    Panel(
        title="Reports read a day",
        says="Imaging reports of the last 24 hours, by what came of reading them.",
        unit=Unit.COUNT,
        queries=_daily(_REPORTS, "outcome"),
    ),
    Panel(
        title="25(OH)D results a day",
        says="Results of the last 24 hours, by class.",
        unit=Unit.COUNT,
        queries=_daily(_RESULTS, "class"),
    ),
    Panel(
        title="Cards shown a day",
        says="By verdict and indicator.",
        unit=Unit.COUNT,
        queries=_daily("marrowd_cards_shown_total", "verdict, indicator"),
    ),
    Panel(
        title="What clinicians did a day",
        says="Cards accepted and overridden in the last 24 hours.",
        unit=Unit.COUNT,
        queries=_daily(_FEEDBACK, "outcome"),
    ),
    Panel(
        title="Why cards were overridden",
        says="Reasons of the last 24 hours, as cards offer them.",
        unit=Unit.COUNT,
        queries=_daily(_FEEDBACK, "reason", 'outcome="overridden"'),
    ),
    Panel(
        title="Share of reports read as positive",
        says="Over 24 hours: a step without a change of clinic is a change of reading.",
        unit=Unit.SHARE,
        queries=[
            Query(
                expr=share(
                    increase(_REPORTS, 'outcome="positive"', window=_DAY),
                    increase(_REPORTS, window=_DAY),
                ),
                legend="positive",
            )
        ],
    ),
    Panel(
        title="Rules in force",
        says="Processes by version of the rules that read reports and judge results.",
        unit=Unit.COUNT,
        queries=[
            Query(expr=f"count by (rules) (marrowd_build_info{{{SELECT}}})", legend="{{rules}}")
        ],
    ),
)
