"""What a document holds."""

import json

import pytest
from tests.support import resources as fhir

from marrowd.errors import BadInput
from marrowd.fhir.bundles import BrokenEntry, DeletedEntry, Entry, items
from marrowd.fhir.json import parse


def read(document):
    return list(items(parse(json.dumps(document))))


@pytest.mark.parametrize("document", [None, 5, "x", [], {}, {"resourceType": "Foo"}, [fhir.lab()]])
def test_what_is_no_resource_is_bad_input(document):
    with pytest.raises(BadInput):
        read(document)


def test_a_single_resource_is_its_own_document():
    assert [item.ref for item in read(fhir.lab()) if isinstance(item, Entry)] == ["Observation/o1"]


def test_bundles_in_bundles():
    inner = fhir.bundle(fhir.lab("a"), fhir.lab("b"))
    found = read(fhir.bundle(inner, fhir.lab("c")))

    assert [i.ref for i in found if isinstance(i, Entry)] == [f"Observation/{x}" for x in "abc"]


def test_bundles_ten_thousand_deep_do_not_exhaust_the_stack():
    document = fhir.bundle()
    for _ in range(10_000):
        document = fhir.bundle(document)

    assert list(items(document)) == []


@pytest.mark.parametrize(
    ("entry", "ref"),
    [
        (
            {"resource": {"resourceType": "Patient", "id": "1"}, "fullUrl": "urn:uuid:2"},
            "Patient/1",
        ),
        ({"resource": {"resourceType": "Patient"}, "fullUrl": "urn:uuid:2"}, "Patient/2"),
        ({"resource": {"resourceType": "Patient"}, "fullUrl": "http://h/Patient/3"}, "Patient/3"),
        ({"resource": {"resourceType": "Patient"}, "fullUrl": "http://h/Group/3"}, None),
        (
            {
                "resource": {"resourceType": "Patient"},
                "request": {"method": "PUT", "url": "Patient/4"},
                "fullUrl": "urn:uuid:2",
            },
            "Patient/4",
        ),
        ({"resource": {"resourceType": "Patient", "id": "a b"}}, None),
        ({"resource": {"resourceType": "Patient", "id": 5}}, None),
        ({"resource": {"resourceType": "Patient"}}, None),
    ],
)
def test_what_a_resource_is_called(entry, ref):
    (item,) = read({"resourceType": "Bundle", "entry": [entry]})

    assert isinstance(item, Entry)
    assert item.ref == ref


def test_a_deletion():
    entry = {
        "request": {"method": "DELETE", "url": "Observation/1"},
        "response": {"lastModified": "2026-02-05T00:00:00Z", "etag": 'W/"7"'},
    }

    assert read(fhir.bundle(entry)) == [
        DeletedEntry(ref="Observation/1", last_updated="2026-02-05T00:00:00Z", version_id="7")
    ]


def test_a_deletion_with_its_version_in_the_url():
    entry = {"request": {"method": "DELETE", "url": "Observation/1/_history/7"}}

    assert read(fhir.bundle(entry)) == [DeletedEntry(ref="Observation/1", version_id="7")]


@pytest.mark.parametrize("entries", ["x", 5, True])
def test_entries_that_are_no_list_are_told(entries):
    assert read({"resourceType": "Bundle", "id": "b", "entry": entries}) == [
        BrokenEntry(place="Bundle/b")
    ]
