"""
What has to be at hand before a resource can be read: pure, so that whoever fetches decides how.

`screen` looks in the same input, the worker asks the FHIR server.
"""

from dataclasses import dataclass

from marrowd.core.facts import Standing
from marrowd.fhir.attachments import attachment_urls
from marrowd.fhir.exams import of_concept
from marrowd.fhir.links import report_links
from marrowd.fhir.members import Resource, kind, status
from marrowd.fhir.references import Resolve, nowhere, refs, split_url
from marrowd.fhir.reports import may_be_imaging
from marrowd.fhir.versions import standing
from marrowd.rules.codes import Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one resource needs."""

    contents: tuple[str, ...] = ()  # urls of presented forms: Binaries as a rule
    observations: tuple[
        str, ...
    ] = ()  # "Observation/1": text of the report, or the draw of a result
    studies: tuple[str, ...] = ()  # "ImagingStudy/1": says modality, body part and date

    @property
    def is_nothing(self) -> bool:
        """Say whether the resource can be read as it is."""
        return not (self.contents or self.observations or self.studies)


def needs(resource: Resource, codes: Codes, *, resolve: Resolve = nowhere) -> Needs:
    """
    Say what *resource* needs.

    Contents are asked for only of a report that may be an imaging report; a withdrawn one needs
    nothing.
    """
    if kind(resource) != "DiagnosticReport":
        return Needs()
    if standing(status(resource)) is Standing.WITHDRAWN:
        return Needs()
    links = report_links(resource, ref="", resolve=resolve)
    exam = of_concept(resource.get("code"), codes)
    observations = tuple(refs(resource.get("result"), "Observation", resolve=resolve))
    if not may_be_imaging(resource, exam, links):
        return Needs(observations=observations)
    return Needs(
        contents=tuple(dict.fromkeys(attachment_urls(resource))),
        observations=observations,
        studies=tuple(study for study in links.studies if study),
    )


def binary_ref(url: str, *, resolve: Resolve = nowhere) -> str | None:
    """Give "Binary/1" of a presented form's url, None when it names no Binary."""
    known = resolve(url)
    if known is None:
        split = split_url(url)
        known = f"{split[1]}/{split[2]}" if split else ""
    return known if known.startswith("Binary/") else None
