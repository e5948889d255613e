"""A call of a hook is read strictly, told its fault by place, and never quoted."""

from copy import deepcopy

import pytest

from marrowd.cds.requests import BadHookRequest, hook_request
from marrowd.cds.services import Hook, PrefetchKey
from marrowd.errors import BadInput

CALL = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "fhirServer": "https://ehr.example/fhir/",
    "fhirAuthorization": {
        "access_token": "s3cret",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/Observation.rs",
        "subject": "cds-service",
    },
    "context": {"userId": "Practitioner/p1", "patientId": "1288992", "encounterId": "89284"},
    "prefetch": {"vitaminD": None, "reports": {"resourceType": "Bundle"}, "elsewhere": {}},
    "extension": {"example.client": {}},
}
ORDERS = {
    "resourceType": "Bundle",
    "entry": [{"resource": {"resourceType": "ServiceRequest", "id": "1"}}],
}
MISSING = object()


def changed(path, value):
    call = deepcopy(CALL)
    parent = call
    *above, last = path.split(".")
    for name in above:
        parent = parent[name]
    if value is MISSING:
        del parent[last]
    else:
        parent[last] = value
    return call


def order_sign(draft_orders=MISSING):
    call = deepcopy(CALL) | {"hook": "order-sign"}
    if draft_orders is not MISSING:
        call["context"]["draftOrders"] = draft_orders
    return call


def test_a_full_call_is_read():
    request = hook_request(CALL, Hook.PATIENT_VIEW)

    assert request.patient_id == "1288992"
    assert request.user_id == "Practitioner/p1"
    assert request.encounter_id == "89284"
    assert request.fhir_server == "https://ehr.example/fhir"
    assert request.authorization is not None
    assert request.authorization.access_token == "s3cret"
    assert request.authorization.expires_in_s == 300


def test_only_the_keys_asked_for_are_kept_and_null_is_an_answer():
    request = hook_request(CALL, Hook.PATIENT_VIEW)

    assert request.prefetch == {
        PrefetchKey.VITAMIN_D: None,
        PrefetchKey.REPORTS: {"resourceType": "Bundle"},
    }


def test_the_token_is_never_shown():
    assert "s3cret" not in repr(hook_request(CALL, Hook.PATIENT_VIEW))


@pytest.mark.parametrize(
    "path", ["fhirAuthorization", "prefetch", "extension", "context.encounterId"]
)
def test_what_is_optional_may_be_missing(path):
    assert hook_request(changed(path, MISSING), Hook.PATIENT_VIEW).patient_id == "1288992"


def test_a_call_without_server_is_read():
    call = changed("fhirServer", MISSING)
    del call["fhirAuthorization"]

    assert hook_request(call, Hook.PATIENT_VIEW).fhir_server is None


def test_a_urn_uuid_is_a_hook_instance():
    call = changed("hookInstance", f"urn:uuid:{CALL['hookInstance']}")

    assert hook_request(call, Hook.PATIENT_VIEW).hook_instance.startswith("urn:uuid:")


BROKEN = [
    ("hook", MISSING),
    ("hook", "order-sign"),
    ("hook", 1),
    ("hookInstance", MISSING),
    ("hookInstance", ""),
    ("hookInstance", "not-a-uuid"),
    ("hookInstance", 7),
    ("context", MISSING),
    ("context", []),
    ("context.patientId", MISSING),
    ("context.patientId", "Patient/1"),
    ("context.patientId", "a" * 65),
    ("context.patientId", 1288992),
    ("context.userId", MISSING),
    ("context.userId", ""),
    ("context.encounterId", None),
    ("fhirServer", "ehr.example/fhir"),
    ("fhirServer", "ftp://ehr.example"),
    ("fhirServer", "https://ehr.example/a b"),
    ("fhirServer", "http://[ehr"),
    ("fhirServer", "https://"),
    ("fhirServer", None),
    ("fhirServer", MISSING),
    ("fhirAuthorization", "token"),
    ("fhirAuthorization.access_token", MISSING),
    ("fhirAuthorization.token_type", "bearer"),
    ("fhirAuthorization.expires_in", "300"),
    ("fhirAuthorization.expires_in", True),
    ("fhirAuthorization.scope", None),
    ("prefetch", []),
    ("prefetch", None),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_a_fault_is_named_by_its_place(path, value):
    with pytest.raises(BadHookRequest, match=f"^{path} must ") as caught:
        hook_request(changed(path, value), Hook.PATIENT_VIEW)

    assert caught.value.place == path
    assert isinstance(caught.value, BadInput)


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_a_call_is_an_object(body):
    with pytest.raises(BadHookRequest, match="the request must be an object"):
        hook_request(body, Hook.PATIENT_VIEW)


def test_a_fault_never_quotes_what_was_sent():
    with pytest.raises(BadHookRequest) as caught:
        hook_request(changed("context.patientId", "Smith, John"), Hook.PATIENT_VIEW)

    assert "Smith" not in str(caught.value)


def test_encounter_start_needs_its_encounter():
    call = changed("context.encounterId", MISSING) | {"hook": "encounter-start"}

    with pytest.raises(BadHookRequest, match=r"^context\.encounterId must "):
        hook_request(call, Hook.ENCOUNTER_START)


def test_order_sign_reads_the_orders_being_signed():
    request = hook_request(order_sign(ORDERS), Hook.ORDER_SIGN)

    assert request.draft_orders == ({"resourceType": "ServiceRequest", "id": "1"},)


def test_nothing_to_sign_is_no_fault():
    assert hook_request(order_sign({"resourceType": "Bundle"}), Hook.ORDER_SIGN).draft_orders == ()


@pytest.mark.parametrize(
    ("orders", "place"),
    [
        (MISSING, "context.draftOrders"),
        ([], "context.draftOrders"),
        ({"resourceType": "List"}, "context.draftOrders"),
        ({"resourceType": "Bundle", "entry": {}}, "context.draftOrders"),
        ({"resourceType": "Bundle", "entry": [None]}, "context.draftOrders.entry"),
        ({"resourceType": "Bundle", "entry": [{}]}, "context.draftOrders.entry.resource"),
    ],
)
def test_order_sign_needs_its_draft_orders(orders, place):
    with pytest.raises(BadHookRequest) as caught:
        hook_request(order_sign(orders), Hook.ORDER_SIGN)

    assert caught.value.place == place
