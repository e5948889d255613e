"""Law: a fact read back equals the fact written, to the digit."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.stored import lab, report, tombstone

from marrowd.core.facts import Fact, StudyLinks, Version
from marrowd.errors import StoreUnavailable
from marrowd.store.codec import fact_from_json, fact_to_json

texts = st.text(st.characters(), max_size=20)  # half surrogate pairs and NUL included
instants = st.datetimes(
    timezones=st.integers(-80_000, 80_000).map(lambda s: timezone(timedelta(seconds=s)))
).map(lambda when: when.replace(fold=0))  # means nothing at a fixed offset
decimals = st.decimals(allow_nan=False, allow_infinity=False)
st.register_type_strategy(str, texts)
st.register_type_strategy(datetime, instants)
st.register_type_strategy(Decimal, decimals)
facts = st.from_type(Fact)


@settings(deadline=None)  # a busy machine is no counterexample
@given(facts)
def test_what_is_read_back_is_what_was_written(fact: Fact) -> None:
    again = fact_from_json(fact_to_json(fact))

    assert fact == again
    assert repr(fact) == repr(again)  # 1.0 == 1.00, but a card prints what the laboratory wrote


@settings(deadline=None)  # a busy machine is no counterexample
@given(facts)
def test_what_is_written_is_json_that_anybody_can_read(fact: Fact) -> None:
    assert fact.ref == json.loads(fact_to_json(fact))["ref"]


@pytest.mark.parametrize("value", ["12.50", "1E+2", "-0.0", "0.10000000000000000000000000001"])
def test_a_decimal_keeps_its_digits(value: str) -> None:
    [result] = fact_from_json(fact_to_json(lab(value=value))).results

    assert value == str(result.value)


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 10**30, -(10**30)])
def test_a_version_number_may_be_of_any_size(number: int) -> None:
    fact = Fact(ref="Observation/1", patient="Patient/1", version=Version(version_id=number))

    assert fact == fact_from_json(fact_to_json(fact))


def test_what_is_at_its_default_takes_no_room() -> None:
    written = fact_to_json(Fact(ref="Observation/1", patient="Patient/1", version=Version()))

    assert b'{"ref":"Observation/1","patient":"Patient/1","version":{}}' == written


def test_names_a_newer_version_wrote_are_passed_over() -> None:
    tree = json.loads(fact_to_json(report())) | {"colour": "blue"}
    tree["report"]["shade"] = ["dark"]

    assert report() == fact_from_json(json.dumps(tree).encode())


def test_names_an_older_version_did_not_write_get_their_defaults() -> None:
    tree = json.loads(fact_to_json(report()))

    assert "links" not in tree["report"]
    assert StudyLinks() == fact_from_json(json.dumps(tree).encode()).report.links


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b'{"ref":1}',
        b'{"ref":"a","patient":"b","version":{"last_updated":"Smith"}}',
        b'{"ref":"a","patient":"b","version":{"last_updated":"2026-01-01"}}',
        b'{"ref":"a","patient":"b","version":{},"results":[{"value":"Smith"}]}',
        b'{"ref":"a","patient":"b","version":{},"order":7}',
    ],
)
def test_damage_is_said_and_not_quoted(stored: bytes) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        fact_from_json(stored)

    assert "Smith" not in str(caught.value)


def test_a_word_of_a_newer_version_is_said_and_not_guessed() -> None:
    stored = fact_to_json(lab()).replace(b'"total"', b'"free"')

    with pytest.raises(StoreUnavailable, match="newer version"):
        fact_from_json(stored)


def test_the_offset_of_a_time_is_kept() -> None:
    when = datetime(1937, 1, 1, 12, tzinfo=timezone(timedelta(minutes=19, seconds=32)))
    fact = Fact(ref="a", patient="b", version=Version(last_updated=when))

    assert when.isoformat() == fact_from_json(fact_to_json(fact)).version.last_updated.isoformat()


def test_a_tombstone_stays_one() -> None:
    assert tombstone() == fact_from_json(fact_to_json(tombstone()))
