"""
Finds the known terms of a run of words: longest match at each place, left to right, one scan.

A hyphen or a line break inside a term does not count ("marrow-edema", a wrapped line).
The longest term is bounded, so the scan is linear in the number of words.
"""

from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Term, Trie

_SKIPPED = frozenset({"-", ".", "\n", "\u2013", "\u2010", "\u2011"})


def marks_of(words: list[str], first: int, last: int, trie: Trie) -> list[Piece]:
    """List the terms between two word indexes, end exclusive."""
    marks: list[Piece] = []
    place = first
    while place < last:
        step = trie.get(words[place])
        if step is None:
            place += 1
            continue
        start = place
        place += 1
        if isinstance(step, Term):
            marks.append(Piece(step, start, place))
            continue
        found, end = step.get(""), place
        ahead = place
        then = step
        while ahead < last:
            word = words[ahead]
            following = then.get(word)
            ahead += 1
            if following is None:
                if word in _SKIPPED and words[ahead - 2] not in _SKIPPED:
                    continue
                break
            if isinstance(following, Term):
                found, end = following, ahead
                break
            then = following
            ending = then.get("")
            if ending is not None:
                found, end = ending, ahead
        if isinstance(found, Term):
            marks.append(Piece(found, start, end))
            place = end
    return marks
