"""
Steps: what a piece of some kind does to the clause reader.

A step that knows several cases is an ordered table of them, see `first_of`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Kind

Step = Callable[[Any, int, Piece], None]
Case = Callable[[Any, int, Piece], bool]
Steps = dict[Kind, Step]

# where the words are that a case is of, these words, and the case
Row = tuple[int, frozenset[str], Case]

_ANY, _FIRST, _LAST, _VALUE = range(4)


def any_of(case: Case) -> Row:
    """Make a row of every piece."""
    return _ANY, frozenset(), case


def opening(words: Iterable[str], case: Case) -> Row:
    """Make a row of the pieces that open with one of some words."""
    return _FIRST, frozenset(words), case


def ending(words: Iterable[str], case: Case) -> Row:
    """Make a row of the pieces that end with one of some words."""
    return _LAST, frozenset(words), case


def valued(value: str, case: Case) -> Row:
    """Make a row of the pieces whose term has a value."""
    return _VALUE, frozenset({value}), case


def first_of(*rows: Row) -> Step:
    """
    Make a step of its cases: asked in this order, the first to say that it was one ends the step.

    A case that only notes something says that it was none, so that those behind it are asked too.
    The last says what the piece does when it is nothing special.
    """

    def step(state: Any, place: int, piece: Piece) -> None:  # noqa: ANN401 -- a class of the machine
        said = ("", state.words[piece.first], state.words[piece.last - 1], piece.value)
        for where, words, case in rows:
            if (not where or said[where] in words) and case(state, place, piece):
                return

    return step
