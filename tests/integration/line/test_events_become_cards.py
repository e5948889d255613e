"""A real FHIR server's events in, signed cards out: the product's one job, on real parts."""

from datetime import timedelta

import pytest
from tests.support.hospital import (
    EDEMA,
    NO_EDEMA,
    VITAMIN_D2,
    VITAMIN_D_TOTAL,
    lab,
    lab_report,
    order,
    problem,
    report,
    study,
)
from tests.support.service import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def put(line, resources):
    for resource in resources:
        await line.hapi.put(resource)


def is_signed(line, message):
    posts = [p for p in line.ehr.posts if p.body["id"] == message["id"]]
    return all(p.is_signed and p.webhook_id == message["id"] for p in posts) and bool(posts)


@pytest.fixture
def low_lab(name, patient, study_day):
    return lab(f"lab-{name}", patient, at=study_day - timedelta(days=10), value=14)


@pytest.fixture
def edema(name, patient, study_day):
    return report(f"mri-{name}", patient, EDEMA, at=study_day)


async def test_lab_then_report_posts_one_signed_card(line, patient, low_lab, edema):
    await line.hapi.put(low_lab)
    await line.verdict(patient, "nothing_relevant")
    await put(line, edema)

    message = await line.message(patient)

    assert message["type"] == "card.posted"
    assert message["verdict"] == "association"
    assert message["fhirServer"] == line.hapi.base_url
    assert message["sequence"] == 1
    assert message["retracts"] == []
    assert [c["indicator"] for c in message["cards"]] == ["warning"]
    assert is_signed(line, message)


async def test_report_then_lab_posts_the_same_card(line, patient, low_lab, edema):
    await put(line, edema)
    await line.verdict(patient, "vitamin_d_missing")
    assert line.messages(patient) == []
    await line.hapi.put(low_lab)

    message = await line.message(patient)

    assert message["verdict"] == "association"
    assert await line.cards(patient) == message["cards"]


async def test_study_waits_for_its_report_and_the_report_an_hour_later_posts_the_card(
    line, name, patient, low_lab, study_day
):
    await line.hapi.put(low_lab)
    await line.hapi.put(study(f"study-{name}", patient, at=study_day))
    await line.verdict(patient, "report_pending")
    an_hour_later = study_day + timedelta(hours=1)
    await put(
        line,
        report(
            f"mri-{name}", patient, EDEMA, at=an_hour_later, of_study=f"ImagingStudy/study-{name}"
        ),
    )

    message = await line.message(patient)

    assert message["verdict"] == "association"
    assert f"{study_day:%Y-%m-%d}" in message["cards"][0]["detail"]


async def test_everything_in_one_transaction_posts_one_card(
    line, name, patient, low_lab, edema, study_day
):
    await line.hapi.transaction([study(f"study-{name}", patient, at=study_day), *edema, low_lab])

    await line.message(patient)
    await line.idle()

    assert [m["type"] for m in line.messages(patient)] == ["card.posted"]


async def test_amended_report_withdraws_the_card(line, name, patient, low_lab, edema, study_day):
    await line.hapi.transaction([*edema, low_lab])
    posted = await line.message(patient)
    await put(line, report(f"mri-{name}", patient, NO_EDEMA, at=study_day, status="amended"))

    retracted = await line.message(patient, 2)

    assert retracted["type"] == "card.retracted"
    assert retracted["verdict"] == "edema_absent"
    assert retracted["cards"] == []
    assert retracted["retracts"] == [c["uuid"] for c in posted["cards"]]
    assert retracted["sequence"] > posted["sequence"]
    assert is_signed(line, retracted)
    assert await line.cards(patient) == []


async def test_lab_entered_in_error_withdraws_the_card(line, patient, low_lab, edema):
    await line.hapi.transaction([*edema, low_lab])
    posted = await line.message(patient)
    await line.hapi.put({**low_lab, "status": "entered-in-error"})

    retracted = await line.message(patient, 2)

    assert retracted["type"] == "card.retracted"
    assert retracted["verdict"] == "vitamin_d_missing"
    assert retracted["retracts"] == [c["uuid"] for c in posted["cards"]]


async def test_deleted_lab_withdraws_the_card(line, patient, low_lab, edema):
    await line.hapi.transaction([*edema, low_lab])
    posted = await line.message(patient)
    await line.hapi.delete(f"Observation/{low_lab['id']}")

    retracted = await line.message(patient, 2)

    assert retracted["type"] == "card.retracted"
    assert retracted["retracts"] == [c["uuid"] for c in posted["cards"]]


async def test_corrected_lab_replaces_the_card_in_one_message(line, patient, low_lab, edema):
    await line.hapi.transaction([*edema, low_lab])
    posted = await line.message(patient)
    corrected = {**low_lab, "status": "corrected"}
    corrected["valueQuantity"] = {**low_lab["valueQuantity"], "value": 24}
    await line.hapi.put(corrected)

    replaced = await line.message(patient, 2)

    assert replaced["type"] == "card.posted"
    assert replaced["retracts"] == [c["uuid"] for c in posted["cards"]]
    assert [c["indicator"] for c in replaced["cards"]] == ["info"]


async def test_delivering_every_version_again_in_any_order_changes_nothing(
    line, name, patient, low_lab, edema, study_day
):
    await line.hapi.transaction([*edema, low_lab])
    await line.message(patient)
    first = await line.hapi.get(f"DiagnosticReport/mri-{name}")
    await put(line, report(f"mri-{name}", patient, NO_EDEMA, at=study_day, status="amended"))
    await line.message(patient, 2)
    second = await line.hapi.get(f"DiagnosticReport/mri-{name}")
    level = await line.hapi.get(f"Observation/{low_lab['id']}")
    before = await line.received()

    answers = [await line.deliver(r) for r in (second, first, level, first, second, level)]
    await line.idle()

    assert answers == [204] * 6
    assert await line.received() == before + 6
    assert line.service.verdicts()[patient] == "edema_absent"
    assert [m["type"] for m in line.messages(patient)] == ["card.posted", "card.retracted"]


async def test_thirty_fast_updates_of_one_lab_end_in_its_newest(line, patient, low_lab, edema):
    await put(line, edema)
    for value in range(10, 40):
        quantity = {**low_lab["valueQuantity"], "value": value}
        await line.hapi.put({**low_lab, "valueQuantity": quantity})

    await line.verdict(patient, "vitamin_d_sufficient")
    await line.idle()

    standing = {c["uuid"] for m in line.messages(patient) for c in m["cards"]} - {
        u for m in line.messages(patient) for u in m["retracts"]
    }
    assert standing == set()
    assert line.service.verdicts()[patient] == "vitamin_d_sufficient"


@pytest.mark.parametrize("form", ["plain", "html", "rtf", "conclusion", "binary"])
async def test_report_is_read_in_whatever_form_it_comes(
    line, name, patient, low_lab, study_day, form
):
    await line.hapi.transaction(
        [low_lab, *report(f"mri-{name}", patient, EDEMA, at=study_day, form=form)]
    )

    message = await line.message(patient)

    assert "navicular" in str(message["cards"])


async def test_report_whose_binary_is_gone_is_said_to_be_unread(
    line, name, patient, low_lab, study_day
):
    _, written = report(f"mri-{name}", patient, EDEMA, at=study_day, form="binary")
    await line.hapi.transaction([low_lab, written])

    await line.verdict(patient, "report_unreadable")

    assert line.messages(patient) == []
    assert len(await line.cards(patient)) == 1


async def test_problem_list_is_fetched_though_no_subscription_brings_it(
    line, name, patient, low_lab, study_day
):
    long_ago = study_day - timedelta(days=200)
    await line.hapi.put(problem(f"pain-{name}", patient, icd10="M79.671", since=long_ago))
    await line.hapi.put(low_lab)

    await line.verdict(patient, "consider_mri")

    assert line.messages(patient) == []
    assert len(await line.cards(patient)) == 1


async def test_lab_report_is_fetched_to_sum_what_is_of_one_draw(
    line, name, patient, edema, study_day
):
    drawn = study_day - timedelta(days=10)
    d3 = lab(f"d3-{name}", patient, at=drawn, value=12, code=VITAMIN_D_TOTAL)
    d2 = lab(f"d2-{name}", patient, at=drawn + timedelta(minutes=5), value=25, code=VITAMIN_D2)
    refs = [f"Observation/{d3['id']}", f"Observation/{d2['id']}"]
    await put(line, edema)
    await line.hapi.transaction([d3, d2, lab_report(f"draw-{name}", patient, refs, at=drawn)])

    await line.verdict(patient, "vitamin_d_sufficient")
    await line.idle()

    assert line.service.verdicts()[patient] == "vitamin_d_sufficient"


async def test_an_active_order_is_fetched_and_not_suggested_again(
    line, name, patient, edema, study_day
):
    await put(line, edema)
    await line.verdict(patient, "vitamin_d_missing")
    [suggesting] = await line.cards(patient)
    await line.hapi.put(order(f"order-{name}", patient, at=study_day))
    amended = {**edema[-1], "status": "amended"}
    await line.hapi.put(amended)

    await until(lambda: _differs(line, patient, suggesting), "the card knows of the order")

    [card] = await line.cards(patient)
    assert suggesting.get("suggestions")
    assert not card.get("suggestions")


async def _differs(line, patient, card):
    return [c.get("suggestions") for c in await line.cards(patient)] != [card.get("suggestions")]


async def test_service_keeps_other_hospital_traffic_out_of_its_verdicts(
    line, name, patient, study_day
):
    sodium = lab(f"na-{name}", patient, at=study_day, value=140, unit="mmol/L", code="2951-2")
    chest = report(
        f"chest-{name}",
        patient,
        "CHEST\nNo consolidation.",
        at=study_day,
        title="Chest X-ray",
        code=None,
    )
    await line.hapi.transaction([sodium, *chest])
    before = line.server.count().delivered
    await line.hapi.put({**chest[0], "status": "amended"})
    await until(lambda: line.server.count().delivered > before, "HAPI delivered the chest report")
    await line.idle()

    assert line.service.verdicts().get(patient, "nothing_relevant") == "nothing_relevant"
    assert line.messages(patient) == []
