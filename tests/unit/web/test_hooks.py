"""What a call of a hook is answered with: from prefetch, from stored evidence, from neither."""

import pytest
from tests.support.hook_calls import (
    ENCOUNTER_START,
    ORDER_SIGN,
    PATIENT_VIEW,
    a_call,
    bundle,
    hooks_running,
    level,
    mri,
    whole_prefetch,
)


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path) as running:
        yield running


async def test_discovery_lists_three_services(bench):
    answer = await bench.client.get("/cds-services")

    assert answer.status == 200
    hooks = [service["hook"] for service in (await answer.json())["services"]]
    assert hooks == ["patient-view", "order-sign", "encounter-start"]


async def test_prefetch_alone_gives_the_card(bench):
    cards = await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))

    [card] = cards
    assert card["summary"] == "Low 25(OH)D 14.0 ng/mL and MRI marrow edema in left talus"
    assert card["indicator"] == "warning"
    assert len(card["suggestions"]) == 2


async def test_stored_evidence_alone_gives_the_card(bench):
    await bench.keep(level(), mri())

    [card] = await bench.cards(PATIENT_VIEW, a_call(fhirServer=bench.base_url))

    assert "suggestions" not in card  # neither orders nor problems could be looked at


async def test_without_data_the_answer_is_412_naming_it(bench):
    answer = await bench.post(PATIENT_VIEW, a_call())

    assert answer.status == 412
    outcome = await answer.json(content_type=None)
    said = outcome["issue"][0]["diagnostics"]
    assert "vitaminD" in said
    assert "reports" in said


async def test_stored_evidence_that_is_not_current_is_412(bench):
    await bench.keep(level(), mri())
    bench.current = False

    answer = await bench.post(PATIENT_VIEW, a_call(fhirServer=bench.base_url))

    assert answer.status == 412


async def test_a_call_without_fhir_server_never_sees_stored_evidence(bench):
    await bench.keep(level(), mri())

    answer = await bench.post(PATIENT_VIEW, a_call())

    assert answer.status == 412


async def test_newer_prefetch_wins_over_stored_evidence(bench):
    await bench.keep(level(value=45), mri())
    newer = level(value=14, version="2", day="2026-01-13")
    call = a_call(fhirServer=bench.base_url, prefetch={"vitaminD": bundle(newer)})

    [card] = await bench.cards(PATIENT_VIEW, call)

    assert "14 ng/mL" in card["summary"]


async def test_encounter_start_gives_the_card(bench):
    call = a_call("encounter-start", prefetch=whole_prefetch())

    assert len(await bench.cards(ENCOUNTER_START, call)) == 1


async def test_order_sign_of_25ohd_shows_the_card_without_that_suggestion(bench):
    [card] = await bench.cards(ORDER_SIGN, a_call("order-sign", prefetch=whole_prefetch()))

    assert [suggestion["label"] for suggestion in card["suggestions"]] == [
        "Add vitamin D deficiency (unconfirmed) to the problem list"
    ]


@pytest.mark.parametrize(
    "spelling",
    [
        "https://fhir.example.org/r4/",
        "https://FHIR.example.org/r4",
        "https://fhir.example.org:443/r4",
    ],
)
async def test_a_source_is_known_by_every_spelling_of_its_address(bench, spelling):
    await bench.keep(level(), mri())

    assert len(await bench.cards(PATIENT_VIEW, a_call(fhirServer=spelling))) == 1


@pytest.mark.parametrize(
    "other",
    ["https://fhir.example.org/R4", "http://fhir.example.org/r4", "https://fhir.example.org/r4/x",
     "https://fhir.example.org.evil.example/r4", "https://fhir.example.org@evil.example/r4"],
)  # fmt: skip
async def test_another_server_is_not_the_source(bench, other):
    await bench.keep(level(), mri())

    assert (await bench.post(PATIENT_VIEW, a_call(fhirServer=other))).status == 412
