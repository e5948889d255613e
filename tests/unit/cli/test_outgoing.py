"""`marrowd outbox`, on a store in a folder."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.store import opened
from tests.support.stored import saying

from marrowd.cli import outgoing
from marrowd.cli.exits import Exit
from marrowd.cli.queues import as_utc
from marrowd.errors import BadConfiguration
from marrowd.store.messages import MessageState

NOW = datetime.now(UTC)  # the commands go by the clock
TAKEN, PARKED, WAITING, OTHER = (
    "main/Patient/1/ehr/1",
    "main/Patient/2/ehr/1",
    "main/Patient/3/ehr/1",
    "main/Patient/4/old/1",
)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "marrowd.toml"
    path.write_text(f"""
[store]
url = "sqlite:///{tmp_path}/marrowd.sqlite3"
[[sources]]
name = "main"
base_url = "http://127.0.0.1:9/fhir"
notification_secret = "a-secret-of-some-length"
[[destinations]]
name = "ehr"
url = "http://127.0.0.1:9/cards"
source = "main"
token = "t"
""")

    async def fill():
        async with opened(tmp_path) as store:
            for number in range(1, 5):
                to = "old" if number == 4 else "ehr"
                at = NOW - timedelta(hours=5 - number)
                await store.apply("main", [], saying(to), now=at, patients=[f"Patient/{number}"])
            until = NOW + timedelta(minutes=1)
            for message in await store.claim_messages(
                "ehr", worker="w", limit=9, now=NOW, until=until
            ):
                match message.id:
                    case "main/Patient/1/ehr/1":
                        await store.taken(message, now=NOW)
                    case "main/Patient/2/ehr/1":
                        await store.park_message(message, now=NOW, reason="422")
                    case _:
                        later = NOW + timedelta(hours=2)
                        await store.retry_message(message, at=later, reason="410")

    asyncio.run(fill())
    return path


def asked(tmp_path, ask):
    async def run():
        async with opened(tmp_path) as store:
            return await ask(store)

    return asyncio.run(run())


def state_of(tmp_path, message):
    row, _ = asked(tmp_path, lambda store: store.show_message(message))
    return row.state


def hours_ago(hours):
    return (NOW - timedelta(hours=hours)).isoformat()


def test_a_replay_is_a_dry_run_unless_applied(config, tmp_path, capsys):
    arguments = [config, [], hours_ago(9), hours_ago(0)]

    assert outgoing.replay_messages(*arguments, is_applied=False) is Exit.FINE
    said = capsys.readouterr().out
    assert TAKEN in said
    assert PARKED in said
    assert WAITING not in said
    assert "2 would be sent again; nothing was changed" in said
    assert state_of(tmp_path, TAKEN) is MessageState.TAKEN

    assert outgoing.replay_messages(*arguments, is_applied=True) is Exit.FINE
    said = capsys.readouterr()
    assert said.out == "2 back to work\n"
    assert '"event":"messages_replayed"' in said.err
    assert '"count":2' in said.err
    assert state_of(tmp_path, TAKEN) is MessageState.READY


def test_a_replay_by_id_leaves_the_ids_in_the_log_and_nothing_else(config, capsys):
    typed = [TAKEN, "Zebediah"]

    assert outgoing.replay_messages(config, typed, None, None, is_applied=True) is Exit.FINE

    said = capsys.readouterr()
    assert said.out == "1 back to work\n"
    assert f'"message_id":"{TAKEN}"' in said.err
    assert "Zebediah" not in said.err


@pytest.mark.parametrize("is_applied", [False, True])
def test_nothing_to_replay_is_a_no(config, is_applied):
    done = outgoing.replay_messages(config, [WAITING], None, None, is_applied=is_applied)

    assert done is Exit.NO


@pytest.mark.parametrize("ids", [[OTHER], []], ids=["by id", "by time"])
def test_nothing_is_sent_again_to_who_is_not_configured(config, tmp_path, ids):
    asked(tmp_path, lambda store: store.set_aside("old", now=NOW, reason="removed"))
    since, until = (None, None) if ids else (hours_ago(9), hours_ago(0))

    outgoing.replay_messages(config, ids, since, until, is_applied=True)

    assert state_of(tmp_path, OTHER) is MessageState.PARKED


def test_a_long_dry_run_is_cut(config, monkeypatch, capsys):
    monkeypatch.setattr(outgoing, "MOST", 1)

    outgoing.replay_messages(config, [TAKEN, PARKED], None, None, is_applied=False)

    assert "more than 1 would" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ids", "since", "until"),
    [
        pytest.param([], None, None, id="nothing"),
        pytest.param([], "2026-01-01", None, id="no end"),
        pytest.param([], None, "2026-01-01", id="no beginning"),
        pytest.param(["a"], "2026-01-01", "2026-01-02", id="both"),
        pytest.param(["a"], None, "2026-01-02", id="ids and half a range"),
        pytest.param([], "yesterday", "2026-01-02", id="no time"),
        pytest.param([], "2026-01-02", "2026-01-01", id="backwards"),
    ],
)
def test_what_to_replay_is_said_in_one_way(config, ids, since, until):
    with pytest.raises(BadConfiguration):
        outgoing.replay_messages(config, ids, since, until, is_applied=True)


def test_a_listing_says_what_could_be_overlooked(config, tmp_path, capsys):
    asked(tmp_path, lambda store: store.stop_destination("ehr", mark="m"))

    assert outgoing.list_messages(config, "parked", 50) is Exit.FINE

    said = capsys.readouterr()
    assert PARKED in said.out
    assert "ehr answered 410" in said.err
    assert "1 message waits for old, which is not configured" in said.err


def test_a_listing_has_nothing_to_add_when_all_is_well(config, tmp_path, capsys):
    asked(tmp_path, lambda store: store.set_aside("old", now=NOW, reason="removed"))

    outgoing.list_messages(config, "all", 50)

    assert capsys.readouterr().err == ""


def test_a_retry_of_what_waits_begins_again_where_it_was_stopped(config, tmp_path, capsys):
    asked(tmp_path, lambda store: store.stop_destination("ehr", mark="m"))

    assert outgoing.retry_messages(config, [WAITING, PARKED, "none"]) is Exit.NO

    assert capsys.readouterr().out == "2 of 3 back to work\n"
    assert asked(tmp_path, lambda store: store.stopped_destinations()) == {}


def test_a_listing_says_when_what_waits_is_tried_next(config, capsys):
    outgoing.list_messages(config, "all", 50)

    heading, *rows = capsys.readouterr().out.splitlines()
    at = heading.index("due")
    due = {row.split()[0]: row[at : at + len("2026-01-01 00:00:00Z")].strip() for row in rows}
    assert due == {
        TAKEN: "",
        PARKED: "",
        WAITING: as_utc(NOW + timedelta(hours=2)),
        OTHER: as_utc(NOW - timedelta(hours=1)),
    }


def test_a_retry_leaves_alone_what_waits_for_its_turn_and_says_so(config, capsys):
    assert outgoing.retry_messages(config, [WAITING, PARKED]) is Exit.NO

    said = capsys.readouterr()
    assert said.out == "1 of 2 back to work\n"
    next_try = as_utc(NOW + timedelta(hours=2))
    assert said.err == (
        f"marrowd: 1 waits and is tried by itself at {next_try}: --now makes it due at once\n"
    )


def test_a_retry_of_several_that_wait_says_when_the_first_is_tried(config, tmp_path, capsys):
    outgoing.retry_messages(config, [PARKED])
    row, _ = asked(tmp_path, lambda store: store.show_message(PARKED))

    assert outgoing.retry_messages(config, [WAITING, PARKED]) is Exit.NO

    assert capsys.readouterr().err == (
        f"marrowd: 2 wait and are tried by themselves from {as_utc(row.available_at)} on: "
        "--now makes them due at once\n"
    )


@pytest.mark.parametrize("is_now", [False, True])
def test_a_retry_says_of_what_waits_for_nobody_that_it_does(config, capsys, is_now):
    assert outgoing.retry_messages(config, [OTHER], is_now=is_now) is Exit.NO

    said = capsys.readouterr()
    assert said.out == "0 of 1 back to work\n"
    assert "1 message waits for old, which is not configured" in said.err
    assert "by itself" not in said.err


def test_a_retry_now_makes_due_what_waits(config, tmp_path, capsys):
    assert outgoing.retry_messages(config, [WAITING, PARKED], is_now=True) is Exit.FINE

    said = capsys.readouterr()
    assert (said.out, said.err) == ("2 of 2 back to work\n", "")
    row, _ = asked(tmp_path, lambda store: store.show_message(WAITING))
    assert NOW <= row.available_at <= datetime.now(UTC)
    assert (row.attempts, row.reason) == (1, "410")


def test_what_waits_for_a_removed_destination_is_set_aside(config, tmp_path, capsys):
    assert outgoing.park_messages(config, "old") is Exit.FINE
    assert capsys.readouterr().out == "1 set aside\n"
    assert state_of(tmp_path, OTHER) is MessageState.PARKED
    assert outgoing.park_messages(config, "old") is Exit.NO


def test_what_is_configured_is_not_set_aside(config):
    with pytest.raises(BadConfiguration, match="ehr is configured"):
        outgoing.park_messages(config, "ehr")


def test_messages_are_shown_and_discarded_by_id(config, capsys):
    assert outgoing.show_message(config, TAKEN) is Exit.FINE
    assert capsys.readouterr().out == "{}\n"
    assert outgoing.show_message(config, "none") is Exit.NO
    assert outgoing.discard_messages(config, [PARKED]) is Exit.FINE
