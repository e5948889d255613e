"""One word for each bone and side: affirmed, possible, historical, negated; corrections first."""

import itertools

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader import fold
from marrowd.core.reading import Certainty, Section, Severity, Statement

LEFT, RIGHT, BOTH, UNKNOWN = (
    Laterality.LEFT,
    Laterality.RIGHT,
    Laterality.BILATERAL,
    Laterality.UNKNOWN,
)


def said(certainty, side=LEFT, start=0, bone=Bone.TALUS, **more):
    return Statement(
        bone=bone,
        laterality=side,
        certainty=certainty,
        evidence="x",
        start=start,
        end=start + 1,
        section=Section.FINDINGS,
        **more,
    )


def words(*statements):
    return [(f.laterality, f.certainty) for f in fold(statements)]


def test_the_weightiest_word_wins():
    order = [
        Certainty.NEGATED,
        Certainty.HISTORICAL,
        Certainty.POSSIBLE,
        Certainty.AFFIRMED,
    ]

    for lighter, heavier in itertools.pairwise(order):
        assert words(said(heavier), said(lighter)) == [(LEFT, heavier)]


def test_sides_are_apart():
    assert words(said(Certainty.AFFIRMED), said(Certainty.NEGATED, RIGHT)) == [
        (LEFT, Certainty.AFFIRMED),
        (RIGHT, Certainty.NEGATED),
    ]


def test_both_sides_beside_one_side_are_two():
    assert words(said(Certainty.NEGATED, BOTH), said(Certainty.AFFIRMED)) == [
        (LEFT, Certainty.AFFIRMED),
        (RIGHT, Certainty.NEGATED),
    ]


def test_both_sides_alone_stay_one():
    assert words(said(Certainty.AFFIRMED, BOTH)) == [(BOTH, Certainty.AFFIRMED)]


def test_a_correction_wins_over_what_stands_before_it():
    correction = said(Certainty.NEGATED, replaces=True)

    assert words(said(Certainty.AFFIRMED), correction) == [(LEFT, Certainty.NEGATED)]


def test_a_correction_of_an_unknown_side_corrects_any():
    correction = said(Certainty.NEGATED, UNKNOWN, replaces=True)

    assert words(said(Certainty.AFFIRMED), correction) == [(UNKNOWN, Certainty.NEGATED)]


def test_a_correction_leaves_the_other_side():
    correction = said(Certainty.NEGATED, RIGHT, replaces=True)

    assert words(said(Certainty.AFFIRMED), correction) == [
        (LEFT, Certainty.AFFIRMED),
        (RIGHT, Certainty.NEGATED),
    ]


def test_severity_comes_from_whoever_says_it():
    [finding] = fold(
        (said(Certainty.AFFIRMED), said(Certainty.AFFIRMED, severity=Severity.MILD, start=9))
    )

    assert (finding.start, finding.severity) == (0, Severity.MILD)


def test_findings_are_sorted_by_start_then_bone():
    found = fold(
        (
            said(Certainty.AFFIRMED, start=5),
            said(Certainty.AFFIRMED, start=1, bone=Bone.CUBOID),
            said(Certainty.AFFIRMED, start=1, bone=Bone.CALCANEUS),
        )
    )

    assert [f.bone for f in found] == [Bone.CALCANEUS, Bone.CUBOID, Bone.TALUS]
