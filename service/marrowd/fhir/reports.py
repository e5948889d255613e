"""
A DiagnosticReport: the pieces of text it holds, read, and what says that it is an imaging report.

Pieces are ordered as rules.md section 2 ranks them: presented forms, conclusion, result
Observations (those contained here; those listed are facts of their own), narrative last.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from marrowd.core.anatomy import Laterality
from marrowd.core.facts import Piece, Report, Standing, StudyLinks
from marrowd.core.reading import Modality, NotRead, Reading, Section
from marrowd.errors import UnreadableResource
from marrowd.fhir.attachments import Attachments, attachment_text, forms
from marrowd.fhir.dates import clinical, optional
from marrowd.fhir.exams import ExamWords, heads_elsewhere, of_concept, of_title
from marrowd.fhir.links import Orders, report_links
from marrowd.fhir.members import Resource, codings, kind, objects, status, title
from marrowd.fhir.narratives import conclusion, narrative, observation_text, section_of
from marrowd.fhir.references import Resolve, contained, refs, target
from marrowd.fhir.texts import TextOf, text_of
from marrowd.fhir.versions import standing
from marrowd.rules.codes import Codes

# terminology.hl7.org/CodeSystem/v2-0074, diagnostic service sections that are laboratories.
_LABORATORY = frozenset(
    "BG BLB CG CH CP GE HM IMM LAB MB MCB MYC PAR PAT SP SR TX URN VR laboratory LP29693-6".split()
)
# The same code system's imaging sections; LOINC LP29684-5 "Radiology" (US Core report category) and
# SNOMED CT 394914008 "Radiology - specialty".
_RADIOLOGY = frozenset("RAD IMG NMR CT RX XRC RUS VUS OUS CUS NMS LP29684-5 394914008".split())


class ReportReader(Protocol):
    """The report reader, as far as it is used here."""

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:
        """Read one text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContext:
    """All that reading a report takes besides the report."""

    reader: ReportReader
    codes: Codes
    zone: tzinfo
    resolve: Resolve
    attachments: Attachments
    orders: Orders = field(default_factory=dict)
    read_document: TextOf = text_of


def report(resource: Resource, *, ref: str, context: ReportContext) -> Report | None:
    """Read a DiagnosticReport; None when it cannot be an imaging report (it is not withdrawn)."""
    exam = of_concept(resource.get("code"), context.codes)
    links = report_links(resource, ref=ref, resolve=context.resolve, orders=context.orders)
    if not may_be_imaging(resource, exam, links):
        return None
    named = _named(title(resource.get("code")), exam)
    spoken = tuple(_pieces(resource, ref, context, named=named))
    pieces = tuple(piece for piece, _ in spoken)
    if not pieces and not _is_said_to_be_imaging(exam, links):
        return None
    return Report(
        status=status(resource),
        standing=standing(status(resource)),
        effective=clinical(resource, zone=context.zone),
        issued=optional(resource.get("issued"), zone=context.zone),
        modality=exam.modality,
        is_foot=exam.is_foot,
        is_radiology=bool(_categories(resource) & _RADIOLOGY),
        is_elsewhere=exam.is_elsewhere
        or (not exam.is_foot and any(heads_elsewhere(said) for _, said in spoken)),
        regions=exam.regions,
        laterality=exam.laterality,
        links=links,
        pieces=pieces,
        results=tuple(refs(resource.get("result"), "Observation", resolve=context.resolve)),
    )


def contained_study(resource: Resource) -> Resource | None:
    """Give the ImagingStudy that a report contains and says it is about."""
    inside = contained(resource)
    for reference in objects(resource.get("imagingStudy")):
        ident = target(reference).contained
        found = inside.get(ident) if ident is not None else None
        if found is not None and kind(found) == "ImagingStudy":
            return found
    return None


def may_be_imaging(resource: Resource, exam: ExamWords, links: StudyLinks) -> bool:
    """Say whether a report can be on an imaging study: a laboratory's only if it says so."""
    if exam.modality is Modality.MR or links.studies or links.uids:
        return True
    return not is_laboratory(resource)


def is_laboratory(resource: Resource) -> bool:
    """Say whether every category of a report is a laboratory's, or it speaks of a specimen."""
    categories = _categories(resource)
    if categories:
        return categories <= _LABORATORY
    return bool(resource.get("specimen"))


def _categories(resource: Resource) -> set[str]:
    return {c.code for c in codings(resource.get("category")) if c.code}


def piece(
    text: str,
    where: str,
    context: ReportContext,
    *,
    named: str = "",
    section: Section | None = None,
) -> Piece:
    """Read one text of a report called *named*; *section* holds what has no heading."""
    reading = context.reader.read(text, title=named, section=section)
    return Piece(where=where, reading=reading, unreadable=not_read(reading))


def not_read(reading: Reading) -> str | None:
    """Give the contract's reason for a text that could not be read, None if it could."""
    if reading.reason is None:
        return None
    # Neither a template nor a text that is not a report holds anything to read.
    return "language" if reading.reason is NotRead.LANGUAGE else "no_text"


def _is_said_to_be_imaging(exam: ExamWords, links: StudyLinks) -> bool:
    return bool(
        exam.modality is Modality.MR
        or exam.is_foot
        or links.studies
        or links.uids
        or links.accessions
        or links.based_on
    )


def _named(words: str, exam: ExamWords) -> str:
    """Give the title of *exam*, with the side that only its code states (LOINC 26242-8: left)."""
    is_one_sided = exam.laterality in (Laterality.LEFT, Laterality.RIGHT)
    if not is_one_sided or of_title(words).laterality is not Laterality.UNKNOWN:
        return words
    return f"{words} {exam.laterality}"


def _pieces(
    resource: Resource, ref: str, context: ReportContext, *, named: str
) -> Iterator[tuple[Piece, str]]:
    """Give each text of a report, read and as it stands: "" where it could not be had."""
    for index, form in enumerate(forms(resource)):
        where = f"presentedForm[{index}]"
        try:
            said = attachment_text(
                form,
                report=resource,
                attachments=context.attachments,
                read_document=context.read_document,
            )
        except UnreadableResource as unreadable:
            yield Piece(where=where, unreadable=unreadable.reason), ""
        else:
            yield piece(said, where, context, named=named), said
    if said := conclusion(resource):
        yield piece(said, "conclusion", context, named=named, section=Section.IMPRESSION), said
    for ident, observation in _contained_results(resource):
        if said := observation_text(observation):
            section = section_of(observation, context.codes)
            yield piece(said, f"{ref}#{ident}", context, named=named, section=section), said
    if said := narrative(resource):
        yield piece(said, "text", context, named=named), said


def _contained_results(resource: Resource) -> Iterator[tuple[str, Resource]]:
    inside = contained(resource)
    for reference in objects(resource.get("result")):
        ident = target(reference).contained
        if ident is None or ident not in inside:
            continue
        observation = inside[ident]
        is_withdrawn = standing(status(observation)) is Standing.WITHDRAWN
        if kind(observation) == "Observation" and not is_withdrawn:
            yield ident, observation
