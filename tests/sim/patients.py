"""
What happens at the hospital: resources written, corrected, taken back, moved and deleted, by seed.

Some dates are chosen so that time alone changes a verdict while the run lasts.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.support import resources as fhir

Resource = dict[str, Any]
_EDEMA = "FINDINGS: Bone marrow edema in the left talus. IMPRESSION: Marrow edema of the talus."
_NONE = "FINDINGS: No bone marrow edema. The tendons are intact. IMPRESSION: Normal MRI."
_WORDS = (_EDEMA, _NONE, "FINDINGS: Marrow edema in the right calcaneus.")
_VALUES = (8, 14, 14, 25, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done on the FHIR server."""

    at_s: float
    resource: Resource | None = None  # written
    deleted: str = ""
    is_told: bool = True  # a Subscription asks for it
    told_after_s: float | None = None  # else it is drawn


def acts(
    rng: random.Random, start: datetime, *, storm_s: float, has_edges: bool = True
) -> list[Act]:
    """
    Draw what is done while the storm lasts, in order.

    Args:
        rng: drawn from.
        start: when the run begins.
        storm_s: how long it lasts.
        has_edges: date some evidence so that time alone changes a verdict meanwhile.
    """
    many = range(1, rng.choice((2, 2, 3)))
    drawn = [act for number in many for act in _of(rng, start, number, has_edges=has_edges)]
    moments = sorted(rng.random() * storm_s for act in drawn if act.at_s < 0)
    # In the order drawn per patient, patients mixed: their moments are dealt out at random.
    owners = [index for index, act in enumerate(drawn) if act.at_s < 0]
    by_patient: dict[str, list[int]] = {}
    for index in owners:
        by_patient.setdefault(_owner(drawn[index]), []).append(index)
    rng.shuffle(moments)
    placed = {index: act.at_s for index, act in enumerate(drawn)}
    for indices in by_patient.values():
        own = sorted(moments.pop() for _ in indices)
        placed |= dict(zip(indices, own, strict=True))
    timed = [
        Act(at_s=placed[index], resource=act.resource, deleted=act.deleted, is_told=act.is_told)
        for index, act in enumerate(drawn)
    ]
    return sorted(timed, key=lambda act: act.at_s)


def _owner(act: Act) -> str:
    ident = act.resource["id"] if act.resource is not None else act.deleted.partition("/")[2]
    return str(ident)[-1]


def _of(rng: random.Random, start: datetime, number: int, *, has_edges: bool) -> Iterator[Act]:
    """Draw one patient's."""
    who = {"reference": f"Patient/p{number}"}
    about: dict[str, Any] = {"subject": who}
    if rng.random() < 0.3:
        yield Act(at_s=0.0, resource=fhir.pain(f"c{number}", **about), is_told=False)
    if rng.random() < 0.15:
        yield from _unlisted(rng, number, about)
        return
    report_day = start - timedelta(days=rng.choice((20, 20, 20, 365)))  # ends at midnight
    lab_at = rng.choice(
        (start - timedelta(days=25), start - timedelta(days=25), start + timedelta(hours=24.04))
    )
    if not has_edges:
        report_day, lab_at = start - timedelta(days=20), start - timedelta(days=25)
    lab_more = {**about, "effectiveDateTime": lab_at.isoformat()}
    report_more = {**about, "effectiveDateTime": report_day.isoformat()}
    kinds = [
        lambda: _lab(rng, number, lab_more),
        lambda: _lab(rng, number, lab_more),
        lambda: _report(rng, number, report_more),
        lambda: _report(rng, number, report_more),
        lambda: _study(rng, number, about, report_day),
        lambda: _removal(rng, number),
    ]
    if rng.random() < 0.7:  # something to say
        yield _told(fhir.lab(f"la{number}", 14, **lab_more))
        yield _told(fhir.mri(f"ra{number}", _EDEMA, **report_more))
    for _ in range(rng.choice((1, 2, 4))):
        yield from rng.choice(kinds)()


def _lab(rng: random.Random, number: int, more: Resource) -> Iterator[Act]:
    status = rng.choice(("final", "final", "final", "corrected", "entered-in-error"))
    other = rng.randint(1, 2)
    moved = {"subject": {"reference": f"Patient/p{other}"}} if rng.random() < 0.15 else {}
    value = rng.choice(_VALUES)
    yield _told(fhir.lab(f"l{rng.choice('ab')}{number}", value, **{**more, **moved}, status=status))


def _report(rng: random.Random, number: int, more: Resource) -> Iterator[Act]:
    said = rng.choice(_WORDS)
    status = rng.choice(("final", "final", "final", "preliminary", "entered-in-error"))
    ident = f"r{rng.choice('ab')}{number}"
    if rng.random() < 0.3:
        data = base64.b64encode(said.encode()).decode()
        content = {"resourceType": "Binary", "id": f"b{rng.randrange(10_000)}{number}"}
        content |= {"contentType": "text/plain", "data": data}
        yield Act(at_s=-1, resource=content, is_told=False)
        form = {"contentType": "text/plain", "url": f"Binary/{content['id']}"}
        yield _told(fhir.mri(ident, None, **more, status=status, presentedForm=[form]))
    else:
        yield _told(fhir.mri(ident, said, **more, status=status))


def _study(rng: random.Random, number: int, more: Resource, day: datetime) -> Iterator[Act]:
    status = rng.choice(("available", "available", "registered", "cancelled"))
    yield _told(fhir.study(f"s{number}", **more, started=day.isoformat(), status=status))


def _removal(rng: random.Random, number: int) -> Iterator[Act]:
    ident = rng.choice(("Observation/l", "DiagnosticReport/r")) + rng.choice("ab")
    yield Act(at_s=-1, deleted=f"{ident}{number}")


def _unlisted(rng: random.Random, number: int, about: Resource) -> Iterator[Act]:
    """A report that no Subscription and no search names: only its study leads to it."""
    yield _told(fhir.lab(f"la{number}", 11, **about))
    report = fhir.mri(f"ra{number}", rng.choice(_WORDS), **about, category=None)
    both = [
        _told(fhir.study(f"s{number}", **about)),
        Act(at_s=-1, resource=report, is_told=False),
    ]
    rng.shuffle(both)
    yield from both


def _told(resource: Resource) -> Act:
    return Act(at_s=-1, resource=resource)
