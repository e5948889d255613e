"""
What was worked out for a call before, so that the same call again costs one read of the store.

Calls differ from each other by an id and a token even where nothing else does; both are cut out,
and what is left is what a call is known by. Two things are remembered: what its body says, which
holds for good, and its answer, which is good while the patient's evidence has the revision it was
drawn from and no later moment changes the verdict. Bounded by what it takes of memory: the least
recently asked goes first.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from marrowd.core.verdict import VerdictKind

MOST_BYTES = 64_000_000
OVERHEAD = 1_000  # bytes of one thing remembered besides its texts

Pieces: TypeAlias = tuple[bytes, ...]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_UUID: Final = rb"(?:urn:uuid:)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_TOKEN: Final = rb"([!#-\[\]-~]+)"  # what a header can carry, and JSON writes as it is
_CUT: Final = tuple(
    (b'"%b"' % name, re.compile(rb'"%b"[ \t\r\n]*:[ \t\r\n]*"%b"' % (name, value)))
    for name, value in ((b"hookInstance", _UUID), (b"access_token", _TOKEN))
)


class Key(NamedTuple):
    """What an answer depends on besides evidence and time."""

    source: str
    patient: str
    is_current: bool  # whether stored evidence could be relied on
    brought: Pieces  # what the call brought


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One answer as it goes over the wire."""

    body: bytes
    verdict: VerdictKind
    card: str = ""  # uuid of the card in it, "" without one
    indicator: str = ""
    revision: int = 0  # of the patient's evidence
    good_until: datetime | None = None


class Remembered(Generic[K, V]):
    """Values by what they depend on; *size_of* says what one takes besides its overhead."""

    def __init__(self, size_of: Callable[[K, V], int], most_bytes: int = MOST_BYTES) -> None:
        self._size_of = size_of
        self._most_bytes = most_bytes
        self._bytes = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Give what was put last, whether it still holds or not."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember *value*."""
        former = self._values.pop(key, None)
        if former is not None:
            self._bytes -= self._size_of(key, former) + OVERHEAD
        self._values[key] = value
        self._bytes += self._size_of(key, value) + OVERHEAD
        while self._bytes > self._most_bytes:
            self._bytes -= self._size_of(*self._values.popitem(last=False)) + OVERHEAD


def without_ids(body: bytes) -> Pieces:
    """
    Give what is left of the *body* of a call without the two values that differ from call to call.

    Cutting where a value first stands is safe, wherever that is: what is cut is all of one string,
    and another in its place is JSON as well. So two bodies that leave the same pieces are equal but
    for a member of that name, which nothing clinical has. Pieces, because no body can then pretend
    to have been cut; the bytes themselves and not a digest, because comparing them costs a tenth of
    hashing them well.
    """
    spans = []
    for name, pattern in _CUT:
        at = body.find(name)
        found = pattern.match(body, at) if at >= 0 else None
        if found is not None:
            spans.append(found.span(1))
    pieces, end = [], 0
    for start, after in sorted(spans):
        pieces.append(body[end:start])
        end = after
    return (*pieces, body[end:])
