"""
Finds the known terms of a run of words: longest match at each place, left to right, one scan.

A hyphen or a line break inside a term does not count ("marrow-edema", a wrapped line).
The longest term is bounded, so the scan is linear in the number of words. A lookup is an `in` and
an index: two operations of the interpreter, where `get` is a call.
"""

from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Term, Trie

_SKIPPED = frozenset({"-", ".", "\n", "\u2013", "\u2010", "\u2011"})


def marks_of(words: list[str], first: int, last: int, trie: Trie) -> list[Piece]:  # noqa: C901 -- one loop, no call
    """List the terms between two word indexes, end exclusive."""
    marks: list[Piece] = []
    place = first
    while place < last:
        word = words[place]
        start = place
        place += 1
        if word not in trie:
            continue
        step = trie[word]
        if type(step) is Term:
            marks.append(Piece(step, start, place))
            continue
        found: Term | Trie | None = None
        if "" in step:
            found = step[""]
        end = ahead = place
        while ahead < last:
            word = words[ahead]
            ahead += 1
            if word not in step:
                if word in _SKIPPED and words[ahead - 2] not in _SKIPPED:
                    continue
                break
            step = step[word]
            if type(step) is Term:
                found, end = step, ahead
                break
            if "" in step:
                found, end = step[""], ahead
        if type(found) is Term:
            marks.append(Piece(found, start, end))
            place = end
    return marks
