"""The rendered page is the tests: it is current, and nothing is left out of it."""

from pathlib import Path

import pytest
from tests.spec import render
from tests.spec.tables import Table, row


def test_committed_page_is_current():
    """Run `make spec` when this fails."""
    assert render.PAGE.read_text(encoding="utf-8") == render.page()


def test_every_module_of_tables_is_rendered():
    written = {path.stem for path in Path(__file__).parent.glob("core/test_*.py")}

    assert {name for _, names in render.CHAPTERS for name in names} == written


def table(*rows):
    return Table(title="T", rule="R.", columns=("a", "b"), rows=rows)


def test_two_rows_of_one_name_are_refused():
    with pytest.raises(ValueError, match="one name"):
        table(row("x", 1, 2), row("x", 1, 2))


def test_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="as many cells"):
        table(row("x", 1))
