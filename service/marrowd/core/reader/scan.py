"""
Finds the known terms of a run of words: longest match at each place, left to right, one scan.

A hyphen or a line break inside a term does not count ("marrow-edema", a wrapped line).
The longest term is bounded, so the scan is linear in the number of words.
"""

from typing import NamedTuple

from marrowd.core.reader.vocabulary import Kind, Term, Trie

_SKIPPED = frozenset({"-", ".", "\n", "\u2013", "\u2010", "\u2011"})


class Mark(NamedTuple):
    """A known term at words `first` to `last`, end exclusive."""

    kind: Kind
    first: int
    last: int
    value: str
    term: Term


def marks_of(words: list[str], first: int, last: int, trie: Trie) -> list[Mark]:
    """List the terms between two word indexes, end exclusive."""
    marks: list[Mark] = []
    place = first
    while place < last:
        node = trie.get(words[place])
        if node is None:
            place += 1
            continue
        found = node.term
        end = ahead = place + 1
        then = node.then
        while then and ahead < last:
            word = words[ahead]
            node = then.get(word)
            ahead += 1
            if node is None:
                if word in _SKIPPED and words[ahead - 2] not in _SKIPPED:
                    continue
                break
            if node.term is not None:
                found, end = node.term, ahead
            then = node.then
        if found is not None:
            marks.append(Mark(found.kind, place, end, found.value, found))
            place = end
        else:
            place += 1
    return marks
