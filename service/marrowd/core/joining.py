"""
One report out of several texts: section by section, the first source that yields it.

A report often says the same thing three times (a PDF, the conclusion, a generated narrative) and
sometimes only part of it in each. Order of trust: presentedForm, conclusion, result Observations,
narrative. A later source speaks only for sections that are still lacking, so a stale narrative
cannot contradict the signed text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from marrowd.core.anatomy import Bone, Laterality, Region
from marrowd.core.facts import Piece
from marrowd.core.matching import BOTH_SIDES
from marrowd.core.reader.precedence import fold
from marrowd.core.reading import Certainty, Cue, Modality, NotRead, Reading, Section, Statement
from marrowd.core.verdict import Finding

CONCLUSION = "conclusion"
NARRATIVE = "text"

# What an unheaded text on marrow stands for: it is the body of a report.
BODY = frozenset({Section.FINDINGS, Section.IMPRESSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What the texts of one report say together; `unreadable` when none of them could be read."""

    findings: tuple[Finding, ...] = ()
    cues: tuple[Cue, ...] = ()
    marrow_normal: tuple[Laterality, ...] = ()
    excluded: tuple[tuple[Bone, Laterality], ...] = ()
    regions: tuple[Region, ...] = ()
    laterality: Laterality = Laterality.UNKNOWN
    modality: Modality | None = None
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """A text that gave at least one section, and what it gave."""

    piece: Piece
    reading: Reading
    said: tuple[Statement, ...]
    is_whole: bool  # no findings or impression of it were passed over


def join(pieces: Iterable[Piece]) -> Joined:
    """Join *pieces*, given in the order of trust; those of one source speak together."""
    given: set[Section] = set()
    spoken: list[_Spoken] = []
    reasons: list[str] = []
    unread: list[Reading] = []
    for _, source in groupby(pieces, key=_source):
        yielded: set[Section] = set()
        for piece in source:
            reading = piece.reading
            if reading is None or not reading.is_supported or piece.unreadable is not None:
                reasons.append(_reason(piece))
                unread += [] if reading is None else [reading]
                continue
            lacking = _sections(reading) - given
            if lacking:
                spoken.append(_speak(piece, reading, lacking))
                yielded |= lacking
        given |= yielded
        if given >= BODY or _has_body(spoken):
            given |= {*BODY, Section.UNKNOWN}
    if not spoken:
        return _unread(reasons, unread)
    return _together(spoken)


def titled(piece: Piece, side: Laterality) -> Piece:
    """
    Give *piece* as it reads under the title of a report on *side*.

    A result Observation is read before anybody knows which report lists it. The title of one foot
    is the side of all that states none, unless an exam line of its own says otherwise.
    """
    reading = piece.reading
    if reading is None or side not in BOTH_SIDES:
        return piece
    if reading.exam.laterality is not Laterality.UNKNOWN:
        return piece
    side_of = {Laterality.UNKNOWN: side}
    statements = tuple(
        replace(said, laterality=side_of.get(said.laterality, said.laterality))
        for said in reading.statements
    )
    normal = tuple(side_of.get(each, each) for each in reading.marrow_normal)
    excluded = tuple((bone, side_of.get(each, each)) for bone, each in reading.excluded)
    return replace(
        piece,
        reading=replace(reading, statements=statements, marrow_normal=normal, excluded=excluded),
    )


def _unread(reasons: list[str], readings: Iterable[Reading]) -> Joined:
    """Say why none could be read; what their exam lines say of the exam holds all the same."""
    regions, laterality, modality = _exam(readings)
    return Joined(
        regions=regions, laterality=laterality, modality=modality, unreadable=_worst(reasons)
    )


def _speak(piece: Piece, reading: Reading, lacking: set[Section]) -> _Spoken:
    body = (_sections(reading) & BODY) or {Section.UNKNOWN}
    return _Spoken(
        piece=piece,
        reading=reading,
        said=tuple(said for said in reading.statements if said.section in lacking),
        is_whole=body <= lacking,
    )


def _source(piece: Piece) -> str:
    """Name the source of *piece*: all presented forms are one, and all result Observations."""
    if piece.where in {CONCLUSION, NARRATIVE}:
        return piece.where
    return "form" if piece.where.startswith("presentedForm") else "result"


def _has_body(spoken: list[_Spoken]) -> bool:
    """
    Say whether an unheaded text told of marrow: it is then the body of the report.

    An unheaded text that does not may be a covering letter, and leaves every section lacking; so
    does the exam line above the headings of another.
    """
    return any(
        BODY.isdisjoint(_sections(text.reading)) and bool(text.reading.marrow_normal or text.said)
        for text in spoken
        if Section.UNKNOWN in _sections(text.reading)
    )


def _sections(reading: Reading) -> set[Section]:
    said_in = {statement.section for statement in reading.statements}
    return {*reading.sections, *said_in} or {Section.UNKNOWN}


def _reason(piece: Piece) -> str:
    if piece.unreadable is not None:
        return piece.unreadable
    is_foreign = piece.reading is not None and piece.reading.reason is NotRead.LANGUAGE
    return "language" if is_foreign else "no_text"


def _worst(reasons: list[str]) -> str:
    """Pick what to tell: a scan beside "See attached report." is a scan, not a lack of text."""
    return next((reason for reason in reasons if reason != "no_text"), "no_text")


_Span = tuple[Bone, Certainty, Section, int, int, str]


def _span(statement: Statement) -> _Span:
    """Tell a statement apart by what folding leaves: it may split sides, or add a severity."""
    return (
        statement.bone,
        statement.certainty,
        statement.section,
        statement.start,
        statement.end,
        statement.evidence,
    )


def _together(spoken: list[_Spoken]) -> Joined:
    readings = [text.reading for text in spoken]
    regions, laterality, modality = _exam(readings)
    where: dict[_Span, str] = {}
    for text in spoken:
        for statement in text.said:
            where.setdefault(_span(statement), text.piece.where)
    folded = fold(tuple(statement for text in spoken for statement in text.said))
    return Joined(
        findings=tuple(Finding(statement=said, piece=where[_span(said)]) for said in folded),
        cues=tuple(dict.fromkeys(cue for reading in readings for cue in reading.cues)),
        # Nobody can tell which section it stood in: of a text that was passed over in part, it may
        # be one that a better source contradicts.
        marrow_normal=tuple(
            dict.fromkeys(
                side for text in spoken if text.is_whole for side in text.reading.marrow_normal
            )
        ),
        excluded=tuple(dict.fromkeys(e for reading in readings for e in reading.excluded)),
        regions=regions,
        laterality=laterality,
        modality=modality,
    )


def _exam(
    readings: Iterable[Reading],
) -> tuple[tuple[Region, ...], Laterality, Modality | None]:
    """Give what the first of *readings* that says so says of the exam."""
    exams = [reading.exam for reading in readings]
    return (
        next((exam.regions for exam in exams if exam.regions), ()),
        next(
            (exam.laterality for exam in exams if exam.laterality is not Laterality.UNKNOWN),
            Laterality.UNKNOWN,
        ),
        next((exam.modality for exam in exams if exam.modality is not None), None),
    )
