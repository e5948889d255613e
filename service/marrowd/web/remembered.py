"""
Answers given before, so that the same question on the same evidence costs one read of the store.

An answer is good while the patient's evidence has the revision it was drawn from and no later
moment changes the verdict; the key holds everything else that it depends on. Bounded: the least
recently asked goes first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from marrowd.core.verdict import VerdictKind

MOST = 4_096  # answers; about 6 kB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One answer as it goes over the wire."""

    body: bytes
    verdict: VerdictKind
    card: str = ""  # uuid of the card in it, "" without one
    indicator: str = ""
    revision: int = 0  # of the patient's evidence
    good_until: datetime | None = None


class Remembered:
    """The answers by what they depend on beside evidence and time."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._drawn: OrderedDict[Hashable, Drawn] = OrderedDict()

    def get(self, key: Hashable) -> Drawn | None:
        """Give what was answered last, whether it still holds or not."""
        drawn = self._drawn.get(key)
        if drawn is not None:
            self._drawn.move_to_end(key)
        return drawn

    def put(self, key: Hashable, drawn: Drawn) -> None:
        """Remember an answer."""
        self._drawn[key] = drawn
        self._drawn.move_to_end(key)
        if len(self._drawn) > self._most:
            self._drawn.popitem(last=False)
