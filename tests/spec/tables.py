"""
Truth tables that are tests and, by `tests/spec/render.py`, the page docs/truth-tables.md.

A `Table` states one rule in a sentence, with its source; each `Row` is a case whose name says what
it shows. Cells are plain text, read by `tests.support.notation`, so that the page shows what was
tested and no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

PROJECT = "this project's own decision"


@dataclass(frozen=True, slots=True)
class Row:
    """One case: its name and its cells, in the order of the table's columns."""

    name: str
    cells: tuple[Any, ...]
    source: str = ""  # where it differs from that of the table


def row(name: str, *cells: Any, source: str = "") -> Row:
    """Write a row."""
    return Row(name, cells, source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One rule: a sentence, its source, its cases."""

    title: str
    rule: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    source: str = PROJECT
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a row that does not fit, or a name used twice."""
        object.__setattr__(self, "names", tuple(each.name for each in self.rows))
        if len(set(self.names)) < len(self.rows):
            message = f"{self.title}: two rows have one name"
            raise ValueError(message)
        if any(len(each.cells) != len(self.columns) for each in self.rows):
            message = f"{self.title}: a row has not as many cells as there are columns"
            raise ValueError(message)

    @property
    def cases(self) -> pytest.MarkDecorator:
        """Run a test once for each row, given the columns, the last as `expected`."""
        names = (*self.columns[:-1], "expected")
        arguments = tuple(name.lower().replace(" ", "_") for name in names)
        return pytest.mark.parametrize(
            arguments, [pytest.param(*each.cells, id=each.name) for each in self.rows]
        )

    def page(self) -> Iterator[str]:
        """Give the lines of the table in Markdown."""
        yield f"### {self.title}"
        yield ""
        yield f"{self.rule} *Source: {self.source}.*"
        yield ""
        has_sources = any(each.source for each in self.rows)
        head = ("case", *self.columns, *(("source",) if has_sources else ()))
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        for each in self.rows:
            cells = [each.name, *(_cell(cell) for cell in each.cells)]
            if has_sources:
                cells.append(each.source or self.source)
            yield f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple | list | set | frozenset):
        return "<br>".join(_cell(each) for each in value) or "nothing"
    return str(value).replace("|", "\\|").replace("<", "&lt;") if value != "" else "-"
