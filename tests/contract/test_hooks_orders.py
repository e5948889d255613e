"""order-sign: which orders show the card, and what an order already drafted takes away."""

import pytest
from tests.contract.test_hooks_prefetch import PAINED
from tests.support.hook_calls import (
    ORDER_SIGN,
    a_call,
    bundle,
    hooks_running,
    vitamin_d_order,
    whole_prefetch,
)

LOINC = "http://loinc.org"
ATC = "http://www.whocc.no/atc"


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path) as running:
        yield running


def service(text="", *codings, **changed):
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": list(codings)} | ({"text": text} if text else {}),
        "subject": {"reference": "Patient/p1"},
    } | changed


def medication(text="", *codings, **changed):
    concept = {"coding": list(codings)} | ({"text": text} if text else {})
    return {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept,
        "subject": {"reference": "Patient/p1"},
    } | changed


def signing(*orders, **changed):
    call = a_call("order-sign", prefetch=whole_prefetch(**changed))
    call["context"]["draftOrders"] = bundle(*orders)
    return call


RELEVANT = [
    pytest.param(vitamin_d_order(), id="25(OH)D by LOINC"),
    pytest.param(service("25-OH Vitamin D, serum"), id="25(OH)D by name"),
    pytest.param(service("MRI LEFT ANKLE WO CONTRAST"), id="MRI of the ankle by name"),
    pytest.param(
        service("", {"system": LOINC, "code": "24872-9", "display": "MR Foot"}), id="MR by LOINC"
    ),
    pytest.param(service("XR FOOT 3 VIEWS LEFT"), id="radiograph of the foot"),
    pytest.param(service("CT right ankle"), id="CT of the ankle"),
    pytest.param(
        service(
            "MRI without contrast",
            bodySite=[{"coding": [{"system": "http://snomed.info/sct", "code": "56459004"}]}],
        ),
        id="MRI, the foot as body site",
    ),
    pytest.param(medication("Cholecalciferol 1000 IU oral tablet"), id="cholecalciferol by name"),
    pytest.param(medication("VITAMIN D3 50,000 units"), id="vitamin D3 by name"),
    pytest.param(medication("", {"system": ATC, "code": "A11CC05"}), id="vitamin D by ATC"),
    pytest.param(
        medication("", {"system": "urn:local", "code": "1", "display": "alendronate 70 MG"}),
        id="antiresorptive by display",
    ),
    pytest.param(medication("", {"system": ATC, "code": "M05BA08"}), id="antiresorptive by ATC"),
    pytest.param(medication("Denosumab 60 mg/mL"), id="denosumab"),
    pytest.param(
        medication(
            medicationCodeableConcept=None,
            medicationReference={"reference": "#m"},
            contained=[
                {"resourceType": "Medication", "id": "m", "code": {"text": "Zoledronic acid"}}
            ],
        ),
        id="contained medication",
    ),
    pytest.param(
        medication(
            medicationCodeableConcept=None,
            medicationReference={"reference": "Medication/1", "display": "Ergocalciferol"},
        ),
        id="medication by reference and display",
    ),
]
OTHER = [
    pytest.param(service("Complete blood count"), id="blood count"),
    pytest.param(service("MRI BRAIN WITH CONTRAST"), id="MRI of the brain"),
    pytest.param(service("Foot orthosis"), id="foot, but no imaging"),
    pytest.param(
        service("", {"system": LOINC, "code": "62290-2", "display": "1,25-Dihydroxyvitamin D"}),
        id="1,25-dihydroxyvitamin D",
    ),
    pytest.param(medication("Ibuprofen 400 mg"), id="ibuprofen"),
    pytest.param(medication("Calcipotriol ointment"), id="an ointment"),
    pytest.param(medication("Vitamin B12"), id="another vitamin"),
    pytest.param(service("MRI LEFT ANKLE", status="entered-in-error"), id="entered in error"),
    pytest.param(service("MRI LEFT ANKLE", doNotPerform=True), id="not to be performed"),
    pytest.param({"resourceType": "Observation"}, id="no order at all"),
]


@pytest.mark.parametrize("order", RELEVANT)
async def test_an_order_about_bone_foot_or_vitamin_d_shows_the_card(bench, order):
    order = {name: value for name, value in order.items() if value is not None}

    [card] = await bench.cards(ORDER_SIGN, signing(order))

    assert card["source"]["topic"]["code"] == "association"


@pytest.mark.parametrize("order", OTHER)
async def test_other_orders_show_nothing(bench, order):
    assert await bench.cards(ORDER_SIGN, signing(order)) == []


async def test_no_orders_show_nothing(bench):
    assert await bench.cards(ORDER_SIGN, signing()) == []


async def test_one_relevant_order_among_others_is_enough(bench):
    orders = (medication("Ibuprofen"), service("MRI LEFT ANKLE"), service("Blood count"))

    assert len(await bench.cards(ORDER_SIGN, signing(*orders))) == 1


@pytest.mark.parametrize(
    ("order", "labels"),
    [
        pytest.param(vitamin_d_order(), ["Add"], id="25(OH)D is drafted: not suggested"),
        pytest.param(service("MRI LEFT ANKLE"), ["Draft", "Add"], id="something else is drafted"),
    ],
)
async def test_what_is_drafted_is_not_suggested_again(bench, order, labels):
    [card] = await bench.cards(ORDER_SIGN, signing(order))

    assert [s["label"].split()[0] for s in card["suggestions"]] == labels


async def test_an_mri_is_not_proposed_while_one_is_being_ordered(bench):
    assert await bench.cards(ORDER_SIGN, signing(service("MRI LEFT ANKLE"), **PAINED)) == []


async def test_an_mri_is_proposed_while_something_else_is_being_ordered(bench):
    [card] = await bench.cards(ORDER_SIGN, signing(vitamin_d_order(), **PAINED))

    assert card["source"]["topic"]["code"] == "consider_mri"
