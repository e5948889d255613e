"""What an entry of a chart is called when the demo prints it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Row = Mapping[str, Any]

_TESTS: Final[Mapping[str, str]] = {"d3": "25(OH)D3", "d3-molar": "25(OH)D3", "d2": "25(OH)D2"}
_FORMS: Final[Mapping[str, str]] = {
    "html": "HTML",
    "rtf": "RTF",
    "scan": "scanned PDF",
    "binary": "text in a Binary",
    "conclusion": "conclusion only",
}


def told_of(row: Row) -> str:
    """Give a line about an entry, with how its notification went if that is the point."""
    said = _WORDS[str(row["kind"])](row)
    return f"{said}; {row['note']}" if "note" in row else said


def _lab(row: Row) -> str:
    test = _TESTS.get(row.get("test", "total"), "25(OH)D")
    value = f"{row.get('comparator', '')}{row['value']} {row.get('unit', 'ng/mL')}"
    status = row.get("status", "final")
    return f"{test} {value}" if status == "final" else f"{test} {value}, {status}"


def _study(row: Row) -> str:
    return f"MRI {row['exam']}: study {row.get('status', 'available')}"


def _report(row: Row) -> str:
    status = row.get("status", "final")
    told = [f"MRI {row['exam']}: report", "" if status == "final" else status]
    told += [_FORMS.get(row.get("form", "plain"), ""), row.get("language", "")]
    return ", ".join(word for word in told if word)


_WORDS: Final[Mapping[str, Callable[[Row], str]]] = {
    "lab": _lab,
    "study": _study,
    "report": _report,
    "panel": lambda _: "laboratory's report on the draw",
    "problem": lambda row: f"problem list: {row['display']}",
    "ping": lambda _: "empty notification: something changed",
}
