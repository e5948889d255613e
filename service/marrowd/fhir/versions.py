"""The place of one version of a resource among all its versions, from `meta` and its status."""

from datetime import tzinfo

from marrowd.core.facts import Standing, Version
from marrowd.fhir.dates import instant
from marrowd.fhir.json import Number, digest
from marrowd.fhir.members import Resource, obj

_MAX_DIGITS = 100  # longer "numbers" do not count; int() refuses them anyway from 4,300 on


def version(resource: Resource, *, is_withdrawn: bool, zone: tzinfo, sha256: str = "") -> Version:
    """
    Give the version of *resource*.

    Args:
        resource: as parsed, whole.
        is_withdrawn: it says that it is not to be used.
        zone: the site's, for a `lastUpdated` without one.
        sha256: its digest, where the caller has it already.
    """
    meta = obj(resource.get("meta"))
    return Version(
        last_updated=instant(meta.get("lastUpdated"), zone=zone),
        version_id=version_number(version_text(resource)),
        is_withdrawn=is_withdrawn,
        digest=sha256 or digest(resource),
    )


def version_text(resource: Resource) -> str | None:
    """Give `meta.versionId` as given, None when there is none."""
    given = obj(resource.get("meta")).get("versionId")
    if isinstance(given, int | Number):
        return str(given)
    return given if isinstance(given, str) and given else None


def version_number(text: str | None) -> int | None:
    """Give a version id as a number, None when it is not one."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        return None
    return int(text)


# rules.md sections 1 and 2, "Status". An Observation has no `appended`, a DiagnosticReport no
# `specimen-in-process`; a status that is not known, or missing, is held.
_COUNTS = frozenset({"final", "amended", "corrected", "appended"})
_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})


def standing(status: str, *, counts: frozenset[str] = _COUNTS) -> Standing:
    """Say whether a resource with this status may be used."""
    if status in counts:
        return Standing.COUNTS
    return Standing.WITHDRAWN if status in _WITHDRAWN else Standing.HELD


def worse(one: Standing, other: Standing) -> Standing:
    """Give the standing of a part whose whole has a standing too."""
    for kind in (Standing.WITHDRAWN, Standing.HELD):
        if kind in (one, other):
            return kind
    return Standing.COUNTS
