"""What operators load is what its Python says, to the letter."""

import pytest
from deploy.grafana import build as dashboards
from deploy.prometheus import build as rules


@pytest.mark.parametrize(
    ("folder", "files"),
    [(dashboards.FOLDER, dashboards.files()), (rules.RULES, rules.files())],
    ids=["dashboards", "rules"],
)
def test_committed_files_are_current(folder, files):
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    assert committed == files, "run `make ops-assets`"
