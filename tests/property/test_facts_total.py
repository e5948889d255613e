"""
Total: whatever stands in whichever member, a resource is read or told unreadable; nothing raises.

Broken resources are made from sound ones: any member may be replaced by anything, lost or doubled.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.broken_resources import JUNK, broken
from tests.support import resources as fhir
from tests.support.reading import PlainReader

from marrowd.core.facts import Fact
from marrowd.fhir.bundles import items
from marrowd.fhir.facts import Extraction, facts_from, ignored_because, is_empty
from marrowd.fhir.json import parse
from marrowd.fhir.needs import needs
from marrowd.fhir.observations import reported_dates
from marrowd.fhir.subjects import subject_of
from marrowd.rules.codes import load_codes

CODES = load_codes()
EXTRACTION = Extraction(reader=PlainReader(), codes=CODES)


def read(text: str) -> None:
    resource = parse(text, allow_nan=True)
    subject_of(resource)
    ignored_because(resource, CODES)
    needs(resource, CODES)
    reported_dates(resource, ref="Observation/1")
    fact = facts_from(resource, patient="Patient/p1", extraction=EXTRACTION, is_listed=True)
    if isinstance(fact, Fact):
        is_empty(fact)


@given(broken())
def test_no_resource_however_broken_raises(resource: object) -> None:
    if isinstance(resource, dict):
        read(json.dumps(resource))


@given(broken(), st.sampled_from(["fullUrl", "resource", "request", "response", "entry"]), JUNK)
def test_no_bundle_however_broken_raises(resource: object, member: str, junk: object) -> None:
    entry = {"resource": resource, "fullUrl": "urn:uuid:1", "request": {"method": "DELETE"}}
    broken_entry = junk if member == "entry" else entry | {member: junk}
    document = {"resourceType": "Bundle", "entry": [broken_entry]}

    assert list(items(parse(json.dumps(document)))) is not None


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "1E-400", "-0"])
def test_no_number_raises(literal: str) -> None:
    text = json.dumps(fhir.lab(value="@")).replace('"@"', literal)

    read(text)
