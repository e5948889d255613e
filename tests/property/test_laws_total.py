"""Totality: whatever facts hold, `screen` gives a verdict and never raises."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.support.notation import PATIENT, changed, verdict
from tests.support.patients import PATIENTS

from marrowd.core.facts import (
    Analyte,
    Fact,
    Problem,
    Report,
    Standing,
    Study,
    StudyLinks,
    Unreadable,
    Version,
    VitaminDResult,
    When,
)
from marrowd.core.facts import Unit as VitaminDUnit
from marrowd.core.identity import card_id
from marrowd.core.posting import decide_posting
from marrowd.core.reading import Modality
from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline

INSTANTS = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
)
WHENS = st.builds(When, instant=st.none() | INSTANTS, year=st.none() | st.integers(-1, 10_000))
NUMBERS = (
    st.none()
    | st.decimals()
    | st.sampled_from(("1E+30", "-1E-30", "NaN", "sNaN", "Infinity", "0")).map(Decimal)
)
STANDINGS = st.sampled_from(Standing)
REFS = st.sampled_from(("Observation/1", "Observation/2", "DiagnosticReport/1", "ImagingStudy/1"))
RESULTS = st.builds(
    VitaminDResult,
    ref=REFS,
    version=st.none(),
    analyte=st.sampled_from(Analyte),
    standing=STANDINGS,
    status=st.text(max_size=3),
    when=WHENS,
    value=NUMBERS,
    comparator=st.sampled_from((None, "<", "<=", ">", ">=", "~", "")),
    unit=st.none() | st.sampled_from(VitaminDUnit),
    unreadable=st.none() | st.text(max_size=2),
    specimen=st.none() | st.just("Specimen/1"),
)
LINKS = st.builds(StudyLinks, studies=st.sampled_from(((), ("ImagingStudy/1",))))
MODALITIES = st.none() | st.sampled_from(Modality)
STUDIES = st.builds(
    Study,
    status=st.text(max_size=3),
    standing=STANDINGS,
    started=st.none() | WHENS,
    modality=MODALITIES,
    is_foot=st.booleans(),
)
REPORTS = st.builds(
    Report,
    status=st.text(max_size=3),
    standing=STANDINGS,
    effective=st.none() | WHENS,
    issued=st.none() | WHENS,
    modality=MODALITIES,
    is_foot=st.booleans(),
    links=LINKS,
)
PROBLEMS = st.builds(
    Problem,
    is_pain=st.booleans(),
    is_vitamin_d_deficiency=st.booleans(),
    is_active=st.booleans(),
    since=st.none() | WHENS,
)
FACTS = st.builds(
    Fact,
    ref=REFS,
    patient=st.just(PATIENT),
    version=st.builds(Version, version_id=st.none() | st.integers()),
    results=st.lists(RESULTS, max_size=3).map(tuple),
    lists=st.sampled_from(((), ("Observation/1", "Observation/2"))),
    study=st.none() | STUDIES,
    report=st.none() | REPORTS,
    problem=st.none() | PROBLEMS,
    unreadable=st.sampled_from(((), (Unreadable(ref="Observation/1", reason="resource"),))),
)
NOWS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
POLICIES = st.builds(
    lambda zone, days: changed(zone=ZoneInfo(zone), recency_days=days, window_before_days=days),
    st.sampled_from(("UTC", "Pacific/Kiritimati", "America/Sao_Paulo", "Asia/Beirut")),
    st.sampled_from((0, 365, 10**9)),
)


@given(st.lists(FACTS, max_size=6), NOWS, POLICIES)
def test_screen_never_raises(made, now, policy):
    timeline = build_timeline(PATIENT, made, policy=policy)

    found = screen(timeline, policy=policy, now=now, rules_version="")

    decide_posting(None, found, card_id("", found))


@given(PATIENTS, NOWS, POLICIES)
def test_screen_never_raises_on_likely_patients(patient, now, policy):

    assert verdict(*patient, policy=policy, now=now).kind
