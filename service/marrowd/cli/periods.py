"""Moments, and periods, as `--since` and `--until` give them."""

from datetime import UTC, datetime

from marrowd.errors import BadConfiguration


def period(since: str, until: str) -> tuple[datetime, datetime]:
    """
    Read both ends, aware; a time without a zone is UTC. The period ends before *until*.

    Raises:
        BadConfiguration: one is no time, or they are not in order.
    """
    start, end = moment("--since", since), moment("--until", until)
    if end <= start:
        message = "--until: give a time after --since; the period ends before it"
        raise BadConfiguration(message)
    return start, end


def moment(option: str, text: str) -> datetime:
    """
    Read the time that *option* gives, aware; without a zone it is UTC.

    Raises:
        BadConfiguration: it is no time.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option}: give an ISO 8601 date or time, such as 2026-03-01T12:00:00Z"
        raise BadConfiguration(message) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
