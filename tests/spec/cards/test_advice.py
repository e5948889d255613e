"""Which verdict has a card, how urgent it is and what it suggests (rules.md sections 3 and 4)."""

from dataclasses import replace

import pytest
from tests.support.verdicts import (
    INSUFFICIENT,
    POLICY,
    WITH_CARD,
    WITH_LEVEL,
    finding,
    level,
    open_order,
    report,
    verdict,
)

from marrowd.core.cards import Card, Indicator, Suggestion, cards_of
from marrowd.core.facts import Order
from marrowd.core.reading import Cue
from marrowd.core.verdict import Checked, VerdictKind


def insufficient(kind=VerdictKind.ASSOCIATION, **changed):
    governing = level("24", vitamin_d_class=INSUFFICIENT)
    return verdict(kind, governing=governing, severity=INSUFFICIENT, **changed)


@pytest.mark.parametrize("kind", list(VerdictKind))
def test_six_of_the_verdicts_have_a_card(kind):
    """One card or none: rules.md section 3, column "card in a hook"."""
    assert len(cards_of(verdict(kind))) == (kind in WITH_CARD)


INDICATORS = [
    pytest.param(verdict(), Indicator.WARNING, id="deficient association"),
    pytest.param(insufficient(), Indicator.INFO, id="insufficient association"),
    pytest.param(
        verdict(VerdictKind.POSSIBLE_ASSOCIATION), Indicator.INFO, id="possible association"
    ),
    pytest.param(verdict(VerdictKind.VITAMIN_D_MISSING), Indicator.INFO, id="missing"),
    pytest.param(verdict(VerdictKind.VITAMIN_D_INDETERMINATE), Indicator.INFO, id="indeterminate"),
    pytest.param(verdict(VerdictKind.REPORT_UNREADABLE), Indicator.INFO, id="unreadable"),
    pytest.param(verdict(VerdictKind.CONSIDER_MRI), Indicator.INFO, id="consider MRI"),
]


@pytest.mark.parametrize(("given", "indicator"), INDICATORS)
def test_indicator_follows_the_table(given, indicator):
    (card,) = cards_of(given)

    assert card.indicator is indicator


OTHER_EXPLANATIONS = {Cue.INFECTION, Cue.NEOPLASM, Cue.OSTEONECROSIS, Cue.FRACTURE}


@pytest.mark.parametrize("cue", list(Cue))
def test_another_explanation_turns_a_warning_into_information(cue):
    """A stress fracture is named but does not: low vitamin D matters there (Miller 2016)."""
    (card,) = cards_of(verdict(report=report(finding(), cues=(cue,))))

    assert card.indicator is (Indicator.INFO if cue in OTHER_EXPLANATIONS else Indicator.WARNING)


SUGGESTIONS = [
    pytest.param(verdict(), ["recheck", "add_problem"], id="deficient"),
    pytest.param(insufficient(), ["recheck"], id="insufficient"),
    pytest.param(
        verdict(VerdictKind.POSSIBLE_ASSOCIATION), ["recheck", "add_problem"], id="possible"
    ),
    pytest.param(verdict(VerdictKind.VITAMIN_D_MISSING), ["order"], id="missing"),
    pytest.param(verdict(VerdictKind.VITAMIN_D_INDETERMINATE), ["repeat"], id="indeterminate"),
    pytest.param(
        insufficient(VerdictKind.REPORT_UNREADABLE), ["recheck"], id="unreadable, insufficient"
    ),
    pytest.param(
        verdict(VerdictKind.CONSIDER_MRI), ["recheck", "add_problem"], id="consider MRI, deficient"
    ),
    pytest.param(
        verdict(open_orders=open_order()), ["add_problem"], id="not when an order is open"
    ),
    pytest.param(
        verdict(VerdictKind.VITAMIN_D_MISSING, open_orders=open_order()),
        [],
        id="missing, but ordered",
    ),
    pytest.param(
        verdict(
            open_orders=(
                ("ServiceRequest/1", Order(is_vitamin_d=True, is_foot_mr=False, is_open=False)),
                ("ServiceRequest/2", Order(is_vitamin_d=False, is_foot_mr=True, is_open=True)),
            )
        ),
        ["recheck", "add_problem"],
        id="a closed order or another one is no matter",
    ),
    pytest.param(
        verdict(has_deficiency_on_problem_list=True), ["recheck"], id="not when on the list already"
    ),
]


@pytest.mark.parametrize(("given", "suggested"), SUGGESTIONS)
def test_suggestions_are_what_is_not_there_yet(given, suggested):
    (card,) = cards_of(given)

    assert list(card.suggestions) == suggested


KNOWN = [
    pytest.param(True, True, ["recheck", "add_problem"], id="both"),
    pytest.param(False, True, ["add_problem"], id="orders unknown"),
    pytest.param(True, False, ["recheck"], id="problems unknown"),
    pytest.param(False, False, [], id="neither"),
]


@pytest.mark.parametrize(("orders", "problems", "suggested"), KNOWN)
def test_nothing_is_suggested_that_could_not_be_checked(orders, problems, suggested):
    (card,) = cards_of(verdict(), checked=Checked(problems=problems, orders=orders))

    assert list(card.suggestions) == suggested


def test_no_mri_is_suggested_without_the_problem_list():
    assert not cards_of(verdict(VerdictKind.CONSIDER_MRI), checked=Checked(problems=False))


def test_a_site_can_be_quiet_about_mri():
    policy = replace(POLICY, consider_mri=False)

    assert not cards_of(verdict(VerdictKind.CONSIDER_MRI, policy=policy))


@pytest.mark.parametrize("kind", WITH_LEVEL[:2])
def test_primary_papers_are_linked(kind):
    (card,) = cards_of(verdict(kind))

    assert [link.label.split(":")[0] for link in card.links] == [
        "Horas 2017",
        "Oehler 2018",
        "Pieropan 2019",
        "Eidmann 2022",
    ]


def test_a_stress_fracture_links_its_own_paper():
    (card,) = cards_of(verdict(report=report(finding(), cues=(Cue.STRESS_FRACTURE,))))

    assert "stress fractures" in card.links[-1].label


def test_the_same_verdict_draws_the_same_card():
    assert cards_of(verdict()) == cards_of(verdict())


def test_a_card_is_another_one_for_another_source():
    (one,), (other,) = cards_of(verdict(), source="a"), cards_of(verdict(), source="b")

    assert one.uuid != other.uuid


@pytest.mark.parametrize("length", [0, 140])
def test_a_card_refuses_a_summary_that_no_ehr_takes(length):
    (card,) = cards_of(verdict())

    with pytest.raises(ValueError, match="1 to 139 characters"):
        replace(card, summary="x" * length)


@pytest.mark.parametrize("kind", WITH_LEVEL)
def test_a_card_is_not_drawn_without_the_result_it_stands_on(kind):
    with pytest.raises(ValueError, match="without the result"):
        cards_of(verdict(kind, governing=None))


def test_cards_and_suggestions_are_values():
    assert isinstance(cards_of(verdict())[0], Card)
    assert set(Suggestion) == {"recheck", "order", "repeat", "add_problem"}
