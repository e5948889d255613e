"""
SMART scopes: what of that which was asked for was not granted.

Both forms are read: version 1 (`system/Observation.read`) and version 2 (`system/Observation.rs`,
with or without a query that narrows it). A server may write a grant in other words than the
request, so what they mean is compared.
"""

import re
from dataclasses import dataclass

_SCOPE = re.compile(r"(system|user|patient)/(\*|[A-Z][A-Za-z]*)\.([a-z*]+)(?:\?(.+))?")
_VERSION_1 = {"read": frozenset("rs"), "write": frozenset("cud"), "*": frozenset("cruds")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    level: str
    type_name: str  # "*": every type
    rights: frozenset[str]
    query: str

    def reaches(self, asked: "_Scope") -> bool:
        """Say whether this one speaks of all that *asked* speaks of."""
        return (
            self.level == asked.level
            and self.type_name in ("*", asked.type_name)
            and self.query in ("", asked.query)
        )

    def meets(self, asked: "_Scope") -> bool:
        """Say whether this one grants a part of *asked*."""
        is_same_type = self.type_name == asked.type_name or "*" in (self.type_name, asked.type_name)
        return self.level == asked.level and is_same_type and bool(self.rights & asked.rights)


def not_granted(asked: str, granted: str) -> tuple[str, ...]:
    """Give those scopes of *asked* that *granted* covers in part or not at all, as asked."""
    words = set(granted.split())
    grants = [scope for word in words if (scope := _read(word)) is not None]
    return tuple(
        word
        for word in dict.fromkeys(asked.split())
        if word not in words and not _is_covered(word, grants)
    )


def is_any_granted(asked: str, granted: str) -> bool:
    """Say whether anything that was asked for was granted, be it a part of one scope."""
    if set(asked.split()) & set(granted.split()):
        return True
    wanted = [scope for word in asked.split() if (scope := _read(word)) is not None]
    grants = [scope for word in granted.split() if (scope := _read(word)) is not None]
    return any(grant.meets(scope) for grant in grants for scope in wanted)


def _is_covered(word: str, grants: list[_Scope]) -> bool:
    scope = _read(word)
    if scope is None:
        return False  # of another family, such as "openid": granted by its very name or not
    rights = frozenset[str]().union(*(g.rights for g in grants if g.reaches(scope)))
    return scope.rights <= rights


def _read(word: str) -> _Scope | None:
    match = _SCOPE.fullmatch(word)
    if match is None:
        return None
    level, type_name, rights, query = match.groups()
    return _Scope(
        level=level,
        type_name=type_name,
        rights=_VERSION_1.get(rights, frozenset(rights)),
        query=query or "",
    )
