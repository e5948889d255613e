"""
What a panel is here: a title, a sentence for whoever looks, a unit, queries; and how it is drawn.

Every query selects by `job` and `instance`, so that one Grafana can show many installations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

SELECT = 'job=~"$job",instance=~"$instance"'
DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="$datasource")
Builder = stat.Panel | timeseries.Panel
_THIRD, _QUARTER = 8, 6  # of the 24 columns
_LOW, _HIGH = 4, 8  # rows
_COLOURS = ("green", "orange", "red")


class Unit(StrEnum):
    """Units, as Grafana calls them."""

    COUNT = "short"
    SECONDS = "s"
    SHARE = "percentunit"
    PER_SECOND = "ops"
    REQUESTS = "reqps"
    YES_NO = "bool_yes_no"
    BURN = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL expression and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `limits` are where green ends and where red begins."""

    title: str
    says: str
    unit: Unit
    queries: Sequence[Query]
    is_stat: bool = False
    limits: tuple[float, float] | None = None

    def build(self) -> Builder:
        """Give it as Grafana draws it."""
        drawn = self._stat() if self.is_stat else self._curves()
        drawn = drawn.title(self.title).description(self.says).unit(self.unit)
        drawn = drawn.datasource(DATASOURCE).thresholds(self._steps())
        for number, query in enumerate(self.queries):
            drawn = drawn.with_target(
                prometheus.Dataquery()
                .datasource(DATASOURCE)
                .expr(query.expr)
                .legend_format(query.legend or "__auto")
                .ref_id(chr(ord("A") + number))
            )
        return drawn

    def _stat(self) -> stat.Panel:
        calm = common_model.BigValueGraphMode.AREA
        last = common.ReduceDataOptions().calcs(["lastNotNull"])
        drawn = stat.Panel().span(_QUARTER).height(_LOW)
        return drawn.graph_mode(calm).reduce_options(last)

    def _curves(self) -> timeseries.Panel:
        legend = (
            common.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
        )
        drawn = timeseries.Panel().span(_THIRD).height(_HIGH).legend(legend).fill_opacity(10).min(0)
        if self.limits is None:
            return drawn
        line = common.GraphThresholdsStyleConfig().mode(common_model.GraphTresholdsStyleMode.DASHED)
        return drawn.thresholds_style(line)

    def _steps(self) -> dashboard.ThresholdsConfig:
        edges: list[float | None] = [None, *(self.limits or ())]
        steps = [
            model.Threshold(value=edge, color=colour)
            for edge, colour in zip(edges, _COLOURS, strict=False)
        ]
        return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def rate(metric: str, by: str = "", labels: str = "") -> str:
    """Write how many a second of a counter, by labels."""
    select = f"{SELECT},{labels}" if labels else SELECT
    over = f" by ({by})" if by else ""
    return f"sum{over} (rate({metric}{{{select}}}[$__rate_interval]))"


def increase(metric: str, labels: str = "", *, by: str = "", window: str = "$__range") -> str:
    """Write how many in *window*, by labels."""
    select = f"{SELECT},{labels}" if labels else SELECT
    over = f" by ({by})" if by else ""
    return f"sum{over} (increase({metric}{{{select}}}[{window}]))"


def largest(metric: str, by: str = "") -> str:
    """Write the largest value: replicas tell the same of the store they share."""
    over = f" by ({by})" if by else ""
    return f"max{over} ({metric}{{{SELECT}}})"


def quantiles(histogram: str, *, by: str = "", legend: str = "") -> list[Query]:
    """Write the median, the 95th and the 99th percentile of a histogram."""
    labels = f"le, {by}" if by else "le"
    buckets = f"sum by ({labels}) (rate({histogram}_bucket{{{SELECT}}}[$__rate_interval]))"
    return [
        Query(expr=f"histogram_quantile({q}, {buckets})", legend=f"{name}{legend}")
        for q, name in ((0.5, "median"), (0.95, "p95"), (0.99, "p99"))
    ]


def within(histogram: str, limit: float, *, by: str = "") -> str:
    """Write the share of a histogram that took no longer than *limit*, which is a bucket."""
    quick = rate(f"{histogram}_bucket", by, f'le="{limit}"')
    return f"{quick} / {rate(f'{histogram}_count', by)}"


def share(part: str, whole: str) -> str:
    """Write a share that is 0, not unknown, when there is nothing yet."""
    return f"{part} / clamp_min({whole}, 1)"
