"""What references point to."""

import pytest

from marrowd.fhir.references import contained, is_id, split_url, target, token


def resolve(url):
    return {"urn:uuid:1": "Patient/p1", "http://a/b/Patient/x": "Patient/p2"}.get(url)


@pytest.mark.parametrize(
    ("reference", "ref", "base"),
    [
        ({"reference": "Patient/1"}, "Patient/1", None),
        ({"reference": " Patient/1 "}, "Patient/1", None),
        ({"reference": "Patient/1/_history/3"}, "Patient/1", None),
        ({"reference": "http://a.org/fhir/Patient/1"}, "Patient/1", "a.org/fhir"),
        ({"reference": "https://A.org/fhir/Patient/1/_history/3"}, "Patient/1", "a.org/fhir"),
        ({"reference": "urn:uuid:1"}, "Patient/p1", None),
        ({"reference": "http://a/b/Patient/x"}, "Patient/p2", "a/b"),
    ],
)
def test_references_that_resolve(reference, ref, base):
    to = target(reference, resolve=resolve)

    assert (to.ref, to.base, to.type) == (ref, base, "Patient")


@pytest.mark.parametrize(
    "reference",
    [
        None,
        "Patient/1",
        5,
        [],
        {},
        {"reference": None},
        {"reference": ""},
        {"reference": "Patient"},
        {"reference": "Patient/"},
        {"reference": "Patient/a b"},
        {"reference": "patient/1"},
        {"reference": "Patient/1/2"},
        {"reference": "../Patient/1"},
        {"display": "Jo"},
        {"reference": "Patient/\ud800"},
        {"reference": "Patient/1\n2"},
        {"identifier": {"system": "a"}},
    ],
)
def test_references_that_point_nowhere(reference):
    assert target(reference).is_empty


def test_an_identifier_only_reference():
    to = target({"type": "Patient", "identifier": {"system": "urn:mrn", "value": " 7 "}})

    assert (to.type, to.identifier) == ("Patient", "urn:mrn|7")


def test_a_conditional_reference_is_an_identifier():
    to = target({"reference": "Patient?identifier=urn:mrn%7C7"})

    assert (to.type, to.identifier, to.ref) == ("Patient", "urn:mrn|7", None)


def test_a_urn_that_nobody_explains_stays_one():
    assert target({"reference": "urn:uuid:9"}).urn == "urn:uuid:9"


def test_a_contained_reference():
    assert target({"reference": "#a"}).contained == "a"


def test_contained_resources_by_id():
    resource = {"contained": [{"id": "a"}, {"id": "#b"}, {"id": 5}, "x", {"id": "a", "n": 2}]}

    assert list(contained(resource)) == ["a", "b"]
    assert contained(resource)["a"] == {"id": "a"}


@pytest.mark.parametrize("url", ["", "x", "http://a", "http://a/patients/1", "urn:uuid:1"])
def test_urls_of_another_shape_do_not_split(url):
    assert split_url(url) is None


def test_ids():
    assert is_id("a-1.B_2")
    assert not any(map(is_id, ["", "a/b", "a b", "a\n", "\ud800", 5, None, "a#b", "x" * 300]))


def test_a_token_needs_a_value():
    assert token({"value": "1"}) == "|1"
    assert token({"system": "a", "value": 1}) is None
