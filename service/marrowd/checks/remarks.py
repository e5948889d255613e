"""What a check has found: how bad it is, where, what, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is."""

    FINE = "fine"
    NOTE = "note"  # works, but somebody should know
    WRONG = "wrong"  # will not work until it is mended
    AWAY = "away"  # nobody answers: down, or an address that is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing looked at."""

    grade: Grade
    place: str  # "store", "source hospital", a key of the configuration
    says: str
    mend: str = ""  # what to do about it; "" where nothing is to be done


def fine(place: str, says: str) -> Remark:
    """Say that all is well with *place*."""
    return Remark(grade=Grade.FINE, place=place, says=says)


def note(place: str, says: str, mend: str) -> Remark:
    """Say what somebody should know."""
    return Remark(grade=Grade.NOTE, place=place, says=says, mend=mend)


def wrong(place: str, says: str, mend: str) -> Remark:
    """Say what does not work."""
    return Remark(grade=Grade.WRONG, place=place, says=says, mend=mend)


def away(place: str, says: str, mend: str) -> Remark:
    """Say who does not answer."""
    return Remark(grade=Grade.AWAY, place=place, says=says, mend=mend)
