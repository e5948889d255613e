"""Exit codes and how an error becomes one: the only place that maps them."""

import sys
from collections.abc import Collection
from enum import IntEnum

from marrowd.errors import BadConfiguration, MarrowdError, Unavailable


class Exit(IntEnum):
    """What the shell is told."""

    FINE = 0
    NO = 1  # the answer is no
    USAGE = 2  # usage or configuration
    UNREADABLE = 3  # input unreadable
    OUT_OF_REACH = 4  # a server out of reach


def exit_of(error: MarrowdError) -> Exit:
    """Say which exit code *error* means."""
    match error:
        case BadConfiguration():
            return Exit.USAGE
        case Unavailable():
            return Exit.OUT_OF_REACH
        case _:
            return Exit.UNREADABLE


def worst(ends: Collection[Exit]) -> Exit:
    """Say how to exit for several: first by what trying again does not change."""
    return next((end for end in (Exit.NO, Exit.OUT_OF_REACH) if end in ends), Exit.FINE)


def complain(error: MarrowdError) -> Exit:
    """Print *error* for a person and say how to exit."""
    for line in str(error).splitlines():
        sys.stderr.write(f"marrowd: {line}\n")
    return exit_of(error)
