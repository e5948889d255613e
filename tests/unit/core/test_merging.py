"""Merged patient records: who stands for whom, whatever shape the links have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marrowd.core.merging import groups, survivor


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        pytest.param({}, "a", id="not merged"),
        pytest.param({"a": "b"}, "b", id="merged"),
        pytest.param({"a": "b", "b": "c"}, "c", id="merged twice"),
        pytest.param({"a": "a"}, "a", id="into itself"),
        pytest.param({"a": "c", "c": "b", "b": "a"}, "a", id="in a circle"),
        pytest.param({"a": "z", "z": "c", "c": "z"}, "c", id="into a circle"),
    ],
)
def test_who_stands_for_a(links, expected):
    assert survivor("a", links) == expected


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, names), st.sets(names))
def test_every_record_is_in_one_group_and_its_survivor_stands_for_all(links, patients):
    found = groups(patients, links)

    members = [one for group in found.values() for one in group]
    assert sorted(members) == sorted({*patients, *links, *links.values()})
    assert all(survivor(one, links) == name for name, group in found.items() for one in group)
    assert all(name in group for name, group in found.items())
