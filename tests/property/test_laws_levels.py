"""Laws of levels: units, order, ranges; the fast look-ups against plain ones."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.support.notation import NOW, POLICY, timeline
from tests.support.patients import results

from marrowd.core.facts import Unit
from marrowd.core.policy import VitaminDClass
from marrowd.core.vitamin_d import LOW, class_of, classify
from marrowd.rules.policies import load_policies

POLICIES = st.sampled_from(sorted(load_policies())).map(lambda name: load_policies()[name])
UNITS = st.sampled_from(list(Unit))
VALUES = st.decimals("1", "400", places=2)
ORDER = list(VitaminDClass)


@given(POLICIES, st.sampled_from(("deficient_below", "sufficient_from", "excess_from")), st.data())
def test_converting_a_value_at_a_cut_off_never_changes_its_class(policy, bound, data):
    """Unit: the figure in ng/mL and its figure in nmol/L are of one class, with any comparator."""
    comparator = data.draw(st.sampled_from((None, "<", "<=", ">", ">=")))
    classes = {
        classify(getattr(policy.cutoffs(unit), bound), comparator, policy.cutoffs(unit))
        for unit in Unit
    }

    assert len(classes) == 1


@given(POLICIES, UNITS, VALUES, VALUES)
def test_more_is_never_of_a_lower_class(policy, unit, one, other):
    cutoffs = policy.cutoffs(unit)
    low, high = sorted((one, other))

    assert ORDER.index(class_of(low, cutoffs)) <= ORDER.index(class_of(high, cutoffs))


@given(POLICIES, UNITS, VALUES, st.sampled_from(("<", "<=", ">", ">=")), VALUES)
def test_class_of_a_bound_holds_for_every_value_it_may_stand_for(
    policy, unit, bound, comparator, value
):
    """Certain means certain: no value inside the range contradicts low, or sufficient."""
    cutoffs = policy.cutoffs(unit)
    found = classify(bound, comparator, cutoffs)
    is_inside = {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
    }[comparator]

    if found is not None and is_inside:
        assert (class_of(value, cutoffs) in LOW) == (found in LOW)
        if found is not VitaminDClass.INSUFFICIENT:
            assert class_of(value, cutoffs) is found or (
                found is VitaminDClass.SUFFICIENT
                and class_of(value, cutoffs) is VitaminDClass.EXCESS
            )


SMALL = st.decimals("1", "60", places=1)


@given(SMALL, st.sampled_from(("", "<", "<=")), SMALL, st.sampled_from(("", "<", "<=")), st.data())
def test_class_of_a_sum_holds_for_every_pair_it_may_stand_for(d3, sign, d2, other, data):
    def inside(sign, bound):
        if not sign:
            return bound
        value = data.draw(st.decimals("0", str(bound), places=1))
        return value if sign == "<=" or value < bound else Decimal(0)

    found = timeline(
        f"result D3 {sign}{d3} ng/mL @-20", f"result D2 {other}{d2} ng/mL @-20"
    ).levels.levels
    total = inside(sign, d3) + inside(other, d2)

    for level in found:
        is_low = class_of(total, POLICY.ng_ml) in LOW
        assert is_low == (level.vitamin_d_class in LOW)
        if level.vitamin_d_class is VitaminDClass.DEFICIENT:
            assert class_of(total, POLICY.ng_ml) is VitaminDClass.DEFICIENT


@given(st.lists(results(), max_size=12), st.integers(-400, 0))
def test_governing_level_is_the_one_a_plain_search_finds(patient, day):
    """The fast search by bisection against the sentence of the rules, said slowly."""
    levels = timeline(*patient).levels
    study = (NOW + timedelta(days=day)).date()

    def distance(level):
        return (level.day - study).days

    def later(level):
        return level.result.when.instant, level.result.ref

    window = [level for level in levels.levels if -180 <= distance(level) <= 90]
    late = [level for level in levels.levels if 90 < distance(level) <= 180]
    found = levels.governing(study, POLICY)

    if window:
        nearest = min(abs(distance(level)) for level in window)
        best = max((lv for lv in window if abs(distance(lv)) == nearest), key=later)
        assert (found.result, found.is_late) == (best.result, False)
    elif late:
        first = min(level.result.when.instant for level in late)
        best = max((lv for lv in late if lv.result.when.instant == first), key=later)
        assert (found.result, found.is_late) == (best.result, True)
    else:
        assert found is None
