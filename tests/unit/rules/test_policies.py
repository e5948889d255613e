"""The named policies, a site's own, and the one that is chosen."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from marrowd.core.facts import Unit
from marrowd.core.policy import VitaminDClass
from marrowd.errors import BadConfiguration
from marrowd.rules.policies import custom_policy, load_policies, policy_from
from marrowd.settings.sections import CustomPolicy, PolicySettings


def own(**changed):
    given = {
        "name": "clinic",
        "source": "Clinic, 2026",
        "deficient_below_ng_ml": Decimal(15),
        "sufficient_from_ng_ml": Decimal("32.5"),
        "deficient_below_nmol_l": Decimal(37),
        "sufficient_from_nmol_l": Decimal(81),
    }
    return CustomPolicy(**(given | changed))


def test_default_is_the_policy_of_the_series_and_says_that_it_is_not_endorsed():
    policy = policy_from(PolicySettings())

    assert policy.name == "endocrine-2011"
    assert "no longer endorses" in policy.note


def test_four_policies_have_a_source_and_decimal_figures():
    policies = load_policies()

    assert list(policies) == ["endocrine-2011", "iom-2011", "nos-uk", "rickets-2016"]
    for policy in policies.values():
        assert policy.source
        for unit in Unit:
            figures = policy.cutoffs(unit)
            assert isinstance(figures.deficient_below, Decimal)
            assert figures.deficient_below < figures.sufficient_from < figures.excess_from


def test_settings_are_carried_into_the_policy():
    settings = PolicySettings(
        vitamin_d="nos-uk",
        recency=timedelta(days=100),
        window_before=timedelta(days=30),
        window_after=timedelta(days=200),
        push_min_severity="deficient",
        consider_mri=False,
        site_zone="Europe/Vienna",
    )

    policy = policy_from(settings)

    assert (policy.name, policy.recency_days, policy.window_before_days) == ("nos-uk", 100, 30)
    assert (policy.window_after_days, policy.late_after_days) == (200, 200)
    assert policy.push_min_severity is VitaminDClass.DEFICIENT
    assert not policy.consider_mri
    assert policy.zone == ZoneInfo("Europe/Vienna")


def test_name_given_beside_the_settings_wins():
    assert policy_from(PolicySettings(), name="iom-2011").name == "iom-2011"


def test_late_stays_at_180_days_with_the_usual_window():
    assert policy_from(PolicySettings()).late_after_days == 180


def test_custom_policy_can_be_chosen():
    policy = policy_from(PolicySettings(vitamin_d="clinic", custom=(own(),)))

    assert (policy.name, policy.source, policy.note) == ("clinic", "Clinic, 2026", "")
    assert policy.ng_ml.sufficient_from == Decimal("32.5")
    assert policy.nmol_l.deficient_below == 37
    assert (policy.ng_ml.excess_from, policy.nmol_l.excess_from) == (100, 250)


def test_custom_policy_may_have_no_insufficient_class():
    policy = custom_policy(
        own(sufficient_from_ng_ml=Decimal(15), sufficient_from_nmol_l=Decimal(37))
    )

    assert policy.ng_ml.deficient_below == policy.ng_ml.sufficient_from


WRONG = [
    pytest.param(
        {"deficient_below_ng_ml": Decimal(40)}, "deficient_below_ng_ml", id="order, ng/mL"
    ),
    pytest.param(
        {"deficient_below_nmol_l": Decimal(90)}, "deficient_below_nmol_l", id="order, nmol/L"
    ),
    pytest.param({"deficient_below_ng_ml": Decimal("0.5")}, "from 1 to 400", id="too small"),
    pytest.param({"sufficient_from_nmol_l": Decimal(1001)}, "from 2.5 to 1000", id="too large"),
    pytest.param(
        {"deficient_below_nmol_l": Decimal(15)}, "not one figure in two units", id="units differ"
    ),
    pytest.param(
        {"sufficient_from_nmol_l": Decimal(99)}, "sufficient_from_nmol_l", id="units differ above"
    ),
]


@pytest.mark.parametrize(("changed", "said"), WRONG)
def test_custom_policy_that_contradicts_itself_is_refused(changed, said):
    with pytest.raises(BadConfiguration, match=said) as caught:
        custom_policy(own(**changed))

    assert "[[policy.custom]] clinic" in str(caught.value)


@pytest.mark.parametrize("name", ["iom-2011", "clinic"])
def test_name_that_is_taken_is_refused(name):
    custom = (own(), own(name=name))

    with pytest.raises(BadConfiguration, match="of this name already"):
        policy_from(PolicySettings(custom=custom))


@pytest.mark.parametrize(
    ("name", "said"),
    [("iom-2001", "did you mean iom-2011"), ("x", "known are endocrine-2011, iom-2011")],
)
def test_unknown_name_says_the_nearest_or_all(name, said):
    with pytest.raises(BadConfiguration, match=said):
        policy_from(PolicySettings(vitamin_d=name))
