"""
What a stretch of input holds, as rows for the spool.

Rows can be gathered in any process and kept in any order: of each resource the newest version
stays, told by the same order as everywhere (core.facts.Version).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from marrowd.core.facts import Version
from marrowd.errors import BadInput


class Role(StrEnum):
    """What a kept resource is for."""

    FACT = "fact"
    TEXT = "text"  # an Observation that a report may list as its text
    BINARY = "binary"  # content of a report
    CARRIER = "carrier"  # a Patient: who carries which identifier
    AID = "aid"  # no fact, but it tells what others refer to
    BROKEN = "broken"  # no usable id: only to be reported
    NOTHING = ""  # only takes older versions away


IGNORED = ""  # the "patient" of a subject that is not a patient

# ref, rank, role, subject, digest, body
Row = tuple[str, str, str, str | None, str, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Rows that are not kept yet."""

    resources: list[Row] = field(default_factory=list)
    subjects: dict[str, str | None] = field(default_factory=dict)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    bases: dict[str, str] = field(default_factory=dict)
    unreadable: set[tuple[str, str]] = field(default_factory=set)

    def put(
        self, ref: str, version: Version, *, role: Role, subject: str | None, body: bytes | None
    ) -> None:
        """
        Put a version of a resource.

        Args:
            ref: "Observation/1".
            version: its place among the versions.
            role: what it is for.
            subject: key of its subject, as given to `put_subject`.
            body: canonical JSON.
        """
        self.resources.append((ref, rank(version), role.value, subject, version.digest, body))

    def put_subject(self, key: str, patient: str | None) -> None:
        """Put a subject: *patient* when it is known already."""
        self.subjects[key] = patient

    def put_address(self, url: str, ref: str) -> None:
        """Put which resource a fullUrl names."""
        self.addresses.append((plain(url), ref))

    def put_base(self, patient: str, base: str) -> None:
        """
        Put on which server a patient was met.

        Raises:
            BadInput: the same id was met on another server: two people would become one.
        """
        if self.bases.setdefault(patient, base) != base:
            raise two_servers()

    def put_unreadable(self, ref: str, reason: str) -> None:
        """Put what nobody can place with a patient."""
        self.unreadable.add((ref, reason))


def two_servers() -> BadInput:
    """Say that two servers use one Patient id."""
    return BadInput("two servers use the same Patient id; screen their files one by one")


def rank(version: Version) -> str:
    """Write a version as text that sorts as the version does."""
    updated = (
        version.last_updated.isoformat(timespec="microseconds") if version.last_updated else ""
    )
    number = str(version.version_id) if version.version_id is not None else ""
    # A longer number is a larger one: its length goes first.
    return f"{updated:32}|{len(number):03}{number}|{int(version.is_withdrawn)}|{version.digest}"


def plain(text: str) -> str:
    """Give a text that SQLite takes whatever is in it (a lone surrogate has no UTF-8)."""
    return text.encode("ascii", "backslashreplace").decode()
