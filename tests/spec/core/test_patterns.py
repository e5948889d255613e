"""How the card's report compares with earlier ones."""

from tests.spec.tables import Table, row
from tests.support.notation import verdict

NOW = "report @-10 left foot id=9: talus affirmed"


def pattern(*lines: str) -> str:
    return verdict(*lines).pattern or "none"


SAME_PLACE = Table(
    title="recurrent and persistent",
    rule="The same bone and side was affirmed before. Recurrent, if a report in between labels it "
    "historical or negated or calls the marrow of that foot normal; else persistent, if 90 "
    "days or more lie between.",
    columns=("earlier reports", "pattern"),
    rows=(
        row("none", (), "none"),
        row("90 days before", ("report @-100 left foot id=1: talus",), "persistent"),
        row("89 days before", ("report @-99 left foot id=1: talus",), "none"),
        row("years before", ("report @-2000 left foot id=1: talus",), "persistent"),
        row("possible then", ("report @-100 left foot id=1: talus possible",), "none"),
        row("on the other side", ("report @-100 right foot id=1: talus",), "none"),
        row("in another bone", ("report @-100 left ankle id=1: distal_tibia",), "none"),
        row("on an unknown side", ("report @-100 foot id=1: unknown talus",), "persistent"),
        row("on both sides", ("report @-100 foot id=1: bilateral talus",), "persistent"),
        row("held", ("report @-100 left foot preliminary id=1: talus",), "none"),
        row("withdrawn", ("report @-100 left foot cancelled id=1: talus",), "none"),
        row(
            "negated in between",
            ("report @-100 left foot id=1: talus", "report @-50 left foot id=2: talus negated"),
            "recurrent",
        ),
        row(
            "historical in between",
            ("report @-100 left foot id=1: talus", "report @-50 left foot id=2: talus historical"),
            "recurrent",
        ),
        row(
            "normal marrow of that foot in between",
            ("report @-100 left foot id=1: talus", "report @-50 left foot id=2: normal marrow"),
            "recurrent",
        ),
        row(
            "normal marrow of the other foot in between",
            ("report @-100 left foot id=1: talus", "report @-50 right foot id=2: normal marrow"),
            "persistent",
        ),
        row(
            "normal marrow of another region in between",
            ("report @-100 left foot id=1: talus", "report @-50 left forefoot id=2: normal marrow"),
            "persistent",
        ),
        row(
            "negated on an unknown side in between",
            ("report @-100 left foot id=1: talus", "report @-50 foot id=2: unknown talus negated"),
            "recurrent",
        ),
        row(
            "negated on the other side in between",
            ("report @-100 left foot id=1: talus", "report @-50 right foot id=2: talus negated"),
            "persistent",
        ),
        row(
            "possible in between",
            ("report @-100 left foot id=1: talus", "report @-50 left foot id=2: talus possible"),
            "persistent",
        ),
        row(
            "negated before both",
            ("report @-200 left foot id=1: talus negated", "report @-100 left foot id=2: talus"),
            "persistent",
        ),
        row(
            "recurrent within weeks",
            ("report @-30 left foot id=1: talus", "report @-20 left foot id=2: talus negated"),
            "recurrent",
        ),
        row(
            "recurrent, though it was there again since",
            (
                "report @-200 left foot id=1: talus",
                "report @-150 left foot id=2: talus negated",
                "report @-120 left foot id=3: talus",
            ),
            "recurrent",
        ),
        row(
            "an unreadable report in between",
            ("report @-100 left foot id=1: talus", "report @-50 left foot id=2 scan"),
            "persistent",
        ),
    ),
)


@SAME_PLACE.cases
def test_same_place(earlier_reports, expected):
    assert pattern(*earlier_reports, NOW) == expected


MIGRATORY = Table(
    title="migratory",
    rule="A bone and side of 28 to 730 days before is now negated, historical, or shown and not "
    "named, and a bone and side that was not affirmed then is affirmed now. A region that "
    "was not imaged is neither.",
    columns=("earlier report", "report now", "pattern"),
    rows=(
        row(
            "gone here, new there",
            "report @-100 left foot id=1: talus",
            "left foot: talus negated, cuboid affirmed",
            "migratory",
        ),
        row(
            "resolved here, new there",
            "report @-100 left foot id=1: talus",
            "left foot: talus historical, cuboid affirmed",
            "migratory",
        ),
        row(
            "shown and not named, new there",
            "report @-100 left foot id=1: talus",
            "left foot: cuboid affirmed",
            "migratory",
        ),
        row(
            "not shown",
            "report @-100 left foot id=1: talus",
            "left forefoot: metatarsal_2 affirmed",
            "none",
        ),
        row(
            "hidden",
            "report @-100 left foot id=1: talus",
            "left foot: cuboid affirmed, hidden talus",
            "none",
        ),
        row(
            "the other foot was not imaged",
            "report @-100 left foot id=1: talus",
            "right foot: cuboid affirmed",
            "none",
        ),
        row(
            "both feet imaged",
            "report @-100 bilateral foot id=1: left talus",
            "bilateral foot: right talus affirmed",
            "migratory",
        ),
        row(
            "the other foot was not imaged then",
            "report @-100 left foot id=1: talus",
            "bilateral foot: right talus affirmed",
            "none",
        ),
        row(
            "the other region was not imaged then",
            "report @-100 left forefoot id=1: metatarsal_2",
            "left foot: talus affirmed",
            "none",
        ),
        row(
            "named then, though the exam was not aimed at it",
            "report @-50 left forefoot id=1: metatarsal_2, talus negated",
            "left foot: talus affirmed",
            "migratory",
        ),
        row(
            "hidden then",
            "report @-50 left foot id=1: talus, hidden cuboid",
            "left foot: cuboid affirmed",
            "none",
        ),
        row(
            "still possible",
            "report @-100 left foot id=1: talus",
            "left foot: talus possible, cuboid affirmed",
            "none",
        ),
        row(
            "nothing new",
            "report @-50 left foot id=1: talus, cuboid",
            "left foot: talus negated, cuboid affirmed",
            "none",
        ),
        row(
            "new where it was possible",
            "report @-50 left foot id=1: talus affirmed, cuboid possible",
            "left foot: talus negated, cuboid affirmed",
            "migratory",
        ),
        row(
            "one foot of a bilateral finding is gone",
            "report @-50 foot id=1: bilateral talus",
            "bilateral foot: left talus negated, right talus affirmed, left cuboid affirmed",
            "migratory",
        ),
        row(
            "an unknown side is not new",
            "report @-50 left foot id=1: talus, cuboid",
            "foot: unknown cuboid affirmed, unknown talus negated",
            "none",
        ),
        row(
            "what was on an unknown side is not gone while any side has it",
            "report @-50 foot id=1: unknown talus",
            "left foot: left talus affirmed, left cuboid affirmed",
            "none",
        ),
        row(
            "what was on an unknown side is gone",
            "report @-50 foot id=1: unknown talus",
            "left foot: left cuboid affirmed",
            "migratory",
        ),
        row(
            "an unspecified metatarsal is not another one",
            "report @-50 left foot id=1: metatarsal_unspecified, talus",
            "left foot: metatarsal_2 affirmed",
            "none",
        ),
        row(
            "28 days",
            "report @-38 left foot id=1: talus",
            "left foot: cuboid affirmed",
            "migratory",
        ),
        row(
            "27 days",
            "report @-37 left foot id=1: talus",
            "left foot: cuboid affirmed",
            "none",
        ),
        row(
            "730 days",
            "report @-740 left foot id=1: talus",
            "left foot: cuboid affirmed",
            "migratory",
        ),
        row(
            "731 days",
            "report @-741 left foot id=1: talus",
            "left foot: cuboid affirmed",
            "none",
        ),
        row(
            "a bone that does not count is gone",
            "report @-100 left foot id=1: sesamoid",
            "left foot: cuboid affirmed",
            "none",
        ),
        row(
            "a bone that does not count is new",
            "report @-50 left foot id=1: talus, cuboid",
            "left foot: cuboid affirmed, sesamoid affirmed",
            "none",
        ),
        row(
            "persistent goes before migratory",
            "report @-100 left foot id=1: talus, navicular",
            "left foot: talus affirmed, cuboid affirmed",
            "persistent",
        ),
    ),
)


@MIGRATORY.cases
def test_migratory(earlier_report, report_now, expected):
    assert pattern(earlier_report, f"report @-10 id=9 {report_now}") == expected


def test_possible_edema_has_no_pattern():
    lines = ("report @-100 left foot id=1: talus", NOW.replace("affirmed", "possible"))

    assert verdict(*lines, "result 14 ng/mL @-12").kind == "possible_association"
    assert pattern(*lines, "result 14 ng/mL @-12") == "none"


def test_held_report_has_no_pattern():
    """What is not final is not compared: it may still change."""
    lines = ("report @-100 left foot id=1: talus negated", NOW.replace("foot", "foot preliminary"))

    found = verdict("report @-300 left foot id=0: talus", *lines)

    assert (found.kind, found.pattern) == ("report_pending", None)


def test_verdict_without_a_report_has_no_pattern():
    assert pattern("pain @-100", "result 14 ng/mL @-12") == "none"


def test_only_reports_before_the_one_of_the_card_matter():
    """The card speaks of the older report here; the newer has no level."""
    lines = (
        "report @-300 left foot id=1: talus",
        "result 14 ng/mL @-300",
        "report @-5 right foot id=2: cuboid possible",
        "report @-2 left foot id=3: cuboid negated",
    )

    found = verdict(*lines)

    assert (found.report.ref, found.pattern) == ("DiagnosticReport/1", None)
