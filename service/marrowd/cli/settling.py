"""Whose each resource of the spool is, resolved when everything is known."""

import json

from marrowd.cli.gathered import IGNORED
from marrowd.cli.spool import Spool
from marrowd.fhir.json import parse_canonical
from marrowd.fhir.subjects import PATIENT, patient_identifiers


def settle(spool: Spool) -> None:
    """Resolve the subjects that no reference gave by itself, and make the spool ready."""
    are_carriers_known = False
    for key in spool.open_subjects():
        base, patient, urn, identifiers = json.loads(key)
        if identifiers and not are_carriers_known:
            are_carriers_known = True
            _note_carriers(spool)
        found = _resolved(spool, base, patient, urn, identifiers)
        if found is not None:
            spool.resolve_subject(key, found)
    spool.seal()


def _note_carriers(spool: Spool) -> None:
    for ref, body in spool.carriers_kept():
        for identifier in patient_identifiers(parse_canonical(body)):
            spool.put_carrier(identifier, ref)


def _resolved(
    spool: Spool,
    base: str | None,
    patient: str | None,
    urn: str | None,
    identifiers: list[str],
) -> str | None:
    """Give "Patient/1", IGNORED for what turns out to be no patient, None for nobody."""
    if patient is not None:
        return _patient(spool.address(f"{base}/{patient}") or patient)
    found = spool.address(urn) if urn is not None else None
    if found is not None:
        return _patient(found)
    carriers = {ref for one in identifiers for ref in spool.carriers(one, PATIENT)}
    return carriers.pop() if len(carriers) == 1 else None


def _patient(ref: str) -> str:
    return ref if ref.startswith(f"{PATIENT}/") else IGNORED
