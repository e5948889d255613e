"""Laws of what is asked for: what was not asked for would have changed nothing that is said."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.support.notation import NOW, PATIENT, POLICY, RULES, facts
from tests.support.patients import DAYS, PATIENTS

from marrowd.core.cards import WITH_CARD
from marrowd.core.lacking import in_doubt, needs_background
from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline


def timeline(made):
    return build_timeline(PATIENT, made, policy=POLICY)


@given(PATIENTS, DAYS)
def test_no_card_ever_comes_up_where_the_background_was_not_asked_for(patient, days):
    """Whatever problem list and orders there are, and whenever one looks again."""
    made = facts(patient)
    known = [f for f in made if not f.is_background]

    later = NOW + timedelta(days=abs(days))
    found = screen(timeline(made), policy=POLICY, now=later, rules_version=RULES)
    if found.kind in WITH_CARD:
        assert needs_background(timeline(known), policy=POLICY, now=NOW)


@given(PATIENTS, st.booleans())
def test_a_laboratory_report_tells_nothing_of_a_result_that_is_not_in_doubt(patient, has_specimen):
    made = facts(patient)
    if has_specimen:
        made = [
            replace(f, results=tuple(replace(r, specimen=r.specimen or r.ref) for r in f.results))
            for f in made
        ]
    told = timeline(made)
    if not in_doubt(told.results):
        untold = timeline([replace(f, lists=()) for f in made])
        assert untold.levels == told.levels
