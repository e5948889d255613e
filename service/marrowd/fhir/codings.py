"""Which of the known codes a CodeableConcept carries, and what they say together."""

from marrowd.core.facts import Analyte, Unit
from marrowd.fhir.members import Coding, codings
from marrowd.rules.codes import Codes, ExamCode, Role, VitaminDCode

_BEST_FIRST = (Analyte.TOTAL, Analyte.D3, Analyte.D2)
_EXCLUDING = frozenset({Role.EXCLUDED, Role.PANEL})


def vitamin_d_roles(concept: object, codes: Codes) -> list[VitaminDCode]:
    """Give the vitamin D codes among the LOINC codings."""
    found = []
    for coding in codings(concept):
        loinc = codes.loinc(coding.system, coding.code)
        if loinc is not None and loinc in codes.vitamin_d:
            found.append(codes.vitamin_d[loinc])
    return found


def analyte(concept: object, codes: Codes) -> Analyte | None:
    """
    Say which form of 25(OH)D a code measures; None when it is not one.

    One excluded or panel code excludes the whole concept, whatever stands beside it.
    """
    known = vitamin_d_roles(concept, codes)
    if any(code.role in _EXCLUDING for code in known):
        return None
    found = {code.analyte for code in known}
    if codes.local:
        found |= {codes.local.get((c.system, c.code)) for c in codings(concept)}
    return next((a for a in _BEST_FIRST if a in found), None)


def property_units(concept: object, codes: Codes) -> set[Unit]:
    """Give the units that belong to the properties of the codes."""
    return {code.unit for code in vitamin_d_roles(concept, codes) if code.unit is not None}


def exam(concept: object, codes: Codes) -> ExamCode | None:
    """Give the MR exam that a LOINC coding names; a foot or ankle exam before a wider one."""
    found = []
    for coding in codings(concept):
        loinc = codes.loinc(coding.system, coding.code)
        if loinc is not None and loinc in codes.imaging:
            found.append(codes.imaging[loinc])
    return next((e for e in found if e.region is not None), found[0] if found else None)


def is_mr(coding: Coding, codes: Codes) -> bool:
    """Say whether a coding is magnetic resonance; a bare "MR" without a system is DICOM's."""
    system = codes.system(coding.system) if coding.system else "dicom"
    return (system, coding.code) in codes.modalities
