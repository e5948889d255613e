"""Imaging reports: is it an MRI of a foot, what ties it to a study, its date, its text."""

from dataclasses import replace

import pytest
from tests.spec.tables import Table, row
from tests.support.notation import NOW, PATIENT, POLICY, facts, reading, timeline

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.facts import Piece
from marrowd.core.reading import Exam, Modality, NotRead, Reading, Region, Section
from marrowd.core.timeline import build_timeline

MR = Table(
    title="Is it MR?",
    rule="The first that states a modality decides: study or series (MR if any is), report code "
    "or title; only if none does, the exam or technique line of the text.",
    columns=("facts", "is MR"),
    rows=(
        row("by its code or title", ("report @-10 foot: talus",), "yes"),
        row("CT by its code or title", ("report @-10 CT foot: talus",), "no"),
        row("nothing states a modality", ("report @-10 untold foot: talus",), "no"),
        row("the text says MR", ("report @-10 untold foot text=mr: talus",), "yes"),
        row("the text says another", ("report @-10 untold foot text=not_mr: talus",), "no"),
        row("the title goes before the text", ("report @-10 CT foot text=mr: talus",), "no"),
        row(
            "the study goes before the title",
            ("study S @-10 MR foot", "report @-10 CT foot study=S: talus"),
            "yes",
        ),
        row(
            "a study of CT goes before the title",
            ("study S @-10 CT foot", "report @-10 foot study=S: talus"),
            "no",
        ),
        row(
            "a study that states none leaves it to the title",
            ("study S @-10 foot", "report @-10 foot study=S: talus"),
            "yes",
        ),
        row(
            "of two studies one is MR",
            (
                "study S @-10 CT foot acc=h|7",
                "study T @-10 MR foot acc=h|7",
                "report @-10 untold foot acc=h|7: talus",
            ),
            "yes",
        ),
        row(
            "a withdrawn study is ignored",
            ("study S @-10 CT foot cancelled", "report @-10 foot study=S: talus"),
            "yes",
        ),
    ),
)


def texted(lines):
    """Let `text=mr` of a report be what its text says of the modality."""
    return [
        with_exam(fact, Exam(modality=Modality.NOT_MR if "text=not_mr" in line else Modality.MR))
        if "text=" in line
        else fact
        for line, fact in zip(lines, facts(lines), strict=True)
    ]


def with_exam(fact, exam):
    """Let the text of a report say *exam*."""
    (piece,) = fact.report.pieces
    pieces = (replace(piece, reading=replace(piece.reading, exam=exam)),)
    return replace(fact, report=replace(fact.report, pieces=pieces))


def built(made):
    return build_timeline(PATIENT, made, policy=POLICY)


@MR.cases
def test_is_mr(facts, expected):
    assert ("yes" if built(texted(facts)).reports else "no") == expected


FOOT = Table(
    title="Is it a foot or ankle?",
    rule="By code, title or exam line, by the body site of the study, or by a finding label in a "
    "foot bone in whatever certainty. The distal tibia and fibula are none: they belong to a "
    "shin too.",
    columns=("facts", "is foot or ankle"),
    rows=(
        row("by code or title", ("report @-10 ankle: other",), "yes"),
        row("by the study", ("study S @-10 MR foot", "report @-10 study=S: other"), "yes"),
        row("by a label, affirmed", ("report @-10: talus affirmed",), "yes"),
        row("by a label, negated", ("report @-10: talus negated",), "yes"),
        row("by a label in a phalanx", ("report @-10: phalanx affirmed",), "yes"),
        row("by a label in a sesamoid", ("report @-10: sesamoid affirmed",), "yes"),
        row("not by a label in the distal tibia", ("report @-10: distal_tibia affirmed",), "no"),
        row("not by a label in the distal fibula", ("report @-10: distal_fibula affirmed",), "no"),
        row("not by another bone", ("report @-10: other affirmed",), "no"),
        row("not by nothing", ("report @-10 scan",), "no"),
    ),
)


@FOOT.cases
def test_is_foot(facts, expected):
    assert ("yes" if timeline(*facts).reports else "no") == expected


def test_exam_line_of_the_text_says_foot():
    (fact,) = facts(["report @-10: other"])
    exam = Exam(regions=(Region.HINDFOOT,), laterality=Laterality.RIGHT)

    (report,) = built([with_exam(fact, exam)]).reports

    assert (report.regions, report.laterality) == ((Region.HINDFOOT,), Laterality.RIGHT)


def test_a_text_that_cannot_be_read_still_says_that_it_is_mr_of_a_foot():
    (fact,) = facts(["report @-10 untold: other"])
    said = Reading(
        language="en",
        reason=NotRead.NOT_A_REPORT,
        exam=Exam(modality=Modality.MR, regions=(Region.ANKLE,), laterality=Laterality.LEFT),
    )
    piece = Piece(where="conclusion", reading=said)

    (report,) = built([replace(fact, report=replace(fact.report, pieces=(piece,)))]).reports

    assert (report.unreadable, report.regions) == ("no_text", (Region.ANKLE,))


LINKS = Table(
    title="Which study a report is about",
    rule="By imagingStudy reference or Study UID, else the same accession (system and value), "
    "else the same request; failing all, the same day, if the report itself looks like one "
    "on such an exam. A withdrawn study is ignored.",
    columns=("facts", "studies"),
    rows=(
        row("reference", ("study S @-10 MR foot", "report @-9 foot study=S: talus"), "S"),
        row("Study UID", ("study S @-10 MR foot uid=1.2", "report @-9 foot uid=1.2: talus"), "S"),
        row(
            "accession",
            ("study S @-10 MR foot acc=h|7", "report @-9 foot acc=h|7: talus"),
            "S",
        ),
        row(
            "accession of another system",
            ("study S @-10 MR foot acc=h|7", "report @-9 foot acc=k|7: talus"),
            "",
        ),
        row("request", ("study S @-10 MR foot order=9", "report @-9 foot order=9: talus"), "S"),
        row("the day", ("study S @-10 MR foot", "report @-10 at=17:00 foot: talus"), "S"),
        row("another day", ("study S @-10 MR foot", "report @-9 foot: talus"), ""),
        row(
            "the day of issue, without an effective one",
            ("study S @-10 MR foot", "report issued=-10 foot: talus"),
            "S",
        ),
        row(
            "a reference goes before an accession",
            (
                "study S @-10 MR foot acc=h|7",
                "study T @-10 MR foot",
                "report @-10 foot study=T acc=h|7: talus",
            ),
            "T",
        ),
        row(
            "an accession goes before a request",
            (
                "study S @-10 MR foot order=9",
                "study T @-10 MR foot acc=h|7",
                "report @-10 foot order=9 acc=h|7: talus",
            ),
            "T",
        ),
        row(
            "a request goes before the day",
            (
                "study S @-10 MR foot",
                "study T @-30 MR foot order=9",
                "report @-10 foot order=9: talus",
            ),
            "T",
        ),
        row(
            "a reference to nothing we know falls to the day",
            ("study S @-10 MR foot", "report @-10 foot study=X: talus"),
            "S",
        ),
        row(
            "withdrawn",
            ("study S @-10 MR foot entered-in-error", "report @-10 foot study=S: talus"),
            "",
        ),
        row(
            "the day, but another modality",
            ("study S @-10 CT foot", "report @-10 foot: talus"),
            "",
        ),
        row(
            "the day, a foot that is not said to be MR, and a foot study",
            ("study S @-10 MR foot", "report @-10 untold foot: other"),
            "S",
        ),
        row(
            "the day, two studies of which one is of a foot",
            ("study S @-10 MR", "study T @-10 MR foot", "report @-10 foot: talus"),
            "T",
        ),
        row(
            "the day, a label in a foot bone",
            ("study S @-10 MR", "report @-10 untold: talus"),
            "S",
        ),
        row(
            "the day, MR with marrow called normal, of an exam that is not named",
            ("study S @-10 MR foot", "report @-10: normal"),
            "S",
        ),
        row(
            "a reference, though the title names a knee",
            ("study S @-10 MR foot", "report @-10 knee study=S: normal"),
            "S",
        ),
        row(
            "the day, two studies of which one is of that side",
            (
                "study S @-10 MR right foot",
                "study T @-10 MR left foot",
                "report @-10 left foot: talus",
            ),
            "T",
        ),
        row("the day, a scan", ("study S @-10 MR foot", "report @-10 untold scan"), "S"),
        row(
            "the day, radiology without readable text",
            ("study S @-10 MR foot", "report @-10 untold radiology no_text"),
            "S",
        ),
    ),
)


@LINKS.cases
def test_link(facts, expected):
    reports = timeline(*facts).reports

    assert " ".join(ref.partition("/")[2] for r in reports for ref in r.studies) == expected


ELSEWHERE = Table(
    title="Reports that only share the day",
    rule="The day alone does not make a report one on the study: it stays what it is by itself, "
    "here no MRI of a foot.",
    columns=("facts", "reports"),
    rows=(
        row("a blood count", ("study S @-10 MR foot", "report @-10 untold no_text"), 0),
        row("an MRI of a knee", ("study S @-10 MR foot", "report @-10: other affirmed"), 0),
        row(
            "an MRI of a knee by its title, whose marrow is normal",
            ("study S @-10 MR foot", "report @-10 knee: normal"),
            0,
        ),
        row(
            "an MRI of a knee by its title, a scan",
            ("study S @-10 MR foot", "report @-10 knee radiology scan"),
            0,
        ),
        row("an X-ray of the foot", ("study S @-10 MR foot", "report @-10 XR foot: other"), 0),
        row(
            "an X-ray of the foot, on the day of a brain MRI",
            ("study S @-10 MR", "report @-10 untold foot: other"),
            0,
        ),
    ),
)


@ELSEWHERE.cases
def test_report_of_the_same_day(facts, expected):
    assert len(timeline(*facts).reports) == expected


DATES = Table(
    title="The date of a report",
    rule="The study's start, else the report's effective date, else issued: the first that can be "
    "placed. Without one the report is unreadable (`date`).",
    columns=("facts", "day"),
    rows=(
        row("study", ("study S @-10 MR foot", "report @-9 issued=-8 foot study=S: talus"), "-10"),
        row("study without a start", ("study S MR foot", "report @-9 foot study=S: talus"), "-9"),
        row(
            "study of a year alone",
            ("study S @2026 MR foot", "report @-9 foot study=S: talus"),
            "-9",
        ),
        row("effective", ("report @-9 issued=-8 foot: talus",), "-9"),
        row("issued", ("report issued=-8 foot: talus",), "-8"),
        row("effective of a year alone", ("report @2026 issued=-8 foot: talus",), "-8"),
        row("a year alone", ("report @2026 foot: talus",), "date"),
        row("none", ("report foot: talus",), "date"),
        row(
            "a withdrawn study: its own date",
            ("study S @-10 MR foot cancelled", "report @-9 foot study=S: talus"),
            "-9",
        ),
        row(
            "of two studies the MR one",
            (
                "study S @-12 foot acc=h|7",
                "study T @-10 MR foot acc=h|7",
                "report @-9 foot acc=h|7: talus",
            ),
            "-10",
        ),
        row(
            "of two MR studies that of a foot",
            (
                "study S @-12 MR acc=h|7",
                "study T @-10 MR foot acc=h|7",
                "report @-9 foot acc=h|7: talus",
            ),
            "-10",
        ),
        row(
            "of two MR studies the earlier",
            (
                "study S @-10 MR foot acc=h|7",
                "study T @-12 MR foot acc=h|7",
                "report @-9 foot acc=h|7: talus",
            ),
            "-12",
        ),
    ),
)


@DATES.cases
def test_date(facts, expected):
    (report,) = timeline(*facts).reports

    day = report.unreadable if report.day is None else str((report.day - NOW.date()).days)
    assert day == expected


@pytest.mark.parametrize(
    ("studies", "named"),
    [
        (("study S MR foot acc=h|7", "study T @-10 MR foot acc=h|7"), "T"),
        (("study S @-10 MR foot acc=h|7", "study T @-12 MR foot acc=h|7"), "T"),
        (("study S MR foot acc=h|7", "study T MR foot acc=h|7"), "S"),
    ],
    ids=["one with a start", "the earlier", "the smaller ref"],
)
def test_study_of_a_report_is_the_one_that_dates_it(studies, named):
    (report,) = timeline(*studies, "report @-9 foot acc=h|7: talus").reports

    assert report.study == f"ImagingStudy/{named}"


UNREAD = Table(
    title="A report that cannot be read",
    rule="Listed with its reason when it counts by its status, never said to be without edema.",
    columns=("facts", "listed as"),
    rows=(
        *(
            row(reason, (f"report @-10 foot {reason}",), reason)
            for reason in ("scan", "type", "not_fetched", "broken", "language", "no_text")
        ),
        row("no date", ("report foot: talus",), "date"),
        row("held", ("report @-10 foot scan preliminary",), "nothing"),
        row("withdrawn", ("report @-10 foot scan cancelled",), "nothing"),
        row("not of a foot", ("report @-10 scan",), "nothing"),
        row("not MR", ("report @-10 CT foot scan",), "nothing"),
        row("older than recency", ("report @-900 foot scan",), "scan"),
    ),
)


@UNREAD.cases
def test_unread(facts, expected):
    listed = timeline(*facts).unreadable

    assert (", ".join(entry.reason for entry in listed) or "nothing") == expected


def piece(where: str, text: str, *sections: Section) -> Piece:
    """A text whose n-th statement stands in the n-th section."""
    read = reading(text, Laterality.LEFT)
    statements = tuple(
        replace(said, section=section)
        for said, section in zip(read.statements, sections, strict=False)
    )
    return Piece(where=where, reading=replace(read, sections=sections, statements=statements))


TEXTS = Table(
    title="One report out of several texts",
    rule="For each section the first source that yields it: presentedForm, conclusion, result "
    "Observations, narrative. All forms are one source, and all result Observations. An "
    "unheaded text that tells of marrow is the body of the report: findings and impression "
    "are then not lacking.",
    columns=("texts", "findings"),
    rows=(
        row(
            "conclusion is not needed where the form has an impression",
            (
                ("form", "talus affirmed", "impression"),
                ("conclusion", "talus negated", "impression"),
            ),
            "talus affirmed (form)",
        ),
        row(
            "even if the form denies what the conclusion affirms",
            (
                ("form", "talus negated", "impression"),
                ("conclusion", "talus affirmed", "impression"),
            ),
            "talus negated (form)",
        ),
        row(
            "conclusion gives the impression that the form lacks",
            (
                ("form", "talus affirmed", "findings"),
                ("conclusion", "cuboid affirmed", "impression"),
            ),
            "talus affirmed (form); cuboid affirmed (conclusion)",
        ),
        row(
            "result Observations before the narrative",
            (("narrative", "talus negated", "findings"), ("result", "talus affirmed", "findings")),
            "talus affirmed (result)",
        ),
        row(
            "a scan is passed over",
            (("form", "scan", ""), ("conclusion", "talus affirmed", "impression")),
            "talus affirmed (conclusion)",
        ),
        row(
            "an unheaded narrative is not the body of a report that has one",
            (
                ("form", "talus affirmed, cuboid affirmed", "findings impression"),
                ("narrative", "navicular affirmed", "unknown"),
            ),
            "talus affirmed (form); cuboid affirmed (form)",
        ),
        row(
            "an unheaded narrative is, beside a conclusion alone",
            (
                ("conclusion", "talus affirmed", "impression"),
                ("narrative", "navicular affirmed", "unknown"),
            ),
            "talus affirmed (conclusion); navicular affirmed (narrative)",
        ),
        row(
            "an unheaded form that tells of marrow is the body: the conclusion is not needed",
            (("form", "talus negated", "unknown"), ("conclusion", "talus affirmed", "impression")),
            "talus negated (form)",
        ),
        row(
            "an unheaded form that calls the marrow normal is too",
            (("form", "normal marrow", "unknown"), ("conclusion", "talus affirmed", "impression")),
            "",
        ),
        row(
            "an exam line above headings is no body",
            (
                ("form", "normal marrow", "unknown findings"),
                ("conclusion", "talus affirmed", "impression"),
            ),
            "talus affirmed (conclusion)",
        ),
        row(
            "an unheaded form that does not tell of marrow may be a covering letter",
            (("form", "", "unknown"), ("conclusion", "talus affirmed", "impression")),
            "talus affirmed (conclusion)",
        ),
        row(
            "two forms are one source",
            (("form", "talus affirmed", "findings"), ("form2", "cuboid affirmed", "findings")),
            "talus affirmed (form); cuboid affirmed (form2)",
        ),
        row(
            "several result Observations are one source",
            (("result", "talus affirmed", "findings"), ("result2", "cuboid affirmed", "findings")),
            "talus affirmed (result); cuboid affirmed (result2)",
        ),
        row(
            "an addendum elsewhere is still read",
            (
                ("form", "talus affirmed", "impression"),
                ("conclusion", "talus negated addendum", "addendum"),
            ),
            "talus negated addendum (conclusion)",
        ),
    ),
)


@TEXTS.cases
def test_text(texts, expected):
    places = {
        "form": "presentedForm[0]",
        "form2": "presentedForm[1]",
        "narrative": "text",
        "result": "Observation/8",
        "result2": "Observation/9",
    }
    pieces, results = [], []
    for place, text, sections in texts:
        where = places.get(place, place)
        if text == "scan":
            pieces.append(Piece(where=where, unreadable="scan"))
            continue
        made = piece(where, text, *(Section(section) for section in sections.split()))
        if "addendum" in sections:
            said = tuple(replace(each, replaces=True) for each in made.reading.statements)
            made = replace(made, reading=replace(made.reading, statements=said))
        (results if place.startswith("result") else pieces).append(made)
    (fact,) = facts(["report @-10 foot: talus"])
    report = replace(
        fact.report, pieces=tuple(pieces), results=tuple(each.where for each in results)
    )
    listed = [replace(fact, ref=each.where, report=None, text=each) for each in results]

    (found,) = built([replace(fact, report=report), *listed]).reports

    names = {where: place for place, where in places.items()}
    said = (f"{f.statement.evidence} ({names.get(f.piece, f.piece)})" for f in found.findings)
    assert sorted(said) == sorted(filter(None, expected.split("; ")))


OBSERVED = Table(
    title="The side of what a result Observation says",
    rule="Its own words, else its own exam line, else the title of the report that lists it.",
    columns=("title", "Observation", "exam line", "findings"),
    rows=(
        row("the title's", "left foot", "talus", "", "left talus"),
        row("its own word", "left foot", "right talus", "", "right talus"),
        row("its own exam line goes before the title", "left foot", "talus", "bilateral", "talus"),
        row("no title states a side", "foot", "talus", "", "talus"),
        row("both feet: of which is not said", "bilateral foot", "talus", "", "talus"),
        row("a report of the right", "right foot", "talus negated", "", "right talus"),
    ),
)


@OBSERVED.cases
def test_side_of_an_observation(title, observation, exam_line, expected):
    (fact,) = facts([f"report @-10 {title}: other"])
    said = reading(observation, Laterality.UNKNOWN)
    if exam_line:
        said = replace(said, exam=Exam(laterality=Laterality(exam_line)))
    ref = "Observation/8"
    listing = replace(fact, report=replace(fact.report, pieces=(), results=(ref,)))
    listed = replace(fact, ref=ref, report=None, text=Piece(where=ref, reading=said))

    (found,) = built([listing, listed]).reports

    ((bone, side),) = [(f.statement.bone, f.statement.laterality) for f in found.findings]
    assert f"{side} {bone}".removeprefix("unknown ") == expected


def test_normal_marrow_and_hidden_bones_of_an_observation_are_of_the_title_s_side():
    (fact,) = facts(["report @-10 left foot: other"])
    said = reading("normal, hidden talus", Laterality.UNKNOWN)
    said = replace(said, marrow_normal=(Laterality.UNKNOWN,))
    ref = "Observation/8"
    listing = replace(fact, report=replace(fact.report, pieces=(), results=(ref,)))
    listed = replace(fact, ref=ref, report=None, text=Piece(where=ref, reading=said))

    (found,) = built([listing, listed]).reports

    assert found.marrow_normal == (Laterality.LEFT,)
    assert found.excluded == ((Bone.TALUS, Laterality.LEFT),)


REASONS = Table(
    title="Why a report of several texts cannot be read",
    rule="The first reason in the order of the sources; that there is no text yields to any other.",
    columns=("texts", "reason"),
    rows=(
        row("no text at all", (), "no_text"),
        row("a scan", ("scan",), "scan"),
        row("a scan beside words without content", ("no_text", "scan"), "scan"),
        row("two reasons", ("type", "scan"), "type"),
    ),
)


@REASONS.cases
def test_reason(texts, expected):
    (fact,) = facts(["report @-10 foot: talus"])
    pieces = tuple(
        Piece(where=f"presentedForm[{n}]", unreadable=text) for n, text in enumerate(texts)
    )

    (found,) = built([replace(fact, report=replace(fact.report, pieces=pieces))]).reports

    assert found.unreadable == expected


def test_every_piece_without_a_reading_is_no_text():
    (fact,) = facts(["report @-10 foot: talus"])
    pieces = (Piece(where="conclusion"),)

    (found,) = built([replace(fact, report=replace(fact.report, pieces=pieces))]).reports

    assert found.unreadable == "no_text"
