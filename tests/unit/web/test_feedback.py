"""Feedback: what is kept, what is refused, what an override quiets."""

import asyncio
import gc
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.hook_calls import (
    PATIENT_VIEW,
    a_call,
    bundle,
    hooks_running,
    level,
    mri,
    whole_prefetch,
)
from tests.support.patience import PATIENCE_S
from tests.support.store import count_of

from marrowd.cds.cards import OVERRIDE_REASONS, OVERRIDE_SYSTEM
from marrowd.errors import StoreUnavailable
from marrowd.telemetry.metrics import OverrideReason

FEEDBACK = f"{PATIENT_VIEW}/feedback"


@pytest.fixture
async def bench(tmp_path):
    async with hooks_running(tmp_path) as running:
        yield running


def override(card, **changed):
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-03-01T11:59:00Z",
        "overrideReason": {"reason": {"code": "already-treated", "system": OVERRIDE_SYSTEM}},
    } | changed


def accept(card, **changed):
    return {
        "card": card,
        "outcome": "accepted",
        "outcomeTimestamp": "2026-03-01T11:59:00.123Z",
        "acceptedSuggestions": [{"id": "9a9b"}],
    } | changed


async def shown(bench):
    [card] = await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))
    return card["uuid"]


async def send(bench, *entries):
    return (await bench.post(FEEDBACK, {"feedback": list(entries)})).status


def test_reasons_in_metrics_are_those_on_cards():
    assert set(OVERRIDE_REASONS) < set(OverrideReason)


async def test_an_override_quiets_the_card_until_the_snooze_ends(bench):
    card = await shown(bench)

    assert await send(bench, override(card)) == 200

    assert await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch())) == []
    bench.clock.move(timedelta(days=89))
    assert await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch())) == []
    bench.clock.move(timedelta(days=1))
    assert len(await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))) == 1


async def test_an_override_ends_when_the_evidence_changes(bench):
    card = await shown(bench)
    await send(bench, override(card))
    other = whole_prefetch(vitaminD=bundle(level("lab2", 11.0, day="2026-01-20")))

    [changed] = await bench.cards(PATIENT_VIEW, a_call(prefetch=other))

    assert changed["uuid"] != card


async def test_an_override_quiets_an_answer_from_stored_evidence(bench):
    await bench.keep(level(), mri())
    call = a_call(fhirServer=bench.base_url)
    [card] = await bench.cards(PATIENT_VIEW, call)

    await send(bench, override(card["uuid"]))

    assert await bench.cards(PATIENT_VIEW, call) == []


async def test_accepting_does_not_quiet(bench):
    card = await shown(bench)

    assert await send(bench, accept(card)) == 200
    assert len(await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch()))) == 1


async def test_feedback_is_counted_by_outcome_and_reason_each_thing_once(bench):
    card = await shown(bench)

    await send(bench, accept(card), override(card), override(card))
    await send(bench, override(card))

    def counted(outcome, reason):
        return count_of(bench.metrics, "card_feedback_total", outcome=outcome, reason=reason)

    assert counted("accepted", "none") == 1
    assert counted("overridden", "already-treated") == 1


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        pytest.param({}, "none", id="without a reason"),
        pytest.param({"overrideReason": {"userComment": "seen"}}, "other", id="in words only"),
        pytest.param(
            {"overrideReason": {"reason": {"code": "x", "system": "urn:ehr"}}}, "other", id="EHR's"
        ),
    ],
)
async def test_reasons_of_other_kinds_are_taken(bench, reason, label):
    card = await shown(bench)
    entry = override(card)
    del entry["overrideReason"]

    assert await send(bench, entry | reason) == 200
    labels = {"outcome": "overridden", "reason": label}
    assert count_of(bench.metrics, "card_feedback_total", **labels) == 1


async def test_an_unknown_card_is_no_error_and_does_not_spoil_the_batch(bench):
    card = await shown(bench)

    assert await send(bench, override("never-shown"), override(card)) == 200
    assert await bench.cards(PATIENT_VIEW, a_call(prefetch=whole_prefetch())) == []
    labels = {"outcome": "overridden", "reason": "unknown_card"}
    assert count_of(bench.metrics, "card_feedback_total", **labels) == 1


MALFORMED = [
    pytest.param({}, id="empty object"),
    pytest.param([], id="list"),
    pytest.param({"feedback": []}, id="empty feedback"),
    pytest.param({"feedback": {}}, id="feedback is an object"),
    pytest.param({"feedback": [1]}, id="entry is a number"),
    pytest.param({"feedback": [override(None)]}, id="card is null"),
    pytest.param({"feedback": [override("")]}, id="card is empty"),
    pytest.param({"feedback": [override("c" * 256)]}, id="card is long"),
    pytest.param({"feedback": [override("a\x00b")]}, id="card holds NUL"),
    pytest.param({"feedback": [override("c", outcome="ignored")]}, id="outcome unknown"),
    pytest.param({"feedback": [override("c", outcome=["accepted"])]}, id="outcome is a list"),
    pytest.param({"feedback": [override("c", outcomeTimestamp="yesterday")]}, id="no time"),
    pytest.param({"feedback": [override("c", outcomeTimestamp=1)]}, id="time is a number"),
    pytest.param(
        {"feedback": [override("c", outcomeTimestamp="2026-13-01T00:00:00Z")]}, id="month 13"
    ),
    pytest.param({"feedback": [accept("c", acceptedSuggestions=[])]}, id="nothing accepted"),
    pytest.param({"feedback": [accept("c", acceptedSuggestions=None)]}, id="accepted is null"),
    pytest.param({"feedback": [accept("c", acceptedSuggestions=[1])]}, id="accepted number"),
    pytest.param({"feedback": [override("c", overrideReason="no")]}, id="reason is a text"),
    pytest.param({"feedback": [override("c", overrideReason={"reason": 1})]}, id="coding number"),
    pytest.param(
        {"feedback": [override("c", overrideReason={"userComment": 1})]}, id="comment number"
    ),
]


@pytest.mark.parametrize("body", MALFORMED)
async def test_malformed_feedback_is_422_with_an_outcome(bench, body):
    answer = await bench.post(FEEDBACK, body)

    assert answer.status == 422
    assert (await answer.json(content_type=None))["resourceType"] == "OperationOutcome"


async def test_times_at_the_ends_of_the_calendar_are_taken(bench):
    card = await shown(bench)
    ends = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")

    for end in ends:
        assert await send(bench, override(card, outcomeTimestamp=end)) < 500


async def test_a_leap_second_is_a_time(bench):
    """RFC 3339, 5.6: seconds run to 60."""
    card = await shown(bench)

    assert await send(bench, accept(card, outcomeTimestamp="2016-12-31T23:59:60Z")) == 200
    assert await send(bench, accept(card, outcomeTimestamp="2016-12-31T23:60:00Z")) == 422


async def test_feedback_to_an_unknown_service_is_404(bench):
    answer = await bench.post("/cds-services/nothing/feedback", {"feedback": [accept("c")]})

    assert answer.status == 404


async def test_shown_cards_are_counted_for_the_statistics(bench):
    await shown(bench)
    await shown(bench)
    card = await shown(bench)
    await send(bench, override(card))

    [count] = await bench.store.card_counts()

    assert (count.verdict, count.shown, count.times) == ("association", 1, 3)
    assert count.overridden == {"already-treated": 1}


async def test_feedback_that_cannot_be_written_in_time_is_503_and_counts_when_it_is(
    bench, monkeypatch
):
    card = await shown(bench)
    go, write = asyncio.Event(), bench.store.add_feedback

    async def slow(given, *, now):
        await go.wait()
        return await write(given, now=now)

    monkeypatch.setattr(bench.store, "add_feedback", slow)
    desk = bench.hooks._feedback
    with monkeypatch.context() as patch:
        patch.setattr(bench.hooks, "_feedback", replace(desk, within_s=0.01))
        async with asyncio.timeout(PATIENCE_S):
            late = await bench.post(FEEDBACK, {"feedback": [override(card)]})
    said = await late.json()
    go.set()
    await desk.settle()

    assert late.status == 503
    assert late.headers["Retry-After"]
    assert said["resourceType"] == "OperationOutcome"
    assert counted(bench, "overridden", "already-treated") == 1
    assert await send(bench, override(card)) == 200
    assert counted(bench, "overridden", "already-treated") == 1


async def test_feedback_whose_write_fails_after_its_time_fails_quietly(bench, monkeypatch):
    go = asyncio.Event()

    async def failing(_given, *, now):
        await go.wait()
        message = f"away at {now}"
        raise StoreUnavailable(message)

    monkeypatch.setattr(bench.store, "add_feedback", failing)
    monkeypatch.setattr(bench.hooks, "_feedback", replace(bench.hooks._feedback, within_s=0.01))

    assert await send(bench, override("any")) == 503
    go.set()
    await bench.hooks._feedback.settle()
    gc.collect()  # an exception nobody has looked at would be told now, and fail the test


def counted(bench, outcome, reason):
    return bench.metrics.registry.get_sample_value(
        "marrowd_card_feedback_total", {"outcome": outcome, "reason": reason}
    )
