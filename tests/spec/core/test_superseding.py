"""Which findings a later report has overtaken."""

from dataclasses import replace
from datetime import timedelta

from tests.spec.tables import Table, row
from tests.support.notation import NOW, PATIENT, POLICY, facts, reading, said, timeline, verdict

from marrowd.core.anatomy import Laterality
from marrowd.core.facts import Piece
from marrowd.core.reading import Section
from marrowd.core.timeline import build_timeline

FIRST = "report @-30 left foot id=1: talus affirmed"


def standing(*lines: str) -> str:
    (first, *_) = timeline(*lines).readable
    return "; ".join(
        f"{f.statement.evidence} {'overtaken' if f.is_superseded else 'stands'}"
        for f in first.findings
    )


LABELS = Table(
    title="A later report labels the same bone and side",
    rule="In whatever certainty. An unknown side matches either; bilateral is both, so a "
    "bilateral finding is overtaken when both sides are; an unspecified cuneiform or "
    "metatarsal matches any of its kind.",
    columns=("first report", "later report", "first finding"),
    rows=tuple(
        row(f"{first}, then {later}", first, later, expected)
        for first, later, expected in (
            ("left talus", "left talus negated", "overtaken"),
            ("left talus", "left talus historical", "overtaken"),
            ("left talus", "left talus possible", "overtaken"),
            ("left talus", "left talus affirmed", "overtaken"),
            ("left talus", "right talus negated", "stands"),
            ("left talus", "left cuboid negated", "stands"),
            ("left talus", "unknown talus negated", "overtaken"),
            ("unknown talus", "left talus negated", "overtaken"),
            ("unknown talus", "unknown talus negated", "overtaken"),
            ("left talus", "bilateral talus negated", "overtaken"),
            ("bilateral talus", "left talus negated", "stands"),
            ("bilateral talus", "left talus negated, right talus negated", "overtaken"),
            ("bilateral talus", "bilateral talus negated", "overtaken"),
            ("bilateral talus", "unknown talus negated", "overtaken"),
            ("left metatarsal_2", "left metatarsal_unspecified negated", "overtaken"),
            ("left metatarsal_unspecified", "left metatarsal_2 negated", "overtaken"),
            ("left metatarsal_2", "left metatarsal_3 negated", "stands"),
            ("left cuneiform_medial", "left cuneiform_unspecified negated", "overtaken"),
            ("left cuneiform_unspecified", "left cuneiform_lateral negated", "overtaken"),
            ("left cuneiform_medial", "left metatarsal_unspecified negated", "stands"),
        )
    ),
)


@LABELS.cases
def test_label(first_report, later_report, expected):
    found = standing(
        f"report @-30 foot id=1: {first_report}", f"report @-5 foot id=2: {later_report}"
    )

    assert found == f"{first_report} {expected}"


COVERS = Table(
    title="A later report shows the bone and calls the marrow normal",
    rule="Unless its text excludes it an exam shows on its side: ankle or hindfoot talus, "
    "calcaneus, navicular, cuboid; midfoot navicular, cuboid, cuneiforms; forefoot or toe "
    "metatarsals; foot all; heel none.",
    columns=("bone", "later exam", "finding"),
    rows=tuple(
        row(f"{bone} and {exam}", bone, exam, expected)
        for bone, exam, expected in (
            *(
                (bone, f"left {region}: normal marrow", "overtaken" if shown else "stands")
                for region, shown_bones in (
                    ("ankle", "talus calcaneus navicular cuboid"),
                    ("hindfoot", "talus calcaneus navicular cuboid"),
                    ("midfoot", "navicular cuboid cuneiform_medial cuneiform_unspecified"),
                    ("forefoot", "metatarsal_1 metatarsal_unspecified"),
                    ("toe", "metatarsal_1 metatarsal_unspecified"),
                    ("heel", ""),
                    (
                        "foot",
                        (
                            "talus calcaneus navicular cuboid cuneiform_medial "
                            "cuneiform_unspecified metatarsal_1 metatarsal_unspecified"
                        ),
                    ),
                )
                for bone in (
                    "talus",
                    "calcaneus",
                    "navicular",
                    "cuboid",
                    "cuneiform_medial",
                    "cuneiform_unspecified",
                    "metatarsal_1",
                    "metatarsal_unspecified",
                )
                for shown in (bone in shown_bones.split(),)
            ),
            ("talus", "left: normal marrow", "stands"),
            ("talus", "right foot: normal marrow", "stands"),
            ("talus", "bilateral foot: normal marrow", "overtaken"),
            ("talus", "foot: normal marrow", "overtaken"),
            ("talus", "bilateral foot: right normal marrow", "stands"),
            ("talus", "foot: right cuboid affirmed, normal marrow", "stands"),
            ("talus", "foot: left cuboid affirmed, normal marrow", "overtaken"),
            ("talus", "foot: left cuboid, right cuboid, normal marrow", "overtaken"),
            ("talus", "left foot: cuboid negated", "stands"),
            ("talus", "left foot: normal marrow, hidden talus", "stands"),
            ("talus", "left foot: normal marrow, hidden cuboid", "overtaken"),
            ("metatarsal_1", "left foot: normal marrow, hidden metatarsal_unspecified", "stands"),
            ("metatarsal_unspecified", "left foot: normal marrow, hidden metatarsal_5", "stands"),
            ("talus", "bilateral foot: normal marrow, hidden right talus", "overtaken"),
            ("distal_tibia", "left ankle: normal marrow", "stands"),
        )
    ),
)


@COVERS.cases
def test_covers(bone, later_exam, expected):
    found = standing(
        f"report @-30 left foot id=1: {bone} affirmed", f"report @-5 id=2 {later_exam}"
    )

    assert found == f"{bone} affirmed {expected}"


LATER = Table(
    title="Which report is later",
    rule="One of a later study, or of the same study and issued later, then with the larger id. "
    "It must count and be readable.",
    columns=("other report", "finding"),
    rows=(
        row("a later study", ("report @-5 foot id=2: left talus negated",), "overtaken"),
        row("an earlier study", ("report @-50 foot id=2: left talus negated",), "stands"),
        row(
            "an earlier study issued later",
            ("report @-50 issued=-1 foot id=2: left talus negated",),
            "stands",
        ),
        row("held", ("report @-5 foot preliminary id=2: left talus negated",), "stands"),
        row("withdrawn", ("report @-5 foot cancelled id=2: left talus negated",), "stands"),
        row("unreadable", ("report @-5 foot scan id=2",), "stands"),
        row("of another modality", ("report @-5 CT foot id=2: left talus negated",), "stands"),
        row(
            "later on the same day",
            ("report @-30 at=18:00 foot id=2: left talus negated",),
            "overtaken",
        ),
    ),
)


@LATER.cases
def test_later(other_report, expected):
    reports = timeline(FIRST, *other_report).readable
    (first,) = (report for report in reports if report.ref == "DiagnosticReport/1")

    assert first.findings[0].is_superseded is (expected == "overtaken")


SAME = Table(
    title="Two reports of one time",
    rule="Of one study the one issued later, then with the larger id, overtakes the other. Of two "
    "studies that began at one time neither does.",
    columns=("reports", "overtaken"),
    rows=(
        row(
            "of one study, issued later",
            (
                "study S @-30 MR left foot",
                "report @-29 issued=-28 left foot study=S id=9: talus affirmed",
                "report @-29 issued=-20 left foot study=S id=1: talus negated",
            ),
            "9",
        ),
        row(
            "of one study, issued at one time",
            (
                "study S @-30 MR left foot",
                "report @-29 issued=-28 left foot study=S id=1: talus affirmed",
                "report @-29 issued=-28 left foot study=S id=2: talus negated",
            ),
            "1",
        ),
        row(
            "of one study, one without a date of issue",
            (
                "study S @-30 MR left foot",
                "report @-29 left foot study=S id=2: talus affirmed",
                "report @-29 issued=-28 left foot study=S id=1: talus negated",
            ),
            "2",
        ),
        row(
            "of two studies",
            (
                "study S @-30 MR left foot",
                "study T @-30 MR left foot",
                "report @-29 issued=-28 left foot study=S id=1: talus affirmed",
                "report @-29 issued=-20 left foot study=T id=2: talus negated",
            ),
            "",
        ),
        row(
            "of one study that we do not have",
            (
                "report @-30 issued=-28 left foot acc=h|7 id=1: talus affirmed",
                "report @-30 issued=-20 left foot acc=h|7 id=2: talus negated",
            ),
            "1",
        ),
        row(
            "of two studies that we do not have",
            (
                "report @-30 issued=-28 left foot acc=h|7 id=1: talus affirmed",
                "report @-30 issued=-20 left foot acc=h|8 id=2: talus negated",
            ),
            "",
        ),
        row(
            "of no study at all",
            (
                "report @-30 issued=-28 left foot id=1: talus affirmed",
                "report @-30 issued=-20 left foot id=2: talus negated",
            ),
            "1",
        ),
    ),
)


@SAME.cases
def test_same_time(reports, expected):
    overtaken = [
        report.ref.partition("/")[2]
        for report in timeline(*reports).readable
        if any(finding.is_superseded for finding in report.findings)
    ]

    assert " ".join(overtaken) == expected


def test_each_side_may_be_overtaken_by_another_report():
    found = standing(
        "report @-30 foot id=1: bilateral talus affirmed",
        "report @-20 left foot id=2: talus negated",
        "report @-10 right foot id=3: talus historical",
    )

    assert found == "bilateral talus affirmed overtaken"


def test_report_of_the_future_overtakes_nothing_yet():
    lines = (
        "result 14 ng/mL @-20",
        "report @-10 left foot id=1: talus affirmed",
        "report @5 left foot id=2: talus negated",
    )

    assert said(verdict(*lines)) == "association deficient"
    assert said(verdict(*lines, now=NOW + timedelta(days=4))) == "edema_absent"


STALE = Table(
    title="Normal marrow of a text that was passed over in part",
    rule="A later source that gives only some of its sections does not call the marrow normal: "
    "the words may stand in one that a better source gave.",
    columns=("sections of the narrative", "earlier finding"),
    rows=(
        row("findings that the form gave", ("findings", "technique"), "stands"),
        row("neither findings nor impression", ("technique",), "stands"),
        row("a text that is used as a whole", ("impression", "technique"), "overtaken"),
    ),
)


@STALE.cases
def test_normal_marrow_of_a_stale_text(sections_of_the_narrative, expected):
    first, later = facts(
        ["report @-30 left foot id=1: talus", "report @-5 left foot id=2: cuboid affirmed"]
    )
    form = replace(
        later.report.pieces[0],
        where="presentedForm[0]",
        reading=with_sections(later.report.pieces[0].reading, Section.FINDINGS),
    )
    sections = [Section(name) for name in sections_of_the_narrative]
    narrative = Piece(
        where="text", reading=with_sections(reading("normal marrow", Laterality.LEFT), *sections)
    )
    later = replace(later, report=replace(later.report, pieces=(form, narrative)))

    earlier, _ = build_timeline(PATIENT, [first, later], policy=POLICY).readable

    assert earlier.findings[0].is_superseded is (expected == "overtaken")


def with_sections(read, *sections):
    said = tuple(replace(each, section=sections[0]) for each in read.statements)
    return replace(read, sections=sections, statements=said)
