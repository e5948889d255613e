"""
Cuts a text into words with offsets: one linear pass at C speed, no look-ahead and no backtracking.

Words come lower-cased and in their usual spelling (`Tokens` knows variants and typing errors), so
that every later step compares short strings; the text itself is never changed, so offsets are into
the text as given.
"""

import re
from collections.abc import Mapping
from itertools import accumulate
from sys import intern

# letters with trailing digits ("t2", "mt4"), numbers with an ordinal ending ("2nd"), or one sign,
# each with the blanks behind it, so that no second list holds the gaps
_WORD = re.compile(
    r"[^\W\d_]++\d{0,2}+[^\S\n]*+|(?:[^\s\w]|\n)[^\S\n]*+|"
    r"\d++(?:[.]\d++)?(?:st|nd|rd|th|ST|ND|RD|TH)?[^\S\n]*+|_++[^\S\n]*+"
)
# the same for a text of ASCII alone, where plain ranges are looked up a good deal faster
_ASCII_WORD = re.compile(
    r"[A-Za-z]++[0-9]{0,2}+[ \t\r\v\f\x1c-\x1f]*+|"
    r"[^A-Za-z0-9_ \t\r\v\f\x1c-\x1f][ \t\r\v\f\x1c-\x1f]*+|"
    r"[0-9]++(?:[.][0-9]++)?(?:st|nd|rd|th|ST|ND|RD|TH)?[ \t\r\v\f\x1c-\x1f]*+|"
    r"_++[ \t\r\v\f\x1c-\x1f]*+"
)
_BLANKS = (
    " \t\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_DOTTED = "M.R.I."
_MOST = 8192  # tokens remembered: a few thousand make up nearly all of every report


class Tokens(dict[str, str]):
    """
    Reads a token as it is written, with the blanks behind it, as a word in its usual spelling.

    Tokens met are remembered if the vocabulary has their word, and no others: of a text nothing is
    kept that could name a patient, and no more than a bounded number. What is remembered is one
    string for each word, the vocabulary's own, so that to look it up there compares no letters.
    """

    __slots__ = ("_known", "_spelling")

    def __init__(self, spelling: Mapping[str, str], known: frozenset[str]) -> None:
        super().__init__()
        self._spelling = spelling
        self._known = known

    def __missing__(self, token: str) -> str:
        """Read a token for the first time."""
        word = token.rstrip(_BLANKS).lower()
        word = self._spelling.get(word, word)
        if word in self._known and len(self) < _MOST:
            self[token] = word = intern(word)
        return word


class Words:
    """The words of a text; `tokens[i]` is `words[i]` as written, with the blanks behind it."""

    __slots__ = ("_starts", "different", "text", "tokens", "words")

    def __init__(self, text: str, words: list[str], tokens: list[str]) -> None:
        self.text = text
        self.words = words
        self.tokens = tokens
        self.different = frozenset(words)
        self._starts: list[int] = []

    def raw(self, index: int) -> str:
        """Give a word as it is written."""
        return self.tokens[index].rstrip(_BLANKS)

    def is_glued(self, index: int) -> bool:
        """Say whether no blank stands behind a word."""
        return self.tokens[index][-1] not in _BLANKS

    def start(self, index: int) -> int:
        """Give the offset of the first character of a word."""
        if not self._starts:
            first = len(self.text) - len(self.text.lstrip(_BLANKS))
            self._starts = list(accumulate(map(len, self.tokens), initial=first))
        return self._starts[index]

    def end(self, index: int) -> int:
        """Give the offset behind the last character of a word."""
        return self.start(index) + len(self.raw(index))


def words_of(text: str, tokens: Tokens) -> Words:
    """Cut *text*; *tokens* reads each word."""
    cut = text.replace(_DOTTED, "MRI   ") if _DOTTED in text else text
    found = (_ASCII_WORD if text.isascii() else _WORD).findall(cut)
    words = Words(text, list(map(tokens.__getitem__, found)), found)
    if cut is not text:  # what is written is as in the text as given
        words.tokens = [
            _DOTTED + token[len(_DOTTED) :] if text.startswith(_DOTTED, words.start(at)) else token
            for at, token in enumerate(found)
        ]
    return words
