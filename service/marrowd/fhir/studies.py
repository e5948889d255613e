"""An ImagingStudy: its modality, the part of the body, its date, and what ties reports to it."""

from datetime import tzinfo

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.facts import Standing, Study
from marrowd.core.reading import Modality
from marrowd.fhir.codings import is_mr
from marrowd.fhir.dates import optional
from marrowd.fhir.exams import joined, of_body_site, of_concept, side_of
from marrowd.fhir.links import NO_ORDERS, Orders, study_links
from marrowd.fhir.members import Resource, codings, objects, status, text, title
from marrowd.fhir.references import Resolve
from marrowd.fhir.versions import standing
from marrowd.rules.codes import Codes

# hl7.org/fhir/R4/valueset-imagingstudy-status; registered and unknown announce, they do not count.
_COUNTS = frozenset({"available"})
# DICOM modalities of what is not a picture: they come with a study of any modality and state none.
_NOT_ACQUIRED = frozenset({"SR", "PR", "KO", "DOC", "OT", "SEG", "REG", "AU"})


def study(
    resource: Resource,
    *,
    ref: str,
    codes: Codes,
    zone: tzinfo,
    resolve: Resolve,
    orders: Orders = NO_ORDERS,
) -> Study | None:
    """Read an ImagingStudy; None when it is withdrawn."""
    own = study_standing(resource)
    if own is Standing.WITHDRAWN:
        return None
    series = objects(resource.get("series"))
    named = of_concept(
        resource.get("procedureCode"),
        codes,
        words=f"{title(resource.get('procedureCode'))} | {text(resource.get('description'))}",
    )
    sites = [
        of_body_site(site, codes)
        for part in (resource, *series)
        for site in objects(part.get("bodySite"))
    ]
    sides = [side_of(s.get("laterality"), codes) for s in series]
    sides += [site.laterality for site in sites]
    side = joined(sides)
    regions: dict[Region, None] = dict.fromkeys(named.regions)
    for site in sites:
        regions.update(dict.fromkeys(site.regions))
    return Study(
        status=status(resource),
        standing=own,
        started=optional(resource.get("started"), zone=zone),
        modality=_modality(resource, series, codes) or named.modality,
        is_foot=named.is_foot or any(site.is_foot for site in sites),
        regions=tuple(regions),
        laterality=named.laterality if side is Laterality.UNKNOWN else side,
        links=study_links(resource, ref=ref, resolve=resolve, orders=orders),
    )


def study_standing(resource: Resource) -> Standing:
    """Say whether an ImagingStudy may be used."""
    return standing(status(resource), counts=_COUNTS)


def without_instances(resource: Resource) -> Resource:
    """
    Drop `series[].instance`: thousands of objects that say nothing here.

    Done before anything that costs more than a look, so that a large study costs its bytes only.
    """
    series = resource.get("series")
    if not isinstance(series, list):
        return resource
    slim = [
        {k: v for k, v in s.items() if k != "instance"} if isinstance(s, dict) else s
        for s in series
    ]
    return {**resource, "series": slim}


def _modality(resource: Resource, series: list[Resource], codes: Codes) -> Modality | None:
    """MR if any of them is; None when none is stated."""
    stated = [c for c in codings(resource.get("modality")) if c.code]
    stated += [c for s in series for c in codings(s.get("modality")) if c.code]
    if any(is_mr(c, codes) for c in stated):
        return Modality.MR
    return Modality.NOT_MR if any(c.code not in _NOT_ACQUIRED for c in stated) else None
