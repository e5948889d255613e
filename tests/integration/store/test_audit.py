"""The record of who was given which card: added to, read by time, never changed."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.stored import NOW, lab, saying

from marrowd.errors import BadInput
from marrowd.store.engine import connect
from marrowd.store.messages import Message
from marrowd.store.protocols import Store
from marrowd.store.upkeep import AuditEntry, AuditKind

HOUR = timedelta(hours=1)
SHOWN = AuditEntry(
    at=NOW,
    kind=AuditKind.HOOK,
    source="main",
    patient="Patient/1",
    card="a-card",
    verdict="association",
    service="marrow-vitamin-d-patient-view",
    user_id="Practitioner/17",
    issuer="https://ehr.example.org",
)


async def recorded(store: Store, *, limit: int = 99) -> list[AuditEntry]:
    found, after = [], None
    while page := await store.audited(since=NOW - HOUR, until=NOW + HOUR, after=after, limit=limit):
        found += [entry for _, entry in page]
        after = (page[-1][1].at, page[-1][0])
    return found


async def claimed(store: Store, source: str = "main") -> Message:
    await store.apply(source, [lab()], saying("ehr"), now=NOW, patients=["Patient/1"])
    [message] = await store.claim_messages(
        "ehr", worker="w", limit=9, now=NOW, until=NOW + timedelta(minutes=1)
    )
    return message


async def test_entries_come_back_in_order_whatever_the_page(store: Store) -> None:
    entries = [SHOWN._replace(card=str(n), at=NOW + timedelta(seconds=n // 2)) for n in range(5)]
    await store.add_audit(entries)
    await store.add_audit([])

    assert entries == await recorded(store, limit=2)


async def test_names_are_kept_as_they_were_written(store: Store) -> None:
    names = [
        '"',
        "\\",
        "\\u0000",
        "\n\t\x01\x7f",
        "\u00e9\u2028\U0001f9b4",
        "17",
        "null",
        "[1]",
        "",
    ]
    entries = [SHOWN._replace(user_id=name) for name in names]
    await store.add_audit(entries)

    assert entries == await recorded(store)


async def test_what_is_not_unicode_is_refused(store: Store) -> None:
    with pytest.raises(BadInput):
        await store.add_audit([SHOWN, SHOWN._replace(user_id="\ud800")])

    assert [] == await recorded(store)


async def test_the_period_includes_its_beginning_and_not_its_end(store: Store) -> None:
    await store.add_audit([SHOWN])

    assert [] == await store.audited(since=NOW - HOUR, until=NOW, after=None, limit=9)
    assert 1 == len(await store.audited(since=NOW, until=NOW + HOUR, after=None, limit=9))


async def test_an_entry_cannot_be_changed(store: Store, store_url: str) -> None:
    await store.add_audit([SHOWN])
    engines = connect(store_url, connections=1)

    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        engines.write.begin() as connection,
    ):
        connection.execute(sa.text("UPDATE audit SET user_id = 'Practitioner/18'"))
    engines.dispose()

    assert [SHOWN] == await recorded(store)


async def test_only_what_is_older_than_is_kept_goes(store: Store) -> None:
    young = SHOWN._replace(at=NOW + timedelta(seconds=1))
    await store.add_audit([SHOWN, young])

    assert 1 == await store.purge_audit(before=NOW + timedelta(seconds=1))
    assert [young] == await recorded(store)


async def test_what_a_destination_takes_is_recorded_with_the_outcome(store: Store) -> None:
    message = await claimed(store)
    body = b'{"verdict":"association","cards":[{"uuid":"new"}],"retracts":["old"]}'

    assert await store.taken(replace(message, body=body), now=NOW)

    told = [(e.kind, e.card, e.patient, e.destination, e.message) for e in await recorded(store)]
    assert told == [
        (AuditKind.POSTED, "new", "Patient/1", "ehr", message.id),
        (AuditKind.RETRACTED, "old", "Patient/1", "ehr", message.id),
    ]


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b"{}"])
async def test_a_message_without_cards_is_taken_all_the_same(store: Store, body: bytes) -> None:
    message = await claimed(store)

    assert await store.taken(replace(message, body=body), now=NOW)
    assert [] == await recorded(store)


async def test_a_lost_lease_leaves_no_entry(store: Store) -> None:
    message = await claimed(store)
    body = b'{"cards":[{"uuid":"new"}]}'

    assert not await store.taken(replace(message, fence=99, body=body), now=NOW)
    assert [] == await recorded(store)


async def test_a_canary_is_shown_to_nobody(store: Store) -> None:
    message = await claimed(store, "canary:main")

    assert await store.taken(replace(message, body=b'{"cards":[{"uuid":"c"}]}'), now=NOW)
    assert [] == await recorded(store)
