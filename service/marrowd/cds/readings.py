"""
Texts read before: a report is sent again with every hook of a chart, and means the same each time.

A reading depends on the text, the title and the section alone, so that the same three give the same
reading, whoever asks. Long texts are read anew: what is kept stays below some 20 MB.
"""

from functools import lru_cache
from typing import Final

from marrowd.core.reading import Reading, Section
from marrowd.fhir.reports import ReportReader

_MOST: Final = 1_000
_LONGEST: Final = 10_000  # characters; ordinary reports have 1,000 to 4,000


class RememberingReader:
    """Another reader, and what it read of late."""

    def __init__(self, reader: ReportReader) -> None:
        self._reader = reader
        self._known = lru_cache(maxsize=_MOST)(self._read)

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:
        """Read one text, unless it was read before."""
        if len(text) + len(title) > _LONGEST:
            return self._read(text, title, section)
        return self._known(text, title, section)

    def _read(self, text: str, title: str, section: Section | None) -> Reading:
        return self._reader.read(text, title=title, section=section)
