"""Texts read before are not read again, and nothing else is taken for them."""

from marrowd.cds.readings import RememberingReader
from marrowd.core.reading import Reading, Section


class Counting:
    def __init__(self):
        self.asked = []

    def read(self, text, *, title="", section=None):
        self.asked.append((text, title, section))
        return Reading(language="en", sections=(section or Section.FINDINGS,))


def test_the_same_text_is_read_once():
    inner = Counting()
    reader = RememberingReader(inner)

    first = reader.read("a report", title="MRI", section=Section.IMPRESSION)
    again = reader.read("a report", title="MRI", section=Section.IMPRESSION)

    assert again is first
    assert inner.asked == [("a report", "MRI", Section.IMPRESSION)]


def test_another_text_title_or_section_is_read():
    inner = Counting()
    reader = RememberingReader(inner)

    reader.read("a report")
    reader.read("a report.")
    reader.read("a report", title="MRI")
    assert reader.read("a report", section=Section.IMPRESSION).sections == (Section.IMPRESSION,)

    assert len(inner.asked) == 4


def test_a_long_text_is_not_kept():
    inner = Counting()
    reader = RememberingReader(inner)

    for _ in range(2):
        reader.read("x" * 10_001)

    assert len(inner.asked) == 2
