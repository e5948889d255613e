"""
Answers given before, so that the same question on the same evidence costs one read of the store.

An answer is good while the patient's evidence has the revision it was drawn from and no later
moment changes the verdict; the key holds everything else that it depends on. Bounded by what it
takes of memory: the least recently asked goes first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from marrowd.core.verdict import VerdictKind

MOST_BYTES = 64_000_000
_OVERHEAD = 1_000  # of one answer beside its texts


class Key(NamedTuple):
    """What an answer depends on beside evidence and time."""

    source: str
    patient: str
    is_current: bool  # whether stored evidence could be relied on
    brought: bytes  # what the call brought


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

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._drawn: OrderedDict[Key, Drawn] = OrderedDict()

    def get(self, key: Key) -> Drawn | None:
        """Give what was answered last, whether it still holds or not."""
        drawn = self._drawn.get(key)
        if drawn is not None:
            self._drawn.move_to_end(key)
        return drawn

    def put(self, key: Key, drawn: Drawn) -> None:
        """Remember an answer."""
        former = self._drawn.pop(key, None)
        if former is not None:
            self._bytes -= _size(key, former)
        self._drawn[key] = drawn
        self._bytes += _size(key, drawn)
        while self._bytes > self._most_bytes:
            self._bytes -= _size(*self._drawn.popitem(last=False))


def _size(key: Key, drawn: Drawn) -> int:
    return len(key.brought) + len(drawn.body) + _OVERHEAD
