"""What a check has found: how bad it is, where, what, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    FINE = "fine"
    NOTE = "note"  # works, but somebody should know
    WRONG = "wrong"  # will not work until it is mended
    AWAY = "away"  # nobody answers: down, or an address that is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    level: Level
    place: str  # "store", "source hospital", a key of the configuration
    says: str
    mend: str = ""  # what to do about it; "" where nothing is to be done


def fine(place: str, says: str) -> Finding:
    """Say that all is well with *place*."""
    return Finding(level=Level.FINE, place=place, says=says)


def note(place: str, says: str, mend: str) -> Finding:
    """Say what somebody should know."""
    return Finding(level=Level.NOTE, place=place, says=says, mend=mend)


def wrong(place: str, says: str, mend: str) -> Finding:
    """Say what does not work."""
    return Finding(level=Level.WRONG, place=place, says=says, mend=mend)


def away(place: str, says: str, mend: str) -> Finding:
    """Say who does not answer."""
    return Finding(level=Level.AWAY, place=place, says=says, mend=mend)
