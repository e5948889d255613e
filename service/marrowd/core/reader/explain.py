"""
Explains a reading: the rules behind each finding, and why a mention gave none.

Reads the text a second time with a notebook open, so that an ordinary reading pays nothing for it.
"""

from typing import TYPE_CHECKING, NamedTuple

from marrowd.core.reader.report import Report
from marrowd.core.reading import Section

if TYPE_CHECKING:
    from marrowd.core.reader.read import Reader


class Explanation(NamedTuple):
    """What was made of the words at `text[start:end]`, and the rules that led there."""

    start: int
    end: int
    text: str
    says: str
    bones: tuple[str, ...]
    rules: tuple[str, ...]


def explain(
    reader: "Reader", text: str, *, title: str = "", section: Section | None = None
) -> tuple[Explanation, ...]:
    """
    Say for each thing said of marrow what became of it.

    Args:
        reader: that reads the text.
        text: as given.
        title: as in `Reader.read`.
        section: as in `Reader.read`.

    Returns:
        In order of appearance; empty for a text that is not read at all.

    """
    report = reader.report_of(text, title=title, section=section, is_explained=True)
    if not isinstance(report, Report):
        return ()
    return tuple(
        Explanation(
            note.start,
            note.end,
            text[note.start : note.end],
            note.says,
            note.bones,
            note.rules,
        )
        for note in report.notes
    )
