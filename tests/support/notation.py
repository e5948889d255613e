"""
Facts of one patient written as short lines, so that a truth table can be read (and rendered) as it
is.

    result 14 ng/mL @-20                    a final total, taken 20 days before NOW
    result D3 <4 nmol/L @-20 preliminary specimen=A panel=L1 id=7 at=08:30
    result ?unit @2025                      unreadable (here: its unit), dated by year
    report @-10 left foot: talus affirmed, right cuboid possible, normal marrow
    report @-10 scan study=S issued=-3 id=2 a report of study S that is a scan
    study S @-10 MR left foot registered
    pain @-100 resolved | deficiency active | order vitamin-d completed

Days are counted from the day of NOW, at noon; `@2025` is a year, `@?` an unreadable date, no `@`
none.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from marrowd.core.anatomy import Bone, Laterality, Region
from marrowd.core.facts import (
    Analyte,
    Fact,
    Order,
    Piece,
    Problem,
    Report,
    Standing,
    Study,
    StudyLinks,
    Unit,
    Version,
    VitaminDResult,
    When,
)
from marrowd.core.policy import Policy
from marrowd.core.reading import Certainty, Modality, NotRead, Reading, Section, Statement
from marrowd.core.screening import screen
from marrowd.core.timeline import Timeline, build_timeline
from marrowd.core.verdict import Verdict
from marrowd.rules.policies import load_policies

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PATIENT = "Patient/1"
POLICY = load_policies()["endocrine-2011"]
RULES = "rules-1"

HELD = {"registered", "preliminary", "partial", "unknown"}
WITHDRAWN = {"cancelled", "entered-in-error"}
COUNTING = {"final", "amended", "corrected", "appended"}
UNREAD = {"scan", "type", "not_fetched", "broken", "language", "no_text"}
SIDES = {side.value for side in Laterality} - {"unknown"}
REGIONS = {region.value for region in Region}
BONES = {bone.value for bone in Bone}


def facts(lines: Iterable[str]) -> list[Fact]:
    """Read every line of a patient; panels become reports that list their results."""
    made: list[Fact] = []
    panels: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        counts[kind] = counts.get(kind, 0) + 1
        read = {
            "result": _result,
            "report": _report,
            "study": _study,
            "pain": _problem,
            "deficiency": _problem,
            "order": _order,
        }[kind]
        fact, panel = read(kind, rest, counts[kind])
        made.append(fact)
        if panel:
            panels.setdefault(panel, []).append(fact.ref)
    made += [
        Fact(ref=f"DiagnosticReport/{name}", patient=PATIENT, version=Version(), lists=tuple(refs))
        for name, refs in panels.items()
    ]
    return made


def timeline(*lines: str, policy: Policy = POLICY) -> Timeline:
    """Build the timeline of a patient."""
    return build_timeline(PATIENT, facts(lines), policy=policy)


def verdict(*lines: str, policy: Policy = POLICY, now: datetime = NOW) -> Verdict:
    """Screen a patient."""
    return screen(timeline(*lines, policy=policy), policy=policy, now=now, rules_version=RULES)


def when(written: str | None, at: str = "12:00") -> When | None:
    """Read `-20`, `2025`, `?`, or nothing."""
    if written is None:
        return None
    if written == "?":
        return When()
    if re.fullmatch(r"\d{4}", written):
        return When(year=int(written))
    hour, minute, *second = (int(part) for part in at.split(":"))
    day = NOW + timedelta(days=int(written))
    return When(instant=day.replace(hour=hour, minute=minute, second=(second or [0])[0]))


def _words(text: str) -> tuple[list[str], dict[str, str]]:
    words, named = [], {}
    for word in text.split():
        if word.startswith("@"):
            named["@"] = word[1:]
        elif "=" in word and word[0] not in "<>":
            key, _, value = word.partition("=")
            named[key] = value
        else:
            words.append(word)
    return words, named


def _standing(words: list[str]) -> tuple[str, Standing]:
    status = next((word for word in words if word in COUNTING | HELD | WITHDRAWN), "final")
    if status in WITHDRAWN:
        return status, Standing.WITHDRAWN
    return status, Standing.HELD if status in HELD else Standing.COUNTS


def _version(text: str, named: dict[str, str], standing: Standing) -> Version:
    return Version(
        version_id=int(named["v"]) if "v" in named else None,
        is_withdrawn=standing is Standing.WITHDRAWN,
        digest=named.get("digest", text),
    )


def _result(_: str, text: str, number: int) -> tuple[Fact, str | None]:
    words, named = _words(text)
    status, standing = _standing(words)
    ref = f"Observation/{named.get('id', number)}"
    analyte = next((Analyte(w.lower()) for w in words if w.lower() in set(Analyte)), Analyte.TOTAL)
    unit = next((Unit(word) for word in words if word in set(Unit)), None)
    unreadable = next((word[1:] for word in words if word.startswith("?")), None)
    amount = next((m for w in words if (m := re.fullmatch(r"([<>]=?)?(-?[\d.]+)", w))), None)
    taken = when(named.get("@"), named.get("at", "12:00")) or When()
    result = VitaminDResult(
        ref=ref,
        version=named.get("v"),
        analyte=analyte,
        standing=standing,
        status=status,
        when=taken,
        value=Decimal(amount[2]) if amount else None,
        comparator=amount[1] if amount else None,
        unit=unit,
        unreadable=unreadable,
        specimen=named.get("specimen"),
    )
    fact = Fact(
        ref=ref,
        patient=PATIENT,
        version=_version(text, named, standing),
        version_id=named.get("v"),
        results=(result,),
    )
    return fact, named.get("panel")


def statement(text: str, side: Laterality, start: int = 0) -> Statement:
    """Read `right cuboid possible`."""
    words = text.split()
    own = next((Laterality(word) for word in words if word in {*SIDES, "unknown"}), side)
    bone = next(Bone(word) for word in words if word in BONES)
    certainty = next((Certainty(w) for w in words if w in set(Certainty)), Certainty.AFFIRMED)
    return Statement(
        bone=bone,
        laterality=own,
        certainty=certainty,
        evidence=text,
        start=start,
        end=start + len(text),
        section=Section.IMPRESSION,
    )


def reading(text: str, side: Laterality) -> Reading:
    """Read what stands after the colon of a report."""
    said = [part.strip() for part in text.split(",") if part.strip()]
    statements: list[Statement] = []
    normal: list[Laterality] = []
    excluded: list[tuple[Bone, Laterality]] = []
    for part in said:
        words = part.split()
        own = next((Laterality(word) for word in words if word in SIDES), side)
        if "normal" in words:
            normal.append(own)
        elif "hidden" in words:
            excluded += [(Bone(word), own) for word in words if word in BONES]
        else:
            statements.append(statement(part, side, start=100 * len(statements)))
    return Reading(
        language="en",
        sections=(Section.IMPRESSION,),
        statements=tuple(statements),
        marrow_normal=tuple(normal),
        excluded=tuple(excluded),
    )


def _report(_: str, text: str, number: int) -> tuple[Fact, str | None]:
    head, *after = re.split(r":(?=\s|$)", text, maxsplit=1)  # not that of `at=08:30`
    body = "".join(after)
    words, named = _words(head)
    status, standing = _standing(words)
    side = next((Laterality(word) for word in words if word in SIDES), Laterality.UNKNOWN)
    regions = tuple(Region(word) for word in words if word in REGIONS)
    unread = next((word for word in words if word in UNREAD), None)
    piece = Piece(where="conclusion", unreadable=unread)
    if unread == "language":
        piece = Piece(where="conclusion", reading=Reading(language="de", reason=NotRead.LANGUAGE))
    elif unread is None:
        piece = Piece(where="conclusion", reading=reading(body, side))
    modality: Modality | None = Modality.MR
    if "CT" in words or "XR" in words:
        modality = Modality.NOT_MR
    elif "untold" in words:
        modality = None
    report = Report(
        status=status,
        standing=standing,
        effective=when(named.get("@"), named.get("at", "12:00")),
        issued=when(named.get("issued")),
        modality=modality,
        is_foot=bool(regions),
        regions=regions,
        laterality=side,
        is_radiology="radiology" in words,
        is_elsewhere="knee" in words,
        links=_links(named),
        pieces=(piece,),
    )
    fact = Fact(
        ref=f"DiagnosticReport/{named.get('id', number)}",
        patient=PATIENT,
        version=_version(text, named, standing),
        version_id=named.get("v"),
        report=report,
    )
    return fact, None


def _links(named: dict[str, str]) -> StudyLinks:
    def each(key: str) -> tuple[str, ...]:
        return (named[key],) if key in named else ()

    studies = tuple(f"ImagingStudy/{ref}" for ref in each("study"))
    return StudyLinks(
        studies=studies, uids=each("uid"), accessions=each("acc"), based_on=each("order")
    )


def _study(_: str, text: str, number: int) -> tuple[Fact, str | None]:
    words, named = _words(text)
    status = next((w for w in words if w in {"registered", "available", *WITHDRAWN}), "available")
    standing = Standing.WITHDRAWN if status in WITHDRAWN else Standing.COUNTS
    regions = tuple(Region(word) for word in words if word in REGIONS)
    name = next((word for word in words if re.fullmatch(r"[A-Z]\d?", word)), str(number))
    modality: Modality | None = None
    if "MR" in words:
        modality = Modality.MR
    elif {"CT", "XR"} & set(words):
        modality = Modality.NOT_MR
    study = Study(
        status=status,
        standing=standing,
        started=when(named.get("@"), named.get("at", "12:00")),
        modality=modality,
        is_foot=bool(regions),
        regions=regions,
        laterality=next((Laterality(w) for w in words if w in SIDES), Laterality.UNKNOWN),
        links=_links(named),
    )
    fact = Fact(
        ref=f"ImagingStudy/{name}",
        patient=PATIENT,
        version=_version(text, named, standing),
        study=study,
    )
    return fact, None


def _problem(kind: str, text: str, number: int) -> tuple[Fact, str | None]:
    words, named = _words(text)
    problem = Problem(
        is_pain=kind == "pain",
        is_vitamin_d_deficiency=kind == "deficiency",
        is_active=not {"resolved", "inactive", "refuted"} & set(words),
        since=when(named.get("@")),
    )
    ref = f"Condition/{kind}{named.get('id', number)}"
    return Fact(ref=ref, patient=PATIENT, version=Version(), problem=problem), None


def _order(_: str, text: str, number: int) -> tuple[Fact, str | None]:
    words, named = _words(text)
    order = Order(
        is_vitamin_d="vitamin-d" in words,
        is_foot_mr="foot-mr" in words,
        is_open=not {"completed", "revoked"} & set(words),
    )
    ref = f"ServiceRequest/{named.get('id', number)}"
    return Fact(ref=ref, patient=PATIENT, version=Version(), order=order), None


def said(found: Verdict) -> str:
    """Say a verdict in a word or two: `association deficient`."""
    return " ".join(filter(None, (found.kind, found.severity)))


def changed(policy: Policy = POLICY, **fields: Any) -> Policy:
    """Give *policy* with other choices of the site."""
    return replace(policy, **fields)
