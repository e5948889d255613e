"""
The clinical codes of `codes.toml` as look-up tables.

A code system is told by its URI (or its OID) and nothing else: a LOINC number under another system
is not a LOINC code (rules.md section 1).
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NewType

from marrowd.core.anatomy import Laterality, Region
from marrowd.core.facts import Analyte, Unit
from marrowd.core.reading import Section

Loinc = NewType("Loinc", str)
Snomed = NewType("Snomed", str)

_FILE = Path(__file__).with_name("codes.toml")
_UNIT_OF_SIZE = {"mass": Unit.NG_ML, "molar": Unit.NMOL_L}


class Role(StrEnum):
    """What a LOINC code about vitamin D means on an Observation."""

    TOTAL = "total"
    D3 = "d3"
    D2 = "d2"
    GREY = "grey"
    EXCLUDED = "excluded"
    PANEL = "panel"


class ProblemRole(StrEnum):
    """What a problem of the problem list means for the verdict."""

    PAIN = "pain"
    VITAMIN_D_DEFICIENCY = "vitamin_d_deficiency"


@dataclass(frozen=True, slots=True, kw_only=True)
class VitaminDCode:
    """A LOINC code about vitamin D; `unit` is that of its property, where it has one."""

    role: Role
    unit: Unit | None

    @property
    def analyte(self) -> Analyte | None:
        """Give what is measured, None when it is not a 25(OH)D result by itself."""
        return _MEASURED.get(self.role)


_MEASURED = {Role.TOTAL: Analyte.TOTAL, Role.D3: Analyte.D3, Role.D2: Analyte.D2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamCode:
    """An MR exam: the foot or ankle region it is aimed at, if it is one, and the side."""

    region: Region | None
    side: Laterality


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """All tables; `local` holds a site's own codes for 25(OH)D by (system, code)."""

    systems: Mapping[str, str]  # URI -> name
    vitamin_d: Mapping[Loinc, VitaminDCode]
    texts: Mapping[Loinc, Section]
    imaging: Mapping[Loinc, ExamCode]
    body_sites: Mapping[Snomed, Region | None]
    sides: Mapping[Snomed, Laterality]
    modalities: frozenset[tuple[str, str]]  # (system name, code)
    problems: Mapping[tuple[str, str], ProblemRole]  # (system name, code)
    problem_prefixes: Mapping[tuple[str, str], ProblemRole]
    local: Mapping[tuple[str, str], Analyte] = field(default_factory=dict)
    local_pains: frozenset[tuple[str, str]] = frozenset()

    def system(self, uri: str) -> str:
        """Give the name of a code system, "" for one that is not known."""
        return self.systems.get(uri, "")

    def loinc(self, uri: str, code: str) -> Loinc | None:
        """Give *code* as a LOINC code if its system says so."""
        return Loinc(code) if self.systems.get(uri) == "loinc" else None

    def snomed(self, uri: str, code: str) -> Snomed | None:
        """Give *code* as a SNOMED CT code if its system says so."""
        return Snomed(code) if self.systems.get(uri) == "snomed" else None

    def problem(self, uri: str, code: str) -> ProblemRole | None:
        """Say what a coded problem means for the verdict."""
        if (uri, code) in self.local_pains:
            return ProblemRole.PAIN
        name = self.systems.get(uri, "")
        if name.startswith("icd"):
            code = _dotted(code)
        if (name, code) in self.problems:
            return self.problems[name, code]
        for (system, prefix), role in self.problem_prefixes.items():
            if system == name and code.startswith(prefix):
                return role
        return None


@cache
def _rows() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _built_in() -> Codes:
    rows = _rows()
    return Codes(
        systems={uri: name for name, uris in rows["systems"].items() for uri in uris},
        vitamin_d={
            Loinc(r["code"]): VitaminDCode(role=Role(r["role"]), unit=_UNIT_OF_SIZE.get(r["size"]))
            for r in rows["vitamin_d"]
        },
        texts={Loinc(r["code"]): Section(r["section"]) for r in rows["texts"]},
        imaging={
            Loinc(r["code"]): ExamCode(region=_region(r), side=Laterality(r["side"]))
            for r in rows["imaging"]
        },
        body_sites={Snomed(r["code"]): _region(r) for r in rows["body_sites"]},
        sides={Snomed(r["code"]): Laterality(r["side"]) for r in rows["sides"]},
        modalities=frozenset((r["system"], r["code"]) for r in rows["modalities"]),
        problems={
            (r["system"], r["code"]): ProblemRole(r["role"])
            for r in rows["problems"]
            if not r["code"].endswith("*")
        },
        problem_prefixes={
            (r["system"], r["code"][:-1]): ProblemRole(r["role"])
            for r in rows["problems"]
            if r["code"].endswith("*")
        },
    )


def load_codes(
    *, local: Mapping[tuple[str, str], str] | None = None, pains: Collection[str] = ()
) -> Codes:
    """
    Give the tables with a site's own codes.

    Args:
        local: (system, code) -> "total", "d3" or "d2". A grey LOINC code may be named here; an
            excluded one stays excluded.
        pains: "system|code" of problems that mean foot or ankle pain, besides the built-in ones.
    """
    base = _built_in()
    if not local and not pains:
        return base
    tokens = (tuple(p.rpartition("|")[::2]) for p in pains)
    return Codes(
        systems=base.systems,
        vitamin_d=base.vitamin_d,
        texts=base.texts,
        imaging=base.imaging,
        body_sites=base.body_sites,
        sides=base.sides,
        modalities=base.modalities,
        problems=base.problems,
        problem_prefixes=base.problem_prefixes,
        local={key: Analyte(value) for key, value in (local or {}).items()},
        local_pains=frozenset((t[0], t[1]) for t in tokens),
    )


def _region(row: Mapping[str, str]) -> Region | None:
    return Region(row["region"]) if row["region"] else None


def _dotted(code: str) -> str:
    """Give an ICD-10 code with its dot, which some systems leave out."""
    code = code.upper()
    dotless = 3
    return code if "." in code or len(code) <= dotless else f"{code[:dotless]}.{code[dotless:]}"
