"""
What each prefetch key is worth: judged key by key, because EHRs fill zero, some or all of them.

A key is *had* when the EHR has answered it: with data, with an empty Bundle, or with null ("there
is none"). It is not had when it is absent, when the EHR put an OperationOutcome in its place, when
the answer goes on on another page, or when nobody could say what it is. What was sent of an
unfinished answer is used all the same: a fact is a fact, the key merely does not prove that there
is no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from marrowd.cds.services import PrefetchKey
from marrowd.fhir.members import Resource, obj, objects, text
from marrowd.fhir.references import Resolve, nowhere
from marrowd.fhir.subjects import PATIENT, patient_identifiers, subject_of

TYPES: Final = {
    PrefetchKey.PATIENT: PATIENT,
    PrefetchKey.VITAMIN_D: "Observation",
    PrefetchKey.REPORTS: "DiagnosticReport",
    PrefetchKey.STUDIES: "ImagingStudy",
    PrefetchKey.PROBLEMS: "Condition",
    PrefetchKey.ORDERS: "ServiceRequest",
}
_OUTCOME: Final = "OperationOutcome"
_ERRORS: Final = frozenset({"error", "fatal"})


class Lack(StrEnum):
    """Why a key is not had."""

    ABSENT = "not sent"
    OUTCOME = "sent as an OperationOutcome"
    UNFINISHED = "sent in part: there is a next page"
    UNREADABLE = "sent in a shape that cannot be read"
    SOMEBODY_ELSE = "sent with data of another patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAnswer:
    """What one key brings; `lack` says why it is not had."""

    resources: tuple[Resource, ...] = ()
    lack: Lack | None = None


def answers_of(
    prefetch: Mapping[PrefetchKey, object], patient_id: str, *, resolve: Resolve
) -> Mapping[PrefetchKey, KeyAnswer]:
    """Judge every key of *prefetch*, and those that are not in it."""
    judged = {
        key: _answer(prefetch[key], TYPES[key]) if key in prefetch else KeyAnswer(lack=Lack.ABSENT)
        for key in PrefetchKey
    }
    identifiers = _identifiers(judged[PrefetchKey.PATIENT], patient_id)
    owner = Owner(patient_id=patient_id, identifiers=identifiers, resolve=resolve)
    return {key: of_patient(answer, owner) for key, answer in judged.items()}


def full_urls(prefetch: Mapping[PrefetchKey, object]) -> Resolve:
    """Give what tells "Type/id" of a fullUrl that a Bundle of *prefetch* gives to a resource."""
    known: dict[str, str] = {}
    for value in prefetch.values():
        for entry in objects(obj(value).get("entry")):
            url, resource = entry.get("fullUrl"), obj(entry.get("resource"))
            kind, ident = resource.get("resourceType"), resource.get("id")
            if isinstance(url, str) and isinstance(kind, str) and isinstance(ident, str):
                known[url] = f"{kind}/{ident}"
    return known.get


def _answer(value: object, kind: str) -> KeyAnswer:
    if value is None:
        return KeyAnswer()
    resource = obj(value)
    found = resource.get("resourceType")
    if found == _OUTCOME:
        return KeyAnswer(lack=Lack.OUTCOME)
    if kind == PATIENT:
        return (
            KeyAnswer(resources=(resource,)) if found == kind else KeyAnswer(lack=Lack.UNREADABLE)
        )
    return _of_bundle(resource, kind) if found == "Bundle" else KeyAnswer(lack=Lack.UNREADABLE)


def _of_bundle(bundle: Resource, kind: str) -> KeyAnswer:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        return KeyAnswer(lack=Lack.UNREADABLE)
    inside = [obj(obj(entry).get("resource")) for entry in entries]
    if not all(isinstance(one.get("resourceType"), str) for one in inside):
        return KeyAnswer(lack=Lack.UNREADABLE)
    resources = tuple(one for one in inside if one["resourceType"] == kind)
    if any(_is_failure(one) for one in inside):
        return KeyAnswer(resources=resources, lack=Lack.OUTCOME)
    if _goes_on(bundle, len(resources)):
        return KeyAnswer(resources=resources, lack=Lack.UNFINISHED)
    return KeyAnswer(resources=resources)


def _is_failure(resource: Resource) -> bool:
    if resource["resourceType"] != _OUTCOME:
        return False
    return any(text(issue.get("severity")) in _ERRORS for issue in objects(resource.get("issue")))


def _goes_on(bundle: Resource, count: int) -> bool:
    """Say whether there is more than was sent: a next page, or a total that was not reached."""
    if any(link.get("relation") == "next" for link in objects(bundle.get("link"))):
        return True
    total = bundle.get("total")
    if isinstance(total, bool) or not isinstance(total, Decimal | int):
        return False
    # A number that no Decimal holds cannot be compared, and is larger than any count.
    return not Decimal(total).is_finite() or total > count


def _identifiers(patient: KeyAnswer, patient_id: str) -> frozenset[str]:
    mine = (resource for resource in patient.resources if resource.get("id") == patient_id)
    return frozenset(token for resource in mine for token in patient_identifiers(resource))


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The patient of a call, by all that tells whether a resource is theirs."""

    patient_id: str
    identifiers: frozenset[str] = frozenset()  # "system|value"; none when nobody told them
    resolve: Resolve = nowhere

    def owns(self, resource: Resource) -> bool:
        """Say whether *resource* is theirs, as far as it can be told."""
        if resource.get("resourceType") == PATIENT:
            return resource.get("id") == self.patient_id
        subject = subject_of(resource, resolve=self.resolve)
        if subject.patient is not None:
            return subject.patient == f"{PATIENT}/{self.patient_id}"
        if subject.is_other:
            return False
        # A server that searched by patient has matched it; only identifiers can say otherwise.
        given = subject.identifiers
        return not (given and self.identifiers) or not self.identifiers.isdisjoint(given)


def of_patient(answer: KeyAnswer, owner: Owner) -> KeyAnswer:
    """Let go what is somebody else's: a key that mixes patients up proves nothing of this one."""
    mine = tuple(resource for resource in answer.resources if owner.owns(resource))
    if len(mine) == len(answer.resources):
        return answer
    return KeyAnswer(resources=mine, lack=Lack.SOMEBODY_ELSE)
