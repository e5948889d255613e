"""Who was shown which card is on record: whoever called, whatever their name."""

from datetime import timedelta

from tests.support.hook_calls import PATIENT_VIEW, a_call, hooks_running, whole_prefetch

from marrowd.store.upkeep import AuditKind


async def record(bench):
    await bench.hooks._audit.flush()
    now, hour = bench.clock(), timedelta(hours=1)
    page = await bench.store.audited(since=now - hour, until=now + hour, after=None, limit=9)
    return [entry for _, entry in page]


async def test_a_card_shown_is_on_record_with_user_and_patient(tmp_path):
    async with hooks_running(tmp_path) as bench:
        [card] = await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))
        [entry] = await record(bench)

        assert (entry.kind, entry.card, entry.patient) == (
            AuditKind.HOOK,
            card["uuid"],
            "Patient/p1",
        )
        assert entry.user_id == "Practitioner/1"
        assert entry.service == "marrow-vitamin-d-patient-view"
        assert entry.at == bench.clock()


async def test_each_showing_is_an_entry_of_its_own(tmp_path):
    async with hooks_running(tmp_path) as bench:
        for user in ("Practitioner/1", "Practitioner/2"):
            context = {"userId": user, "patientId": "p1"}
            await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch(), context=context))

        users = [entry.user_id for entry in await record(bench)]

    assert users == ["Practitioner/1", "Practitioner/2"]


async def test_no_card_is_no_entry(tmp_path):
    async with hooks_running(tmp_path) as bench:
        await bench.cards(
            PATIENT_VIEW,
            a_call(
                prefetch=whole_prefetch(
                    reports={"resourceType": "Bundle", "type": "searchset", "entry": []}
                )
            ),
        )

        assert await record(bench) == []


async def test_a_user_no_database_can_store_is_on_record_all_the_same(tmp_path):
    async with hooks_running(tmp_path) as bench:
        context = {"userId": "a\x00b", "patientId": "p1"}
        await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch(), context=context))
        [entry] = await record(bench)

    assert entry.user_id == "a\\x00b"
