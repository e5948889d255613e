"""Laws of the decision: order, irrelevance, withdrawal, time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.notation import NOW, PATIENT, POLICY, RULES, facts
from tests.support.patients import DAYS, PATIENTS, studies

from marrowd.core.facts import Fact, Version
from marrowd.core.identity import card_id
from marrowd.core.screening import screen, verdict_at
from marrowd.core.timeline import build_timeline

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def screened(made, now=NOW):
    timeline = build_timeline(PATIENT, made, policy=POLICY)
    return screen(timeline, policy=POLICY, now=now, rules_version=RULES)


@given(PATIENTS, st.data())
def test_order_and_repetition_do_not_matter(patient, data):
    """Order: however facts and their versions arrive, and how often, the verdict is the same."""
    made = facts(patient)
    again = data.draw(st.permutations(made + data.draw(st.lists(st.sampled_from(made or [None])))))

    assert screened([fact for fact in again if fact]) == screened(made)


IRRELEVANT = (
    "report @-10 untold no_text id=x",  # a blood count
    "report @-10 id=x: other affirmed",  # an MRI of a knee
    "report @-10 CT left foot id=x: talus affirmed",
    "study X @-10 CT left foot",
    "study X @-10 MR",  # of another part
    "result 14 ng/mL @-10 cancelled id=x",
    "report @-10 left foot cancelled id=x: talus affirmed",
    "study X @-10 MR left foot cancelled",
    "pain @-100 resolved id=x",
    "order foot-mr completed id=x",
)


@given(PATIENTS, st.sampled_from(IRRELEVANT))
def test_what_is_irrelevant_changes_nothing(patient, line):
    """Monotone: a resource about something else leaves the verdict as it is."""
    assume(line != "study X @-10 MR" or not any("@-10" in each for each in patient))

    assert screened(facts([*patient, line])) == screened(facts(patient))


@given(PATIENTS)
def test_empty_fact_changes_nothing(patient):
    empty = Fact(ref="Observation/x", patient=PATIENT, version=Version())

    assert screened([*facts(patient), empty]) == screened(facts(patient))


@given(PATIENTS, st.data())
def test_withdrawing_equals_never_having_had_the_resource(patient, data):
    """Withdrawal: an entered-in-error version, newest of all, takes every trace away."""
    made = facts(patient)
    assume(made)
    ref = data.draw(st.sampled_from(sorted({fact.ref for fact in made})))
    withdrawn = Fact(ref=ref, patient=PATIENT, version=Version(last_updated=FAR, is_withdrawn=True))

    assert screened([*made, withdrawn]) == screened([fact for fact in made if fact.ref != ref])


@given(PATIENTS)
def test_withdrawn_version_wins_a_tie(patient):
    made = facts(patient)
    gone = [
        Fact(ref=fact.ref, patient=PATIENT, version=replace(fact.version, is_withdrawn=True))
        for fact in made
    ]

    assert screened(made + gone) == screened([])


@given(PATIENTS, st.integers(0, 10**6))
def test_recheck_is_the_first_instant_of_another_verdict(patient, part):
    """Before it the verdict is the same at any moment; at it the verdict is another."""
    made = facts(patient)
    found = screened(made)
    until = found.recheck_at or NOW + timedelta(days=2000)
    moment = NOW + (until - NOW - timedelta(microseconds=1)) * (part / 10**6)

    def without_recheck(verdict):
        return replace(verdict, recheck_at=None)

    assert without_recheck(screened(made, moment)) == without_recheck(found)
    if found.recheck_at is not None:
        assert found.recheck_at > NOW
        assert without_recheck(screened(made, until)) != without_recheck(found)


@given(PATIENTS)
def test_who_judges_once_gets_the_same_verdict(patient):
    timeline = build_timeline(PATIENT, facts(patient), policy=POLICY)
    once = verdict_at(timeline, policy=POLICY, now=NOW, rules_version=RULES)

    assert once == replace(screened(facts(patient)), recheck_at=None)


@given(PATIENTS, DAYS)
def test_same_verdict_has_the_same_card(patient, days):
    """What is another card is another verdict, at whatever moment."""
    made = facts(patient)
    first, then = screened(made), screened(made, NOW + timedelta(days=days))

    if replace(first, recheck_at=None) == replace(then, recheck_at=None):
        assert card_id("", first) == card_id("", then)


@given(PATIENTS)
def test_report_of_a_verdict_is_one_that_counts(patient):
    """The card never speaks of a withdrawn, future or (but as pending) held report."""
    found = screened(facts(patient))

    if found.report is not None and found.kind != "report_pending":
        assert found.report.standing == "counts"
    if found.report is not None and found.report.when.instant is not None:
        assert found.report.when.instant - NOW <= timedelta(days=1)


@given(st.lists(studies(), max_size=4))
def test_studies_alone_never_make_a_card(patient):
    assert screened(facts(patient)).kind in {"report_pending", "nothing_relevant"}
