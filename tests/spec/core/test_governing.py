"""Which level speaks for a report."""

from tests.spec.tables import Table, row
from tests.support.notation import NOW, POLICY, changed, verdict

REPORT = "report @-200 left foot: talus affirmed"


def governing(*lines: str, policy=POLICY) -> str:
    found = verdict(REPORT, *lines, policy=policy)
    level = found.governing
    if level is None:
        return f"none: {found.kind}"
    late = ", late" if level.is_late else ""
    return f"{level.result.value} ({level.result.ref.partition('/')[2]}){late}"


GOVERNING = Table(
    title="The governing result",
    rule="The counting, classifiable level nearest to the study, from 180 days before it to 90 "
    "days after, ends included; at equal distance the later, then the larger id. If the "
    "window holds none, the first after it, up to 180 days after the study, marked late. "
    "Here the study is 200 days before now.",
    columns=("results", "governing"),
    rows=(
        row("on the day", ("result 14 ng/mL @-200 id=a",), "14 (a)"),
        row("180 days before", ("result 14 ng/mL @-380 id=a",), "14 (a)"),
        row("181 days before", ("result 14 ng/mL @-381 id=a",), "none: vitamin_d_missing"),
        row("90 days after", ("result 14 ng/mL @-110 id=a",), "14 (a)"),
        row("91 days after", ("result 14 ng/mL @-109 id=a",), "14 (a), late"),
        row("180 days after", ("result 14 ng/mL @-20 id=a",), "14 (a), late"),
        row("181 days after", ("result 14 ng/mL @-19 id=a",), "none: nothing_relevant"),
        row(
            "the nearest, before",
            ("result 14 ng/mL @-205 id=a", "result 31 ng/mL @-194 id=b"),
            "14 (a)",
        ),
        row(
            "the nearest, after",
            ("result 14 ng/mL @-206 id=a", "result 31 ng/mL @-195 id=b"),
            "31 (b)",
        ),
        row(
            "equally near: the later",
            ("result 14 ng/mL @-205 id=z", "result 31 ng/mL @-195 id=a"),
            "31 (a)",
        ),
        row(
            "equally near, on one day: the later",
            (
                "result 14 ng/mL @-195 at=15:00 specimen=A id=a",
                "result 31 ng/mL @-195 at=14:00 specimen=B id=b",
            ),
            "14 (a)",
        ),
        row(
            "equally near, at one time: the larger id",
            ("result 14 ng/mL @-195 specimen=B id=b", "result 31 ng/mL @-195 specimen=C id=a"),
            "14 (b)",
        ),
        row(
            "equally near, before, on one day: the later",
            (
                "result 14 ng/mL @-205 at=15:00 specimen=A id=a",
                "result 31 ng/mL @-205 at=14:00 specimen=B id=b",
            ),
            "14 (a)",
        ),
        row(
            "in the window, though one after it is nearer",
            ("result 14 ng/mL @-380 id=a", "result 31 ng/mL @-109 id=b"),
            "14 (a)",
        ),
        row(
            "after the window the first",
            ("result 14 ng/mL @-109 id=a", "result 31 ng/mL @-100 id=b"),
            "14 (a), late",
        ),
        row(
            "after the window, at one time: the larger id",
            ("result 14 ng/mL @-109 specimen=B id=b", "result 31 ng/mL @-109 specimen=A id=a"),
            "14 (b), late",
        ),
        row(
            "not one that is held",
            ("result 31 ng/mL @-200 preliminary id=a", "result 14 ng/mL @-220 id=b"),
            "14 (b)",
        ),
        row(
            "not one that is not classifiable",
            ("result >10 ng/mL @-200 id=a", "result 14 ng/mL @-220 id=b"),
            "14 (b)",
        ),
        row(
            "not one that cannot be read",
            ("result 31 @-200 id=a", "result 14 ng/mL @-220 id=b"),
            "14 (b)",
        ),
    ),
)


@GOVERNING.cases
def test_governing(results, expected):
    assert governing(*results) == expected


WINDOWS = Table(
    title="A site's own window",
    rule="`window_before` and `window_after` move the ends of the window; a level is late from "
    "there to 180 days after the study.",
    columns=("before", "after", "result", "governing"),
    rows=(
        row("narrower before, inside", 30, 90, "result 14 ng/mL @-230 id=a", "14 (a)"),
        row(
            "narrower before, outside",
            30,
            90,
            "result 14 ng/mL @-231 id=a",
            "none: vitamin_d_missing",
        ),
        row("narrower after, outside", 180, 30, "result 14 ng/mL @-169 id=a", "14 (a), late"),
        row("wider after, inside", 180, 120, "result 14 ng/mL @-80 id=a", "14 (a)"),
    ),
)


@WINDOWS.cases
def test_window_of_a_site(before, after, result, expected):
    policy = changed(window_before_days=before, window_after_days=after)

    assert governing(result, policy=policy) == expected


LATEST = Table(
    title="The latest level",
    rule="The newest counting, classifiable level not after now; of one time the larger id.",
    columns=("results", "latest"),
    rows=(
        row("the newest", ("result 14 ng/mL @-20 id=b", "result 31 ng/mL @-10 id=a"), "31"),
        row("not a held one", ("result 14 ng/mL @-20", "result 31 ng/mL @-10 preliminary"), "14"),
        row("not an uncertain one", ("result 14 ng/mL @-20", "result >10 ng/mL @-10"), "14"),
        row("not D2", ("result 14 ng/mL @-20", "result D2 31 ng/mL @-10"), "14"),
        row("not one after now", ("result 14 ng/mL @-20", "result 31 ng/mL @0 at=12:01"), "14"),
        row(
            "the larger id",
            ("result 14 ng/mL @-20 specimen=A id=b", "result 31 ng/mL @-20 specimen=B id=a"),
            "14",
        ),
    ),
)


@LATEST.cases
def test_latest(results, expected):
    found = verdict(*results, now=NOW)

    assert str(found.latest.result.value) == expected
