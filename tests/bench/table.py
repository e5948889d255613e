"""
The table as Markdown and JSON, and the plot: how many times better than asked for, as bars.

    python -m tests.bench.table TABLE.json README.md

puts the rows that have a target between the two marks in the README.
"""

import json
import math
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from tests.bench.rows import Row, as_json

_HELD = {True: "held", False: "**not held**", None: ""}
_LINE, _LEFT, _WIDE, _MARGIN = 22, 560, 360, 12  # pixels
_BEGIN, _END = "<!-- make bench -->", "<!-- end of make bench -->"
_DECADES = 2.0  # shown to either side of the target


def write(folder: Path, rows: Sequence[Row], missing: Mapping[str, str]) -> None:
    """Write `table.md`, `table.json` and `ratios.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(markdown(rows, missing), encoding="utf-8")
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "rows": [as_json(row) for row in rows],
        "not_measured": dict(missing),
    }
    (folder / "table.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (folder / "ratios.svg").write_text(_svg([r for r in rows if r.target]), encoding="utf-8")


def markdown(rows: Sequence[Row], missing: Mapping[str, str]) -> str:
    """Give the table; of a figure the median, of a ratio also the lowest and highest round."""
    said = [
        "| work | marrowd | peer | | ratio (of the rounds) | target | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        spread = ""
        if row.lowest < row.highest:
            spread = f" ({_figure(row.lowest)} to {_figure(row.highest)})"
        target = "" if row.target is None else str(row.target)
        said.append(
            f"| {row.work} | {_figure(row.ours)} {row.unit} | {row.peer} "
            f"| {_figure(row.theirs)} {row.unit} | {_figure(row.ratio)}{spread} "
            f"| {target} | {_HELD[row.is_held]} |"
        )
    said += [f"\nNot measured: {name}: {why}" for name, why in missing.items()]
    return "\n".join(said) + "\n"


def _figure(value: float) -> str:
    """Write three digits that count."""
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def _svg(rows: Sequence[Row]) -> str:
    """Draw one bar a target, on a logarithmic scale around it; to the right it is held."""
    high = 2 * _MARGIN + _LINE * (len(rows) + 1)
    middle = _LEFT + _WIDE / 2
    size = f'width="{_LEFT + _WIDE + 80}" height="{high}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for decade in range(-int(_DECADES), int(_DECADES) + 1):
        x = middle + decade * _WIDE / 2 / _DECADES
        label = "target" if decade == 0 else f"{10.0**decade:g}x"
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{_MARGIN + _LINE}" y2="{high - _MARGIN}" stroke="#ccc"/>'
            f'<text x="{x}" y="{_MARGIN + 12}" text-anchor="middle" fill="#555">{label}</text>'
        )
    for number, row in enumerate(rows):
        assert row.target is not None
        margin = row.target.margin(row.ratio)
        shown = max(-_DECADES, min(_DECADES, math.log10(margin)))
        length = abs(shown) * _WIDE / 2 / _DECADES
        y = _MARGIN + _LINE * (number + 1)
        x = middle if margin >= 1 else middle - length
        colour = "#2a7f62" if margin >= 1 else "#b5432a"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">'
            f"{escape(f'{row.work} / {row.peer}')}</text>"
            f'<rect x="{x:.1f}" y="{y + 4}" width="{max(length, 1):.1f}" height="14" '
            f'fill="{colour}"/><text x="{_LEFT + _WIDE + 6}" y="{y + 15}">{margin:.2f}x</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def into_readme(table: Path, readme: Path) -> None:
    """Put what was measured last between the marks of *readme*."""
    record = json.loads(table.read_text(encoding="utf-8"))
    said = [
        f"Measured {record['at'][:10]}, {record['cores']} cores, Python {record['python']}.",
        "",
        "| work | marrowd | peer | | ratio | target | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in record["rows"]:
        if row["target"] is not None:
            ours, theirs = (_figure(row[name]) for name in ("marrowd", "theirs"))
            said.append(
                f"| {row['work']} | {ours} {row['unit']} | {row['peer']} "
                f"| {theirs} | {_figure(row['ratio'])} | {row['target']} | {_HELD[row['held']]} |"
            )
    head, _, rest = readme.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    whole = "\n".join([f"{head}{_BEGIN}", *said, f"{_END}{tail}"])
    readme.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    into_readme(*map(Path, sys.argv[1:]))
