"""
Steps: what a piece of some kind does to the clause reader.

A step that knows several cases is an ordered table of them, see `first_of`.
"""

from collections.abc import Callable
from typing import Any

from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.vocabulary import Kind

Step = Callable[[Any, int, Piece], None]
Case = Callable[[Any, int, Piece], bool]
Steps = dict[Kind, Step]


def first_of(*cases: Case) -> Step:
    """
    Make a step of its cases: asked in this order, the first to say that it was one ends the step.

    A case that only notes something says that it was none, so that those behind it are asked too.
    The last says what the piece does when it is nothing special.
    """

    def step(state: Any, place: int, piece: Piece) -> None:  # noqa: ANN401 -- a mixin of the machine
        for case in cases:
            if case(state, place, piece):
                return

    return step
