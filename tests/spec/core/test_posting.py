"""What is done with the posted card."""

from uuid import UUID

from tests.spec.tables import Table, row
from tests.support.notation import changed, verdict

from marrowd.core.policy import VitaminDClass
from marrowd.core.posting import decide_posting

ONE, TWO = UUID(int=1), UUID(int=2)
LINES = {
    "association deficient": ("report @-10 left foot: talus", "result 14 ng/mL @-20"),
    "association insufficient": ("report @-10 left foot: talus", "result 24 ng/mL @-20"),
    "possible_association": ("report @-10 left foot: talus possible", "result 14 ng/mL @-20"),
    "repleted": (
        "report @-10 left foot: talus",
        "result 14 ng/mL @-10",
        "result 31 ng/mL @-1",
    ),
    "vitamin_d_missing": ("report @-10 left foot: talus",),
    "vitamin_d_indeterminate": ("report @-10 left foot: talus", "result D2 5 ng/mL @-20"),
    "report_unreadable": ("report @-10 left foot scan", "result 14 ng/mL @-20"),
    "report_pending": ("study S @-10 MR left foot",),
    "vitamin_d_sufficient": ("report @-10 left foot: talus", "result 31 ng/mL @-20"),
    "edema_absent": ("report @-10 left foot: talus negated",),
    "consider_mri": ("pain @-100", "result 14 ng/mL @-20"),
    "nothing_relevant": (),
}

POSTING = Table(
    title="What is done with the posted card",
    rule="Only an association is newly posted, from `push_min_severity` on. Whatever the new "
    "verdict, a posted card whose association no longer holds is retracted; an association "
    "with another id replaces it.",
    columns=("verdict", "push min severity", "posted", "done"),
    rows=(
        row(
            "deficient, nothing posted", "association deficient", "insufficient", "nothing", "Post"
        ),
        row(
            "insufficient, nothing posted",
            "association insufficient",
            "insufficient",
            "nothing",
            "Post",
        ),
        row("deficient at a quiet site", "association deficient", "deficient", "nothing", "Post"),
        row(
            "insufficient at a quiet site",
            "association insufficient",
            "deficient",
            "nothing",
            "nothing",
        ),
        row(
            "the same id is posted",
            "association deficient",
            "insufficient",
            "the same id",
            "nothing",
        ),
        row(
            "another id is posted", "association deficient", "insufficient", "another id", "Replace"
        ),
        row(
            "the same id at a quiet site",
            "association insufficient",
            "deficient",
            "the same id",
            "nothing",
        ),
        row(
            "another id, now insufficient, at a quiet site",
            "association insufficient",
            "deficient",
            "another id",
            "Retract",
        ),
        *(
            row(f"{kind}, nothing posted", kind, "insufficient", "nothing", "nothing")
            for kind in LINES
            if not kind.startswith("association")
        ),
        *(
            row(f"{kind}, a card is posted", kind, "insufficient", "another id", "Retract")
            for kind in LINES
            if not kind.startswith("association")
        ),
    ),
)


@POSTING.cases
def test_posting(verdict, push_min_severity, posted, expected):
    found = verdict_of(verdict, push_min_severity)

    done = decide_posting(
        {"nothing": None, "the same id": ONE, "another id": TWO}[posted], found, ONE
    )

    assert (type(done).__name__ if done else "nothing") == expected


def verdict_of(name: str, severity: str):
    found = verdict(*LINES[name], policy=changed(push_min_severity=VitaminDClass(severity)))
    assert name.startswith(found.kind)
    return found


def test_replacing_names_both_cards():
    done = decide_posting(TWO, verdict_of("association deficient", "insufficient"), ONE)

    assert (done.card, done.former) == (ONE, TWO)


def test_posting_and_retracting_name_the_card():
    assert decide_posting(None, verdict_of("association deficient", "deficient"), ONE).card == ONE
    assert decide_posting(TWO, verdict_of("edema_absent", "deficient"), ONE).former == TWO
