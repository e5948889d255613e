"""When two verdicts are the same advice."""

from dataclasses import replace
from uuid import UUID

from tests.spec.tables import Table, row
from tests.support.notation import changed, verdict

from marrowd.core.identity import card_id

BASE = ("report @-10 left foot v=1 id=1: talus affirmed", "result 14 ng/mL @-20 v=1 id=a")


def identity(*lines, source="", **fields) -> UUID:
    return card_id(source, verdict(*lines, policy=changed(**fields)))


CHANGES = Table(
    title="The id of a card",
    rule="Made of source, patient, verdict, severity, policy and the evidence: the governing "
    "level (ref, value, comparator, unit, date), the report (ref, date, target findings), "
    "the unclassifiable Observations, the problems. Not of a version, a clock, or how a "
    "number is written.",
    columns=("facts", "id"),
    rows=(
        row("the same", BASE, "the same"),
        row(
            "a new version that changes nothing",
            (BASE[0].replace("v=1", "v=2"), BASE[1].replace("v=1", "v=9")),
            "the same",
        ),
        row("a number written otherwise", (BASE[0], BASE[1].replace("14", "14.00")), "the same"),
        row("an amended status", (BASE[0], BASE[1] + " amended"), "the same"),
        row(
            "a finding in a bone that does not count",
            (BASE[0] + ", sesamoid affirmed", BASE[1]),
            "the same",
        ),
        row("another value", (BASE[0], BASE[1].replace("14", "15")), "another"),
        row("a comparator", (BASE[0], BASE[1].replace("14", "<14")), "another"),
        row("another unit", (BASE[0], BASE[1].replace("ng/mL", "nmol/L")), "another"),
        row("another time of the level", (BASE[0], BASE[1].replace("@-20", "@-21")), "another"),
        row("another Observation", (BASE[0], BASE[1].replace("id=a", "id=b")), "another"),
        row("another severity", (BASE[0], BASE[1].replace("14", "24")), "another"),
        row("another report", (BASE[0].replace("id=1", "id=2"), BASE[1]), "another"),
        row("another day of the study", (BASE[0].replace("@-10", "@-11"), BASE[1]), "another"),
        row("another bone", (BASE[0] + ", cuboid affirmed", BASE[1]), "another"),
        row("another side", (BASE[0].replace("left", "right"), BASE[1]), "another"),
        row("another certainty", (BASE[0].replace("affirmed", "possible"), BASE[1]), "another"),
        row(
            "a finding overtaken by a later report",
            (
                "report @-10 left foot v=1 id=1: talus affirmed, cuboid affirmed",
                BASE[1],
                "report @-5 left foot id=2: cuboid negated",
            ),
            "the same",
        ),
    ),
)


@CHANGES.cases
def test_identity(facts, expected):
    assert (identity(*facts) == identity(*BASE)) is (expected == "the same")


def test_source_policy_and_patient_are_part_of_it():
    found = verdict(*BASE)

    ids = {
        card_id("", found),
        card_id("clinic", found),
        card_id("", replace(found, patient="Patient/2")),
        card_id("", replace(found, policy=changed(name="own"))),
    }
    assert len(ids) == 4


def test_rules_version_and_recheck_are_not():
    found = verdict(*BASE)

    assert card_id("", replace(found, rules_version="other", recheck_at=None)) == card_id("", found)


def test_unclassifiable_observations_are_part_of_an_indeterminate_advice():
    held = "result 14 ng/mL @-20 preliminary"

    assert identity(BASE[0], held + " id=a") != identity(BASE[0], held + " id=b")


def test_problems_are_part_of_the_advice_to_consider_an_mri():
    level = "result 14 ng/mL @-20"

    assert identity("pain @-100 id=1", level) != identity("pain @-100 id=2", level)


def test_year_of_an_unreadable_report_is_part_of_it():
    level = "result 14 ng/mL @-200"
    ids = {identity(f"report {dated} left foot scan", level) for dated in ("", "@2025", "@2026")}

    assert len(ids) == 3


def test_id_is_a_name_based_uuid_and_stays_what_it_is():
    """A changed id would retract and post every card that stands: change it only on purpose."""
    found = identity(*BASE)

    assert found.version == 5
    assert str(found) == "d87798e3-b829-5baa-8bf3-24ac86065b32"
