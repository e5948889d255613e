"""
The records of the stand-in EHR: FHIR resources in memory, by version, read and searched.

Holds at each moment what a server would hold then; the searches are those the service and the
prefetch templates use. A parameter it does not know is an error, as on a strict server: a search
that silently lets a condition go would show another patient's data.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

Resource = dict[str, Any]
Params = Iterable[tuple[str, str]]

_CONTROL: Final = frozenset({"_sort", "_count", "_offset"})
_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("subject",),
    "patient": ("subject", "patient"),
    "based-on": ("basedOn",),
    "basedon": ("basedOn",),
    "result": ("result",),
}
_TOKENS: Final[Mapping[str, str]] = {
    "code": "code",
    "category": "category",
    "clinical-status": "clinicalStatus",
}
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": lambda left, right: left >= right,
    "gt": lambda left, right: left > right,
    "le": lambda left, right: left <= right,
    "lt": lambda left, right: left < right,
}


class UnknownSearch(ValueError):
    """A search parameter that the stand-in does not know; the message is its name."""


class Records:
    """Newest versions by reference."""

    def __init__(self) -> None:
        self._held: dict[str, Resource] = {}

    def put(self, resource: Resource) -> None:
        """Hold *resource*, in place of the version held before."""
        self._held[ref_of(resource)] = resource

    def read(self, ref: str) -> Resource | None:
        """Give the version held of *ref* ("Observation/1")."""
        return self._held.get(ref)

    def search(self, kind: str, params: Params) -> list[Resource]:
        """
        Give what matches every one of *params*, oldest first.

        Raises:
            UnknownSearch: a parameter is not known.
        """
        wanted = [(name, value) for name, value in params if name not in _CONTROL]
        of_kind = (r for r in self._held.values() if r["resourceType"] == kind)
        found = [r for r in of_kind if all(_fits(r, name, value) for name, value in wanted)]
        return sorted(found, key=lambda r: _instant(r["meta"]["lastUpdated"]))


def ref_of(resource: Resource) -> str:
    """Give "Type/id"."""
    return f"{resource['resourceType']}/{resource['id']}"


def _fits(resource: Resource, name: str, value: str) -> bool:
    wanted = set(value.split(","))
    if name in _REFERENCES:
        given = [r for member in _REFERENCES[name] for r in _references(resource.get(member))]
        return any(ref in wanted or ref.partition("/")[2] in wanted for ref in given)
    if name in _TOKENS:
        return bool(wanted & _codes(resource.get(_TOKENS[name])))
    if name == "identifier":
        return bool(wanted & _identifiers(resource))
    if name == "status":
        return resource.get("status") in wanted
    if name == "_lastUpdated":
        return _ORDERED[value[:2]](_instant(resource["meta"]["lastUpdated"]), _instant(value[2:]))
    if name == "date":
        day = str(resource.get("effectiveDateTime") or resource.get("started") or "")[:10]
        return bool(day) and _ORDERED[value[:2]](day, value[2:12])
    raise UnknownSearch(name)


def _members(member: object) -> list[Mapping[str, Any]]:
    """Give a member that may be one object, several or none, as a list."""
    several = member if isinstance(member, list) else [member]
    return [one for one in several if isinstance(one, dict)]


def _references(member: object) -> list[str]:
    return [str(one["reference"]) for one in _members(member) if "reference" in one]


def _codes(member: object) -> set[str]:
    """Give each coding in the ways a search may name it: with and without its system."""
    codings = [c for concept in _members(member) for c in concept.get("coding", ())]
    return {f"{c.get('system', '')}|{c['code']}" for c in codings} | {c["code"] for c in codings}


def _identifiers(resource: Resource) -> set[str]:
    given = _members(resource.get("identifier"))
    return {f"{i.get('system', '')}|{i['value']}" for i in given} | {str(i["value"]) for i in given}


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
