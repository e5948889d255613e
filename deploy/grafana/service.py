"""Is it up, is it quick, does it keep its promises."""

from deploy.grafana.panels import Panel, Query, Unit, increase, quantiles, rate, share, within
from deploy.prometheus.burning import ratio
from deploy.prometheus.objectives import BURNS, HOOK_SLOW_S, LAG_LATE_S, OBJECTIVES

_CALLS = "marrowd_hook_requests_total"
_TIME = "marrowd_hook_duration_seconds"
_UNANSWERED = 'outcome=~"unavailable|precondition"'
_FAST, _SLOW = BURNS[0], BURNS[-1]


def _burn(window: str) -> list[Query]:
    return [
        Query(
            expr=f'{ratio(each, window)}{{job=~"$job"}} / {each.budget:g}',
            legend=each.name.replace("_", " "),
        )
        for each in OBJECTIVES
    ]


PANELS = (
    Panel(
        title="Processes",
        says="How many processes of marrowd are scraped.",
        unit=Unit.COUNT,
        is_stat=True,
        queries=[Query(expr='count(marrowd_build_info{job=~"$job",instance=~"$instance"})')],
    ),
    Panel(
        title="Hook calls",
        says="Calls of CDS Hooks a second, over all services.",
        unit=Unit.REQUESTS,
        is_stat=True,
        queries=[Query(expr=rate(_CALLS))],
    ),
    Panel(
        title="Hook calls not answered",
        says="Share of calls in the range shown that got 412 or 503 instead of an answer.",
        unit=Unit.SHARE,
        is_stat=True,
        limits=(0.001, 0.0144),
        queries=[Query(expr=share(increase(_CALLS, _UNANSWERED), increase(_CALLS)))],
    ),
    Panel(
        title="Cards shown",
        says="Cards given in answer to hooks in the range shown.",
        unit=Unit.COUNT,
        is_stat=True,
        queries=[Query(expr=increase("marrowd_cards_shown_total"))],
    ),
    Panel(
        title="Hook calls by outcome",
        says="Answers with and without cards; 412 (precondition) and 503 (unavailable) are faults.",
        unit=Unit.REQUESTS,
        queries=[Query(expr=rate(_CALLS, "outcome"), legend="{{outcome}}")],
    ),
    Panel(
        title="Time to answer a hook",
        says="Over all services. EHRs give up after about half a second.",
        unit=Unit.SECONDS,
        limits=(HOOK_SLOW_S, 1.0),
        queries=quantiles(_TIME),
    ),
    Panel(
        title="Hooks answered in time",
        says="Share within 50 ms, as from stored evidence, and within 500 ms, as promised.",
        unit=Unit.SHARE,
        queries=[
            Query(expr=within(_TIME, 0.05), legend="within 50 ms"),
            Query(expr=within(_TIME, HOOK_SLOW_S), legend="within 500 ms"),
        ],
    ),
    Panel(
        title="Hook calls by service",
        says="Which moments of the EHR's work ask.",
        unit=Unit.REQUESTS,
        queries=[Query(expr=rate(_CALLS, "service"), legend="{{service}}")],
    ),
    Panel(
        title=f"Budget burn, {_FAST.long}",
        says="How many times faster than allowed each promise's budget is spent; pages above "
        f"{_FAST.factor:g}.",
        unit=Unit.BURN,
        limits=(1, _FAST.factor),
        queries=_burn(_FAST.long),
    ),
    Panel(
        title=f"Budget burn, {_SLOW.long}",
        says="The same over days: above 1 the 30 days will not be kept.",
        unit=Unit.BURN,
        limits=(1, 3),
        queries=_burn(_SLOW.long),
    ),
    Panel(
        title="Cards in time",
        says="Share of cards taken by the EHR within 60 s of their event, as promised.",
        unit=Unit.SHARE,
        queries=[
            Query(expr=within("marrowd_delivery_lag_seconds", LAG_LATE_S), legend="within 60 s")
        ],
    ),
    Panel(
        title="Versions in force",
        says="Processes by version of the program and of the rules; more than one is a rollout.",
        unit=Unit.COUNT,
        queries=[
            Query(
                expr='count by (version, rules) (marrowd_build_info{job=~"$job",'
                'instance=~"$instance"})',
                legend="{{version}}, rules {{rules}}",
            )
        ],
    ),
)
