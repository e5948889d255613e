"""
Members of a resource, whatever their type turns out to be.

What arrives may hold a string where a list belongs, or a number where an object does. Each function
here answers with an empty value of the right type then, so that code that reads a resource is
written once, plainly, and never raises. One object where a list of objects belongs is read as a
list of one: converters from XML leave it so, and what is meant is plain.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

Resource = dict[str, Any]


class Coding(NamedTuple):
    """One coding; "" for what is not there."""

    system: str
    code: str
    display: str


def obj(value: object) -> Resource:
    """Give *value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Resource]:
    """Give the objects of a list."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [v for v in value if isinstance(v, dict)]
    return []


def text(value: object) -> str:
    """Give a string without the blanks around it, else ""."""
    return value.strip() if isinstance(value, str) else ""


def codings(concept: object) -> Iterator[Coding]:
    """Walk the codings of a CodeableConcept, of several of them, or of a bare Coding."""
    for one in objects(concept):
        for coding in objects(one["coding"]) if "coding" in one else (one,):
            system, code = text(coding.get("system")), text(coding.get("code"))
            display = text(coding.get("display"))
            if code or display:
                yield Coding(system, code, display)


def title(concept: object) -> str:
    """Give `text`, else the displays: what a CodeableConcept is called."""
    for one in objects(concept):
        if said := text(one.get("text")):
            return said
    return " | ".join(c.display for c in codings(concept) if c.display)


def kind(resource: Resource) -> str:
    """Give the resource type, "" where there is none."""
    return text(resource.get("resourceType"))


def status(resource: Resource) -> str:
    """Give the status, "" when there is none."""
    return text(resource.get("status"))
