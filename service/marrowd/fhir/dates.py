"""
FHIR dates to `When`: as exact as they were given, and never a guess.

A year-month is its 15th, a date its noon, a time without zone local to the site; a year alone stays
a year; anything else is unreadable (rules.md section 1, "Time"). Instants are kept in UTC, so that
two of them compare as instants whatever zone they were written in.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from marrowd.core.facts import When
from marrowd.fhir.members import Resource, obj

_DATE_TIME = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d\d)(?:-(?P<d>\d\d)"
    r"(?:T(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d+))?)?(?P<z>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
# No 25(OH)D assay and no MRI is older; "0001-01-01" and its like are how systems write "no date".
_FIRST_YEAR = 1900
# Later than any real record, early enough that adding a window cannot leave the calendar.
_LAST_YEAR = 9000
_LEAP_SECOND = 60
_MAX_OFFSET = timedelta(hours=14)  # FHIR R4 dateTime: offsets run from -12:00 to +14:00
_MIN_DAY, _NOON = 15, 12  # a year-month is its 15th, a date its noon

UNREADABLE = When()


def when(value: object, *, zone: tzinfo) -> When:
    """
    Read a FHIR date, dateTime or instant.

    Args:
        value: the member as parsed; anything but a string is unreadable.
        zone: the site's, for what was written without one.
    """
    match = _DATE_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match["y"]) < _FIRST_YEAR:
        return UNREADABLE
    year = min(int(match["y"]), _LAST_YEAR)
    if match["m"] is None:
        return When(year=year)
    try:
        return When(instant=_instant(match, year, zone).astimezone(UTC))
    except (ValueError, OverflowError):
        return UNREADABLE


def instant(value: object, *, zone: tzinfo) -> datetime | None:
    """Read an instant such as `meta.lastUpdated`: it must have a time of day, else None."""
    return when(value, zone=zone).instant if isinstance(value, str) and "T" in value else None


def clinical(resource: Resource, *, zone: tzinfo) -> When | None:
    """Read `effective[x]` of an Observation or DiagnosticReport; None when there is none at all."""
    given = clinical_text(resource)
    return None if given is None else when(given[0], zone=zone)


def clinical_text(resource: Resource) -> tuple[object] | None:
    """Give `effective[x]` as it was written, in a tuple of one; None when there is none at all."""
    for name in ("effectiveDateTime", "effectiveInstant"):
        if not _is_blank(resource.get(name)):
            return (resource[name],)
    if not _is_blank(resource.get("effectivePeriod")):
        return (_period_text(resource["effectivePeriod"]),)
    # A Timing says when something should happen, not when this did.
    return None if _is_blank(resource.get("effectiveTiming")) else (None,)


def observed(resource: Resource, *, zone: tzinfo) -> When | None:
    """Read when a result was taken: `effective[x]`, else `issued`; None when neither is there."""
    given = observed_text(resource)
    return None if given is None else when(given[0], zone=zone)


def observed_text(resource: Resource) -> tuple[object] | None:
    """Give `effective[x]`, else `issued`, as it was written; None when neither is there."""
    effective = clinical_text(resource)
    if effective is not None:
        return effective
    return None if _is_blank(resource.get("issued")) else (resource["issued"],)


def optional(value: object, *, zone: tzinfo) -> When | None:
    """Read a date that may be missing."""
    return None if _is_blank(value) else when(value, zone=zone)


def _period_text(value: object) -> object:
    end = obj(value).get("end")
    return obj(value).get("start") if _is_blank(end) else end


def _is_blank(value: object) -> bool:
    return value is None or value in ("", {}, [])


def _instant(match: re.Match[str], year: int, zone: tzinfo) -> datetime:
    month = int(match["m"])
    if match["d"] is None:
        return datetime(year, month, _MIN_DAY, _NOON, tzinfo=zone)
    day = int(match["d"])
    if match["H"] is None:
        return datetime(year, month, day, _NOON, tzinfo=zone)
    second = int(match["S"] or 0)
    leap = second == _LEAP_SECOND
    made = datetime(
        year,
        month,
        day,
        int(match["H"]),
        int(match["M"]),
        second - leap,
        int((match["f"] or "0")[:6].ljust(6, "0")),
        tzinfo=_zone(match["z"]) or zone,
    )
    return made + timedelta(seconds=1) if leap else made


def _zone(written: str | None) -> tzinfo | None:
    if written is None:
        return None
    if written == "Z":
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[4:6]))
    if offset > _MAX_OFFSET or int(written[4:6]) >= _LEAP_SECOND:
        raise ValueError
    return timezone(-offset if written[0] == "-" else offset)
