"""The rows of the verdict table, in their order."""

from datetime import UTC, datetime, timedelta

from tests.spec.tables import Table, row
from tests.support.notation import NOW, POLICY, changed, said, verdict

from marrowd.core.rows import ROWS
from marrowd.core.verdict import VerdictKind

EDEMA = "report @-10 left foot id=1: talus affirmed"
MAYBE = "report @-10 left foot id=1: talus possible"
LOW = "result 14 ng/mL @-20"
LESS = "result 24 ng/mL @-20"
ENOUGH = "result 31 ng/mL @-20"


def test_rows_are_tried_in_the_order_of_the_table():
    assert [function.__name__ for function in ROWS] == [kind.value for kind in VerdictKind]


ASSOCIATION = Table(
    title="association",
    rule="Affirmed edema in a target bone, not superseded; governing level low; not repleted.",
    columns=("facts", "verdict"),
    rows=(
        row("deficient", (EDEMA, LOW), "association deficient"),
        row("insufficient", (EDEMA, LESS), "association insufficient"),
        row(
            "at the cut-off of sufficient", (EDEMA, "result 30 ng/mL @-20"), "vitamin_d_sufficient"
        ),
        row("a level below a bound", (EDEMA, "result <4 ng/mL @-20"), "association deficient"),
        row(
            "edema in one of several bones",
            ("report @-10 left foot: cuboid negated, talus affirmed", LOW),
            "association deficient",
        ),
        row(
            "recency, last day",
            ("report @-365 left foot: talus", "result 14 ng/mL @-365"),
            "association deficient",
        ),
        row(
            "recency, a day more",
            ("report @-366 left foot: talus", "result 14 ng/mL @-366"),
            "nothing_relevant",
        ),
        row("tibia does not count", ("report @-10 left ankle: distal_tibia", LOW), "edema_absent"),
        row(
            "fibula does not count", ("report @-10 left ankle: distal_fibula", LOW), "edema_absent"
        ),
        row("sesamoid does not count", ("report @-10 left foot: sesamoid", LOW), "edema_absent"),
        row("phalanx does not count", ("report @-10 left foot: phalanx", LOW), "edema_absent"),
        *(
            row(f"{bone} counts", (f"report @-10 left foot: {bone}", LOW), "association deficient")
            for bone in (
                "talus",
                "calcaneus",
                "cuboid",
                "navicular",
                "cuneiform_medial",
                "cuneiform_intermediate",
                "cuneiform_lateral",
                "cuneiform_unspecified",
                "metatarsal_1",
                "metatarsal_2",
                "metatarsal_3",
                "metatarsal_4",
                "metatarsal_5",
                "metatarsal_unspecified",
            )
        ),
        row(
            "a late level",
            (EDEMA.replace("@-10", "@-150"), "result 14 ng/mL @-30"),
            "association deficient",
        ),
        row(
            "superseded edema",
            (EDEMA, LOW, "report @-5 left foot id=2: talus negated"),
            "edema_absent",
        ),
        row(
            "superseded in one bone, standing in another",
            (
                "report @-10 left foot id=1: talus, cuboid",
                LOW,
                "report @-5 left ankle id=2: talus negated",
            ),
            "association deficient",
        ),
        row("held report", (EDEMA.replace(" id", " preliminary id"), LOW), "report_pending"),
        row("withdrawn report", (EDEMA.replace(" id", " cancelled id"), LOW), "nothing_relevant"),
        row("held level", (EDEMA, LOW + " preliminary"), "vitamin_d_indeterminate"),
        row(
            "any report will do: an older one, though the newer has enough",
            (
                "report @-300 left foot id=1: talus",
                "result 14 ng/mL @-300",
                "report @-5 right foot id=2: cuboid",
                "result 20.5 ng/mL @-5",
            ),
            "association insufficient",
        ),
    ),
)


@ASSOCIATION.cases
def test_association(facts, expected):
    assert said(verdict(*facts)) == expected


def test_card_speaks_of_the_newest_report_of_the_row():
    """The newest for which the row holds; the newest of all may hold for none."""
    found = verdict(
        "report @-300 left foot id=1: talus affirmed",
        "result 14 ng/mL @-300 id=a",
        "report @-290 right foot id=2: talus affirmed",
        "report @-5 right foot id=3: phalanx affirmed",
    )

    assert (found.report.ref, found.governing.result.ref) == ("DiagnosticReport/2", "Observation/a")


POSSIBLE = Table(
    title="possible_association",
    rule="Only possible edema in target bones; governing level low; not repleted.",
    columns=("facts", "verdict"),
    rows=(
        row("deficient", (MAYBE, LOW), "possible_association deficient"),
        row("insufficient", (MAYBE, LESS), "possible_association insufficient"),
        row(
            "affirmed in another bone is association",
            ("report @-10 left foot: talus possible, cuboid affirmed", LOW),
            "association deficient",
        ),
        row(
            "affirmed in a bone that does not count",
            ("report @-10 left foot: talus possible, sesamoid affirmed", LOW),
            "possible_association deficient",
        ),
        row(
            "what was affirmed is superseded",
            (
                "report @-10 left foot id=1: talus possible, cuboid affirmed",
                "report @-5 left foot id=2: cuboid negated",
                LOW,
            ),
            "possible_association deficient",
        ),
        row("sufficient", (MAYBE, ENOUGH), "nothing_relevant"),
        row("no level", (MAYBE,), "nothing_relevant"),
        row("a held level", (MAYBE, LOW + " preliminary"), "nothing_relevant"),
        row(
            "another report affirms",
            (MAYBE, "report @-20 right foot id=2: cuboid affirmed", LOW),
            "association deficient",
        ),
    ),
)


@POSSIBLE.cases
def test_possible_association(facts, expected):
    assert said(verdict(*facts)) == expected


NEAR = "result 14 ng/mL @-11"  # so near that it governs whatever comes later

REPLETED = Table(
    title="repleted",
    rule="As either of the two, but `latest` is later than the governing level and sufficient "
    "(excess is).",
    columns=("facts", "verdict"),
    rows=(
        row("affirmed", (EDEMA, NEAR, "result 31 ng/mL @-1"), "repleted deficient"),
        row(
            "possible",
            (MAYBE, "result 24 ng/mL @-11", "result 31 ng/mL @-1"),
            "repleted insufficient",
        ),
        row("excess is sufficient", (EDEMA, NEAR, "result 120 ng/mL @0"), "repleted deficient"),
        row(
            "a later level still low", (EDEMA, NEAR, "result 24 ng/mL @0"), "association deficient"
        ),
        row(
            "a later level is held",
            (EDEMA, NEAR, "result 31 ng/mL @0 preliminary"),
            "association deficient",
        ),
        row(
            "a later level is not yet",
            (EDEMA, NEAR, "result 31 ng/mL @0 at=12:01"),
            "association deficient",
        ),
        row(
            "an older sufficient level",
            (EDEMA, NEAR, "result 31 ng/mL @-60"),
            "association deficient",
        ),
        row(
            "low again afterwards",
            (EDEMA, NEAR, "result 31 ng/mL @-1", "result 14 ng/mL @0"),
            "association deficient",
        ),
        row(
            "another report is not repleted",
            (
                "report @-200 left foot id=1: talus affirmed",
                "result 14 ng/mL @-200",
                "report @-10 right foot id=2: cuboid affirmed",
                "result 24 ng/mL @-10",
            ),
            "association insufficient",
        ),
    ),
)


@REPLETED.cases
def test_repleted(facts, expected):
    assert said(verdict(*facts)) == expected


OLD_EDEMA = "report @-300 left foot id=1: talus affirmed"

MISSING = Table(
    title="vitamin_d_missing and vitamin_d_indeterminate",
    rule="Affirmed edema. Missing: no 25(OH)D Observation of any kind (held, unreadable, D2 only, "
    "dated by year) in the window or after it. Indeterminate: there are such up to 180 days "
    "after the study, but none counts and is classifiable. A year lies in a window if one of "
    "its days does, an unreadable date always.",
    columns=("facts", "verdict"),
    rows=(
        row("no result at all", (EDEMA,), "vitamin_d_missing"),
        row("a result before the window", (EDEMA, "result 14 ng/mL @-191"), "vitamin_d_missing"),
        row("a withdrawn result", (EDEMA, LOW + " cancelled"), "vitamin_d_missing"),
        row("a year before the window", (EDEMA, "result 14 ng/mL @2024"), "vitamin_d_missing"),
        row("possible edema is not enough", (MAYBE,), "nothing_relevant"),
        row("held", (EDEMA, LOW + " preliminary"), "vitamin_d_indeterminate"),
        row("unreadable value", (EDEMA, "result ?value @-20"), "vitamin_d_indeterminate"),
        row("unreadable unit", (EDEMA, "result 14 @-20"), "vitamin_d_indeterminate"),
        row("implausible", (EDEMA, "result 900 ng/mL @-20"), "vitamin_d_indeterminate"),
        row("not classifiable", (EDEMA, "result >10 ng/mL @-20"), "vitamin_d_indeterminate"),
        row("D2 only", (EDEMA, "result D2 14 ng/mL @-20"), "vitamin_d_indeterminate"),
        row(
            "D3 and a D2 that cannot be added",
            (EDEMA, "result D3 14 ng/mL @-20", "result D2 5 nmol/L @-20"),
            "vitamin_d_indeterminate",
        ),
        row(
            "a year with a day in the window",
            (EDEMA, "result 14 ng/mL @2025"),
            "vitamin_d_indeterminate",
        ),
        row("this year", (EDEMA, "result 14 ng/mL @2026"), "vitamin_d_indeterminate"),
        row("an unreadable date", (EDEMA, "result 14 ng/mL @?"), "vitamin_d_indeterminate"),
        row(
            "held, first day of the window",
            (EDEMA, "result 14 ng/mL @-190 preliminary"),
            "vitamin_d_indeterminate",
        ),
        row(
            "of the future, after the window",
            (EDEMA, "result 14 ng/mL @100"),
            "vitamin_d_indeterminate",
        ),
        row(
            "of the future, up to 180 days after",
            (EDEMA, "result 14 ng/mL @170"),
            "vitamin_d_indeterminate",
        ),
        row(
            "of the future, more than 180 days after",
            (EDEMA, "result 14 ng/mL @171"),
            "nothing_relevant",
        ),
        row(
            "held, 180 days after",
            (OLD_EDEMA, "result 14 ng/mL @-120 preliminary"),
            "vitamin_d_indeterminate",
        ),
        row(
            "held, 181 days after",
            (OLD_EDEMA, "result 14 ng/mL @-119 preliminary"),
            "nothing_relevant",
        ),
        row("counting, 181 days after", (OLD_EDEMA, "result 14 ng/mL @-119"), "nothing_relevant"),
        row(
            "a year after the 180 days",
            ("report @-365 left foot: talus", "result 14 ng/mL @2026"),
            "nothing_relevant",
        ),
        row(
            "before the window and 181 days after",
            (OLD_EDEMA, "result 14 ng/mL @-600", "result 14 ng/mL @-119"),
            "nothing_relevant",
        ),
        row(
            "missing for one report, enough for another",
            (
                "report @-300 left foot id=1: talus affirmed",
                "result 31 ng/mL @-300",
                "report @-10 right foot id=2: cuboid affirmed",
            ),
            "vitamin_d_missing",
        ),
    ),
)


@MISSING.cases
def test_missing(facts, expected):
    assert said(verdict(*facts)) == expected


def test_missing_names_an_older_result():
    found = verdict(EDEMA, "result 14 ng/mL @-500 id=a", "result 24 ng/mL @-400 id=b")

    assert (found.kind, found.older.result.ref, found.governing) == (
        VerdictKind.VITAMIN_D_MISSING,
        "Observation/b",
        None,
    )


def test_indeterminate_names_what_was_there():
    found = verdict(
        EDEMA,
        "result >10 ng/mL @-20 id=a",
        "result D2 14 ng/mL @2026 id=b",
        "result 14 ng/mL @-500 id=c",
        "result 14 ng/mL @-20 cancelled id=d",
        "result 14 ng/mL @? id=e",
    )

    assert sorted(result.ref for result in found.unclassifiable) == [
        "Observation/a",
        "Observation/b",
        "Observation/e",
    ]


SCAN = "report @-10 left foot scan id=1"

UNREADABLE = Table(
    title="report_unreadable",
    rule="A counting report on an MRI of foot or ankle that cannot be read, with a low level in "
    "its own window; the level named is the nearest low one.",
    columns=("facts", "verdict"),
    rows=(
        row("deficient", (SCAN, LOW), "report_unreadable deficient"),
        row("insufficient", (SCAN, LESS), "report_unreadable insufficient"),
        row("sufficient", (SCAN, ENOUGH), "nothing_relevant"),
        row("no level", (SCAN,), "nothing_relevant"),
        row(
            "first day of the window",
            (SCAN, "result 14 ng/mL @-190"),
            "report_unreadable deficient",
        ),
        row("before the window", (SCAN, "result 14 ng/mL @-191"), "nothing_relevant"),
        row(
            "last day of the window",
            ("report @-100 left foot scan", "result 14 ng/mL @-10"),
            "report_unreadable deficient",
        ),
        row(
            "late is not in the window",
            ("report @-101 left foot scan", "result 14 ng/mL @-10"),
            "nothing_relevant",
        ),
        row(
            "a nearer level is sufficient",
            (SCAN, LOW, "result 31 ng/mL @-11"),
            "report_unreadable deficient",
        ),
        row(
            "older than recency",
            ("report @-366 left foot scan", "result 14 ng/mL @-366"),
            "nothing_relevant",
        ),
        row("held", ("report @-10 left foot scan preliminary", LOW), "report_pending"),
        row("not of a foot", ("report @-10 scan", LOW), "nothing_relevant"),
        row(
            "without a date",
            ("report left foot: talus affirmed", LOW),
            "report_unreadable deficient",
        ),
        row(
            "of this year",
            ("report @2026 left foot: talus affirmed", LOW),
            "report_unreadable deficient",
        ),
        row(
            "of a year with a day in recency",
            ("report @2025 left foot: talus", "result 14 ng/mL @-400"),
            "report_unreadable deficient",
        ),
        row(
            "of a year, level on the first day of its window",
            ("report @2025 left foot: talus", "result 14 ng/mL @-710"),
            "report_unreadable deficient",
        ),
        row(
            "of a year, level before its window",
            ("report @2025 left foot: talus", "result 14 ng/mL @-711"),
            "nothing_relevant",
        ),
        row(
            "of a year, level on the last day of its window",
            ("report @2025 left foot: talus", "result 14 ng/mL @-76"),
            "report_unreadable deficient",
        ),
        row(
            "of a year, level a day after its window",
            ("report @2025 left foot: talus", "result 14 ng/mL @-75"),
            "nothing_relevant",
        ),
        row(
            "of a year, level after its window",
            ("report @2025 left foot: talus", "result 14 ng/mL @-70"),
            "nothing_relevant",
        ),
        row(
            "of a year before recency",
            ("report @2024 left foot: talus", "result 14 ng/mL @-500"),
            "nothing_relevant",
        ),
        row(
            "another report speaks of edema",
            (SCAN, "report @-300 right foot id=2: talus", LOW, "result 14 ng/mL @-300"),
            "association deficient",
        ),
    ),
)


@UNREADABLE.cases
def test_report_unreadable(facts, expected):
    assert said(verdict(*facts)) == expected


def test_unreadable_report_names_the_nearest_low_level():
    found = verdict(SCAN, "result 14 ng/mL @-40 id=a", "result 24 ng/mL @-5 id=b", ENOUGH + " id=c")

    assert found.governing.result.ref == "Observation/b"


def test_unreadable_report_without_a_date_names_the_newest_low_level():
    found = verdict(
        "report left foot: talus", "result 14 ng/mL @-400 id=a", "result 24 ng/mL @-5 id=b"
    )

    assert found.governing.result.ref == "Observation/b"


STUDY = "study S @-10 MR left foot"

PENDING = Table(
    title="report_pending",
    rule="A study on MR of foot or ankle, or a held report on one, within recency, with no "
    "counting report linked to it; a held report without a study: of the same day.",
    columns=("facts", "verdict"),
    rows=(
        row("a study available", (STUDY,), "report_pending"),
        row("a study registered", (STUDY + " registered",), "report_pending"),
        row("a study without a date", ("study S MR left foot",), "report_pending"),
        row("a study cancelled", (STUDY + " cancelled",), "nothing_relevant"),
        row("a study entered in error", (STUDY + " entered-in-error",), "nothing_relevant"),
        row("a study of CT", ("study S @-10 CT left foot",), "nothing_relevant"),
        row("a study of no modality", ("study S @-10 left foot",), "nothing_relevant"),
        row("a study of another part", ("study S @-10 MR",), "nothing_relevant"),
        row("recency, last day", ("study S @-365 MR left foot",), "report_pending"),
        row("recency, a day more", ("study S @-366 MR left foot",), "nothing_relevant"),
        row("this year's study", ("study S @2026 MR left foot",), "report_pending"),
        row("a study of last year but one", ("study S @2024 MR left foot",), "nothing_relevant"),
        row("a study of the future", ("study S @3 MR left foot",), "nothing_relevant"),
        row("a held report", ("report @-10 left foot preliminary: talus",), "report_pending"),
        row("registered", ("report @-10 left foot registered: talus",), "report_pending"),
        row("partial", ("report @-10 left foot partial: talus",), "report_pending"),
        row("unknown", ("report @-10 left foot unknown: talus",), "report_pending"),
        row(
            "a held report of the future",
            ("report @3 left foot preliminary: talus",),
            "nothing_relevant",
        ),
        row("a held report of a knee", ("report @-10 preliminary: other",), "nothing_relevant"),
        row(
            "a held report older than recency",
            ("report @-366 left foot preliminary: talus",),
            "nothing_relevant",
        ),
        row(
            "a study and its counting report",
            (STUDY, "report @-9 left foot study=S: talus negated"),
            "edema_absent",
        ),
        row(
            "a study and its unreadable report",
            (STUDY, "report @-9 left foot study=S scan"),
            "nothing_relevant",
        ),
        row(
            "a study and its held report",
            (STUDY, "report @-9 left foot study=S preliminary: talus"),
            "report_pending",
        ),
        row(
            "a study and its withdrawn report",
            (STUDY, "report @-9 left foot study=S cancelled: talus"),
            "report_pending",
        ),
        row(
            "a study and a report of another",
            (STUDY, "report @-30 left foot: talus negated"),
            "report_pending",
        ),
        row(
            "a study and a report of its day",
            (STUDY, "report @-10 at=18:00 left foot: talus negated"),
            "edema_absent",
        ),
        row(
            "a study and a blood count of its day",
            (STUDY, "report @-10 untold no_text"),
            "report_pending",
        ),
        row(
            "a held report and a counting one of its study",
            (
                STUDY,
                "report @-9 left foot study=S preliminary: talus",
                "report @-8 left foot study=S: talus negated",
            ),
            "edema_absent",
        ),
        row(
            "a held report and a counting one of its day",
            (
                "report @-10 left foot preliminary: talus",
                "report @-10 at=18:00 left foot: talus negated",
            ),
            "edema_absent",
        ),
        row(
            "a held report and a counting one of another day",
            ("report @-10 left foot preliminary: talus", "report @-9 left foot: talus negated"),
            "report_pending",
        ),
        row(
            "pending goes before sufficient",
            (STUDY, OLD_EDEMA, "result 31 ng/mL @-300"),
            "report_pending",
        ),
        row(
            "but after an association",
            (STUDY, OLD_EDEMA, "result 14 ng/mL @-300"),
            "association deficient",
        ),
    ),
)


@PENDING.cases
def test_report_pending(facts, expected):
    assert said(verdict(*facts)) == expected


SUFFICIENT = Table(
    title="vitamin_d_sufficient",
    rule="Affirmed edema; governing level sufficient (excess is).",
    columns=("facts", "verdict"),
    rows=(
        row("sufficient", (EDEMA, ENOUGH), "vitamin_d_sufficient"),
        row("excess", (EDEMA, "result 120 ng/mL @-20"), "vitamin_d_sufficient"),
        row(
            "later levels sufficient too",
            (EDEMA, "result 31 ng/mL @-11", "result 32 ng/mL @-1"),
            "vitamin_d_sufficient",
        ),
        row(
            "later low levels do not matter",
            (EDEMA, "result 31 ng/mL @-9", "result 14 ng/mL @-1"),
            "vitamin_d_sufficient",
        ),
        row("possible edema is not enough", (MAYBE, ENOUGH), "nothing_relevant"),
    ),
)


@SUFFICIENT.cases
def test_vitamin_d_sufficient(facts, expected):
    assert said(verdict(*facts)) == expected


CLEAR = "report @-10 left foot id=1: talus negated"

ABSENT = Table(
    title="edema_absent",
    rule="At least one report on an MRI of foot or ankle could be read, no unreadable one is "
    "newer, and none has affirmed or possible edema in a target bone that is not superseded.",
    columns=("facts", "verdict"),
    rows=(
        row("negated", (CLEAR,), "edema_absent"),
        row("historical", ("report @-10 left foot: talus historical",), "edema_absent"),
        row("no label at all", ("report @-10 left foot: normal marrow",), "edema_absent"),
        row("whatever the level", (CLEAR, LOW), "edema_absent"),
        row("whatever the later level", (CLEAR, NEAR, "result 31 ng/mL @-1"), "edema_absent"),
        row(
            "an unreadable one is newer",
            (CLEAR, "report @-5 left foot id=2 scan"),
            "nothing_relevant",
        ),
        row(
            "an unreadable one is older", (CLEAR, "report @-15 left foot id=2 scan"), "edema_absent"
        ),
        row(
            "an unreadable one is older than the newest, newer than another",
            (
                "report @-300 left foot id=0: talus negated",
                CLEAR,
                "report @-15 left foot id=2 scan",
            ),
            "edema_absent",
        ),
        row(
            "an unreadable one has no date",
            (CLEAR, "report left foot id=2: talus"),
            "nothing_relevant",
        ),
        row(
            "an unreadable one of the same year",
            (CLEAR, "report @2026 left foot id=2: talus"),
            "nothing_relevant",
        ),
        row(
            "an unreadable one of a year that ended before it",
            (CLEAR, "report @2025 left foot id=2: talus"),
            "edema_absent",
        ),
        row(
            "an unreadable one of a year before recency",
            (CLEAR, "report @2024 left foot id=2: talus"),
            "edema_absent",
        ),
        row(
            "another possible",
            (CLEAR, "report @-15 right foot id=2: talus possible"),
            "nothing_relevant",
        ),
        row(
            "another possible, superseded",
            (CLEAR, "report @-15 left foot id=2: talus possible"),
            "edema_absent",
        ),
        row("older than recency", ("report @-366 left foot: talus negated",), "nothing_relevant"),
    ),
)


@ABSENT.cases
def test_edema_absent(facts, expected):
    assert said(verdict(*facts)) == expected


PAIN = "pain @-100"

CONSIDER = Table(
    title="consider_mri",
    rule="`latest` low and at most 180 days old; an active problem of foot or ankle pain for 84 "
    "days; no study or report on MR of foot or ankle of any status but withdrawn within 365 "
    "days.",
    columns=("facts", "verdict"),
    rows=(
        row("deficient", (PAIN, LOW), "consider_mri deficient"),
        row("insufficient", (PAIN, LESS), "consider_mri insufficient"),
        row("sufficient", (PAIN, ENOUGH), "nothing_relevant"),
        row("level 180 days old", (PAIN, "result 14 ng/mL @-180"), "consider_mri deficient"),
        row("level 181 days old", (PAIN, "result 14 ng/mL @-181"), "nothing_relevant"),
        row("a newer level is sufficient", (PAIN, LOW, "result 31 ng/mL @-1"), "nothing_relevant"),
        row("a level of later today", (PAIN, "result 14 ng/mL @0 at=12:01"), "nothing_relevant"),
        row("a held level", (PAIN, LOW + " preliminary"), "nothing_relevant"),
        row("pain for 84 days", ("pain @-84", LOW), "consider_mri deficient"),
        row("pain for 83 days", ("pain @-83", LOW), "nothing_relevant"),
        row("pain resolved", ("pain @-100 resolved", LOW), "nothing_relevant"),
        row("pain since last year", ("pain @2025", LOW), "consider_mri deficient"),
        row("pain since this year", ("pain @2026", LOW), "consider_mri deficient"),
        row("pain since next year", ("pain @2027", LOW), "nothing_relevant"),
        row("pain without a date", ("pain", LOW), "nothing_relevant"),
        row("pain with an unreadable date", ("pain @?", LOW), "nothing_relevant"),
        row("another problem", ("deficiency @-100", LOW), "nothing_relevant"),
        row("one of two pains will do", ("pain @-1", "pain @-100", LOW), "consider_mri deficient"),
        row(
            "a study 366 days ago",
            (PAIN, LOW, "study S @-366 MR left foot"),
            "consider_mri deficient",
        ),
        row(
            "a study 365 days ago",
            (PAIN, LOW, "study S @-365 MR left foot", "report @-365 left foot study=S scan"),
            "nothing_relevant",
        ),
        row(
            "a withdrawn study",
            (PAIN, LOW, "study S @-10 MR left foot cancelled"),
            "consider_mri deficient",
        ),
        row("a CT", (PAIN, LOW, "study S @-10 CT left foot"), "consider_mri deficient"),
        row("a study to come", (PAIN, LOW, "study S @30 MR left foot"), "nothing_relevant"),
        row(
            "a report of the future", (PAIN, LOW, "report @30 left foot: talus"), "nothing_relevant"
        ),
        row(
            "an unreadable report",
            (PAIN, "result 14 ng/mL @-5", "report @-300 left foot scan"),
            "nothing_relevant",
        ),
        row(
            "a withdrawn report",
            (PAIN, LOW, "report @-300 left foot cancelled: talus"),
            "consider_mri deficient",
        ),
        row(
            "a report without edema",
            (PAIN, LOW, "report @-300 left foot: talus negated"),
            "edema_absent",
        ),
        row(
            "a report without edema, 366 days ago",
            (PAIN, LOW, "report @-366 left foot: talus negated"),
            "consider_mri deficient",
        ),
        row(
            "an open order for an MRI does not matter",
            (PAIN, LOW, "order foot-mr"),
            "consider_mri deficient",
        ),
    ),
)


@CONSIDER.cases
def test_consider_mri(facts, expected):
    assert said(verdict(*facts)) == expected


def test_consider_mri_stands_on_the_latest_level_and_the_pains():
    found = verdict(PAIN, "pain @-1", LOW)

    assert found.governing == found.latest
    assert [ref for ref, _ in found.pains] == ["Condition/pain1"]


def test_pain_of_a_year_may_have_begun_on_its_first_day():
    """84 days after the first of January it may have lasted; a day before it cannot have."""
    day = datetime(2026, 3, 26, 12, tzinfo=UTC)
    lines = ("pain @2026", "result 14 ng/mL @-100")

    assert said(verdict(*lines, now=day)) == "consider_mri deficient"
    assert said(verdict(*lines, now=day - timedelta(days=1))) == "nothing_relevant"


def test_a_site_may_not_want_consider_mri():
    found = verdict(PAIN, LOW, policy=changed(consider_mri=False))

    assert said(found) == "nothing_relevant"


def test_longer_recency_does_not_move_the_year_without_an_mri():
    """Within recency and unreadable, but more than 365 days ago."""
    found = verdict(PAIN, LOW, "report @-366 left foot scan", policy=changed(recency_days=1000))

    assert said(found) == "consider_mri deficient"


NOTHING = Table(
    title="nothing_relevant",
    rule="Otherwise.",
    columns=("facts", "verdict"),
    rows=(
        row("no facts", (), "nothing_relevant"),
        row("a level alone", (LOW,), "nothing_relevant"),
        row("pain alone", (PAIN,), "nothing_relevant"),
        row("a report of another part", ("report @-10: other affirmed", LOW), "nothing_relevant"),
        row("a CT of the foot", ("report @-10 CT foot: talus affirmed", LOW), "nothing_relevant"),
    ),
)


@NOTHING.cases
def test_nothing_relevant(facts, expected):
    assert said(verdict(*facts)) == expected


def test_verdict_carries_what_it_stood_on():
    found = verdict(
        "report @-10 left foot v=4 id=1: talus affirmed",
        "report @-400 left foot id=0: talus affirmed",
        LOW + " v=3 id=a",
        "order vitamin-d id=o",
        "order vitamin-d completed id=p",
        "deficiency",
    )

    assert (found.report.version, found.governing.result.version) == ("4", "3")
    assert (found.policy, found.rules_version, found.patient) == (POLICY, "rules-1", "Patient/1")
    assert [report.ref for report in found.reports] == ["DiagnosticReport/1"]
    assert [ref for ref, _ in found.open_orders] == ["ServiceRequest/o"]
    assert found.has_deficiency_on_problem_list


def test_resolved_deficiency_is_not_on_the_problem_list():
    assert not verdict("deficiency resolved").has_deficiency_on_problem_list


def test_only_some_verdicts_have_a_severity():
    assert verdict(EDEMA, ENOUGH).severity is None
    assert verdict(EDEMA, ENOUGH).governing is not None


def test_recency_of_a_site():
    lines = ("report @-40 left foot: talus affirmed", "result 14 ng/mL @-40")

    assert said(verdict(*lines, policy=changed(recency_days=40))) == "association deficient"
    assert said(verdict(*lines, policy=changed(recency_days=39))) == "nothing_relevant"


def test_undated_study_is_answered_by_its_report():
    """However old the report is, the study waits no longer."""
    lines = ("study S MR left foot", "report @-900 left foot study=S: talus negated")

    assert said(verdict(*lines)) == "nothing_relevant"


def test_future_entries_are_listed_once():
    lines = ("result 14 ng/mL @5 id=a", "result D3 14 ng/mL @6 id=a2", "result 14 @-5 id=b")

    found = verdict(*lines, now=NOW + timedelta(0))

    assert [(entry.ref, entry.reason) for entry in found.unreadable] == [
        ("Observation/a", "future_date"),
        ("Observation/a2", "future_date"),
        ("Observation/b", "unit"),
    ]
