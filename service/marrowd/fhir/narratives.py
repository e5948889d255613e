"""
Texts that are members of a resource: conclusion, narrative, and Observations that hold report text.

Which section an unheaded text belongs to is known from where it stands: a conclusion is an
impression.
"""

from collections.abc import Iterator

from marrowd.core.reading import Section
from marrowd.errors import UnreadableResource
from marrowd.fhir.markup import text_of_markup
from marrowd.fhir.members import Resource, codings, obj, objects, text, title
from marrowd.fhir.texts import MAX_CHARACTERS, whole
from marrowd.rules.codes import Codes


def conclusion(report: Resource) -> str:
    """Give the conclusion of a DiagnosticReport, "" when there is none."""
    return _kept(report.get("conclusion"))


def narrative(resource: Resource) -> str:
    """Give the text of `text.div`, "" when there is none or it says that it is empty."""
    given = obj(resource.get("text"))
    div = given.get("div")
    if (
        not isinstance(div, str)
        or text(given.get("status")) == "empty"
        or len(div) > MAX_CHARACTERS
    ):
        return ""
    try:
        return whole(text_of_markup(whole(div)))
    except UnreadableResource:
        return ""


def section_of(observation: Resource, codes: Codes) -> Section | None:
    """Give the section that an Observation's code says its text is; None when it says none."""
    for coding in codings(observation.get("code")):
        loinc = codes.loinc(coding.system, coding.code)
        if loinc is not None and loinc in codes.texts:
            return codes.texts[loinc]
    return None


def observation_text(observation: Resource) -> str:
    """Give the text that an Observation holds: values in words, components, notes."""
    parts = list(_values(observation))
    for component in objects(observation.get("component")):
        said = " ".join(_values(component))
        if said:
            name = title(component.get("code"))
            parts.append(f"{name}: {said}" if name else said)
    parts += [
        kept for note in objects(observation.get("note")) if (kept := _kept(note.get("text")))
    ]
    return "\n".join(parts)


def may_hold_text(observation: Resource) -> bool:
    """Say, at a look, whether an Observation holds words that may be text of a report."""
    names = ("valueString", "valueCodeableConcept", "note")
    components = objects(observation.get("component"))
    return any(name in part for part in (observation, *components) for name in names)


def _values(part: Resource) -> Iterator[str]:
    said = _kept(part.get("valueString")) or title(part.get("valueCodeableConcept"))
    if said:
        yield whole(said)


def _kept(value: object) -> str:
    """Give a text as it is (offsets count from its start), "" for none or one too long."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_CHARACTERS:
        return ""
    return whole(value)
