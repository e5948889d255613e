"""
Cuts a text into words with offsets: one linear pass at C speed, no look-ahead and no backtracking.

Words come lower-cased and in their usual spelling (`spelling` maps variants and typing errors), so
that every later step compares short strings; the text itself is never changed, so offsets are into
the text as given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, islice, repeat

# letters with trailing digits ("t2", "mt4"), numbers with an ordinal ending ("2nd"), or one sign
_WORD = re.compile(r"([^\W\d_]+\d{0,2}|\d+(?:[.]\d+)?(?:st|nd|rd|th|ST|ND|RD|TH)?|\n|[^\s\w]|_+)")
# the same for a text of ASCII alone, where plain ranges are looked up a good deal faster; with the
# blanks behind each word, so that no second list holds the gaps
_BLANKS = " \t\r\v\f\x1c\x1d\x1e\x1f"
_ASCII_WORD = re.compile(
    r"(?:[A-Za-z]+[0-9]{0,2}|[^A-Za-z0-9_ \t\r\v\f\x1c-\x1f]|"
    r"[0-9]+(?:[.][0-9]+)?(?:st|nd|rd|th|ST|ND|RD|TH)?|_+)[ \t\r\v\f\x1c-\x1f]*"
)
_DOTTED = "M.R.I."


@dataclass(slots=True)
class Words:
    """The words of a text: `words[i]` stands at `text[starts[i]:ends[i]]`, end exclusive."""

    text: str
    words: list[str]
    raw: list[str]
    starts: list[int]

    def start(self, index: int) -> int:
        """Give the offset of the first character of a word."""
        return self.starts[index]

    def end(self, index: int) -> int:
        """Give the offset behind the last character of a word."""
        return self.starts[index] + len(self.raw[index])


def words_of(text: str, spelling: Mapping[str, str]) -> Words:
    """Cut *text*; *spelling* maps a lower-case word to its usual spelling."""
    cut = text.replace(_DOTTED, "MRI   ") if _DOTTED in text else text
    if text.isascii():
        parts = _ASCII_WORD.findall(cut)
        blanks = len(text) - len(text.lstrip(_BLANKS))
        starts = list(accumulate(map(len, parts), initial=blanks))
        del starts[-1]
        raw = list(map(str.rstrip, parts, repeat(_BLANKS)))
    else:
        parts = _WORD.split(cut)
        starts = list(islice(accumulate(map(len, parts)), 0, len(parts) - 1, 2))
        raw = parts[1::2]
    lowered = list(map(str.lower, raw))
    if not spelling.keys().isdisjoint(lowered):
        lowered = list(map(spelling.get, lowered, lowered))
    if cut is not text:  # offsets are of the text as given
        raw = [
            _DOTTED if text.startswith(_DOTTED, start) else word
            for word, start in zip(raw, starts, strict=True)
        ]
    return Words(text, lowered, raw, starts)
