"""Write the dashboards that Grafana loads: `python -m deploy.grafana.build`."""

from collections.abc import Sequence
from pathlib import Path

from deploy.grafana import clinical, delivery, pipeline, service, sources
from deploy.grafana.panels import DATASOURCE, Panel
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, VariableRefresh

FOLDER = Path(__file__).with_name("dashboards")
_UP = "marrowd_build_info"

DASHBOARDS: dict[str, tuple[str, Sequence[Panel]]] = {
    "service": ("Service", service.PANELS),
    "pipeline": ("Pipeline", pipeline.PANELS),
    "delivery": ("EHR delivery", delivery.PANELS),
    "sources": ("Subscriptions and sources", sources.PANELS),
    "clinical": ("Clinical quality", clinical.PANELS),
}


def files() -> dict[str, str]:
    """Give the text of every file by its name."""
    return {
        f"marrowd-{name}.json": _json(name, title, panels)
        for name, (title, panels) in DASHBOARDS.items()
    }


def _json(name: str, title: str, panels: Sequence[Panel]) -> str:
    board = (
        Dashboard(f"marrowd: {title}")
        .uid(f"marrowd-{name}")
        .tags(["marrowd"])
        .readonly()
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("job", f"label_values({_UP}, job)"))
        .with_variable(_variable("instance", f'label_values({_UP}{{job=~"$job"}}, instance)'))
    )
    for number, panel in enumerate(panels, start=1):
        board = board.with_panel(panel.build().id(number))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _variable(name: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in files().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
