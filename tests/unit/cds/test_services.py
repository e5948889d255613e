"""Three services, one hook each, that ask for data in the portable subset of prefetch."""

import re

import pytest

from marrowd.cds.services import PrefetchKey, Service, discovery, prefetch_templates
from marrowd.rules.codes import load_codes

TEMPLATES = prefetch_templates(load_codes())
# CDS Hooks 2.0, "Prefetch query restrictions": instance read, or type search by reference and token
# with `_count`; only root-level members of the context as tokens.
PORTABLE = re.compile(
    r"[A-Z][A-Za-z]+(/\{\{context\.patientId\}\}"
    r"|\?patient=\{\{context\.patientId\}\}"
    r"(&(code|category|status|clinical-status)=[^&{}\s]+)?&_count=\d+)"
)


def test_ids_and_hooks_are_those_that_ehrs_are_configured_with():
    services = discovery(load_codes())["services"]

    assert [(service["id"], service["hook"]) for service in services] == [
        ("marrow-vitamin-d-patient-view", "patient-view"),
        ("marrow-vitamin-d-order-sign", "order-sign"),
        ("marrow-vitamin-d-encounter-start", "encounter-start"),
    ]


@pytest.mark.parametrize("key", list(PrefetchKey))
def test_templates_keep_to_the_portable_subset(key):
    assert PORTABLE.fullmatch(TEMPLATES[key])


@pytest.mark.parametrize("key", [PrefetchKey.VITAMIN_D, PrefetchKey.REPORTS, PrefetchKey.STUDIES])
def test_evidence_is_not_filtered_by_status_or_modality(key):
    """A result entered in error has to be seen, and MR is decided here."""
    assert "status=" not in TEMPLATES[key]
    assert "modality" not in TEMPLATES[key]


@pytest.mark.parametrize(
    ("code", "is_asked_for"),
    [
        pytest.param("62292-8", True, id="total"),
        pytest.param("1989-3", True, id="D3"),
        pytest.param("49054-0", True, id="D2"),
        pytest.param("72034-2", True, id="panel"),
        pytest.param("35365-6", False, id="grey"),
        pytest.param("1649-3", False, id="1,25-dihydroxy"),
    ],
)
def test_results_are_asked_for_by_code(code, is_asked_for):
    assert (f"http://loinc.org|{code}" in TEMPLATES["vitaminD"]) is is_asked_for


def test_a_sites_own_codes_are_asked_for():
    codes = load_codes(local={("urn:site", "VITD"): "total"})

    assert "urn:site|VITD" in prefetch_templates(codes)["vitaminD"]


def test_each_service_says_when_it_speaks():
    descriptions = {service["description"] for service in discovery(load_codes())["services"]}

    assert len(descriptions) == len(Service)
