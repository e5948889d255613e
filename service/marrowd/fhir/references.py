"""
What a FHIR reference points to, in the few forms that systems write.

Relative ("Patient/1"), absolute, versioned (".../_history/2"), "urn:uuid:...", contained ("#a"),
conditional ("Patient?identifier=system|value", in transactions) and identifier-only. An absolute
reference is known by its last two steps; a urn only by a fullUrl that says what it is, so resolving
one is asked of the caller.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from marrowd.fhir.members import Resource, obj, text

Resolve = Callable[[str], str | None]

# FHIR allows [A-Za-z0-9-.]{1,64}. Servers are laxer; blanks, control characters, lone surrogates
# and the delimiters of references are what would be dangerous in a line of output or in a
# reference.
_ID = r"[^\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff/#?|\"\\<>]{1,255}"
_IS_ID = re.compile(_ID)
_LITERAL = re.compile(
    rf"(?:(?P<base>https?://[^\s?#]+)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/[^/]*)?"
)
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?identifier=(?P<token>[^&]+)")
UID_SYSTEM = "urn:dicom:uid"  # DICOM PS3.18: a Study Instance UID as a FHIR identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a reference says: a `ref`, an unresolved `urn`, and/or an identifier "system|value"."""

    type: str = ""
    ref: str | None = None
    base: str | None = None  # of an absolute reference, without the scheme
    urn: str | None = None
    contained: str | None = None  # the id behind "#"
    identifier: str | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether nothing at all is pointed to."""
        return not (self.ref or self.urn or self.contained or self.identifier)


def nowhere(_url: str) -> str | None:
    """Resolve nothing: for a caller that knows no fullUrls."""
    return None


def is_id(value: object) -> bool:
    """Say whether *value* can be the id of a resource."""
    return isinstance(value, str) and _IS_ID.fullmatch(value) is not None


def is_type(name: object) -> bool:
    """Say whether a name can be that of a resource type, known here or not."""
    return isinstance(name, str) and name.isascii() and name.isalpha() and name[0].isupper()


def split_url(url: str) -> tuple[str | None, str, str] | None:
    """Give (base without scheme or None, type, id) of a literal reference or fullUrl."""
    match = _LITERAL.fullmatch(url)
    if match is None:
        return None
    base = match["base"]
    if base is not None:
        # FHIR R4 references: http and https name the same resource.
        base = base.partition("://")[2].rstrip("/")
        host, slash, path = base.partition("/")
        base = host.lower() + slash + path
    return base, match["type"], match["id"]


def token(identifier: object) -> str | None:
    """Give "system|value" of an Identifier, or None without a value."""
    value = text(obj(identifier).get("value"))
    return f"{text(obj(identifier).get('system'))}|{value}" if value else None


def target(reference: object, *, resolve: Resolve = nowhere) -> Target:
    """
    Read a Reference.

    Args:
        reference: the Reference object (anything else points nowhere).
        resolve: gives "Type/id" of an absolute URL or urn that some fullUrl carries.
    """
    member = obj(reference)
    kind = text(member.get("type")).rpartition("/")[2]  # a uri: "Patient", rarely a whole URL
    identifier = token(member.get("identifier"))
    url = text(member.get("reference"))
    if not url:
        return Target(type=kind, identifier=identifier)
    if url.startswith("#"):
        return Target(type=kind, contained=url[1:], identifier=identifier)
    if condition := _CONDITIONAL.fullmatch(url):
        wanted = unquote(condition["token"])
        wanted = wanted if "|" in wanted else f"|{wanted}"
        return Target(type=condition["type"], identifier=wanted)
    known = resolve(url)
    split = split_url(url)
    if known is not None:
        base = split[0] if split else None
        return Target(type=known.partition("/")[0], ref=known, base=base, identifier=identifier)
    if split is None:
        urn = url if ":" in url else None  # a urn, or a URL that is not a RESTful one
        return Target(type=kind, urn=urn, identifier=identifier)
    base, found, ident = split
    return Target(type=found, ref=f"{found}/{ident}", base=base, identifier=identifier)


def refs(references: object, kind: str, *, resolve: Resolve) -> list[str]:
    """Give the "Type/id" of each reference of a list that is resolved and of type *kind*."""
    found = []
    for reference in references if isinstance(references, list) else [references]:
        to = target(reference, resolve=resolve)
        if to.ref is not None and to.type == kind:
            found.append(to.ref)
    return found


def contained(resource: Resource) -> dict[str, Resource]:
    """Give the contained resources by their id."""
    inside = resource.get("contained")
    found: dict[str, Resource] = {}
    for one in inside if isinstance(inside, list) else [inside]:
        if isinstance(one, dict):
            ident = text(one.get("id")).removeprefix("#")
            if _IS_ID.fullmatch(ident):
                found.setdefault(ident, one)
    return found
