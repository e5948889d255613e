"""What the shell is told: exit code, stdout for the answer alone, stderr for the rest."""

import asyncio
import json
import socket
from contextlib import closing
from datetime import timedelta

import pytest
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.store import NOON, an_event, opened

from marrowd.cli import program
from marrowd.store.protocols import EventKind

LATER = NOON + timedelta(hours=1)
PATIENT = {"resourceType": "Patient", "id": "p"}


@pytest.fixture
def said(capsys, monkeypatch):
    """Run a command line; give exit code, stdout and stderr."""
    monkeypatch.setattr(program, "say_crashes_by_place", lambda: None)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["marrowd", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "marrowd.toml"
    path.write_text(f"""
[store]
url = "sqlite:///{tmp_path}/marrowd.sqlite3"
""")
    return path


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["inbox", "list", "--state", "lost"], 2, "--state: expected all or one of"),
        (["outbox", "list", "--state", "lost"], 2, "--state: expected all or one of"),
        (["inbox", "show", 2**63], 2, ""),
        (["inbox", "show", 2**63 - 1], 1, "no such id"),
        (["inbox", "retry", 2**63], 2, ""),
        (
            ["outbox", "replay", "--since", "2026-02-01", "--until", "2026-01-01"],
            2,
            "--until: give a time after --since",
        ),
        (["audit", "export", "--since", "2026-01-01", "--until", "2026-01-02"], 1, ""),
        (["serve", "--roles", "nobody"], 2, "--roles: expected some of web, work"),
        (["sweep", "--source", "none"], 2, "--source: there is no source named none"),
        (["sweep", "--since", "yesterday"], 2, "--since: give an ISO 8601 date or time"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr(said, config, arguments, code, told):
    done, out, err = said(*arguments, "--config", config)

    assert code == done
    assert out == ""
    assert told in err
    assert "Error at" not in err


@pytest.mark.parametrize("port", ["port", "ops_port"])
def test_a_port_that_is_taken_is_a_matter_of_configuration(said, tmp_path, port):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        path = tmp_path / "marrowd.toml"
        path.write_text(
            f"""
[http]
port = 0
ops_port = 0
{port} = {taken}
[store]
url = "sqlite:///{tmp_path}/marrowd.sqlite3"
""".replace(f"{port} = 0\n", "", 1)
        )

        code, out, err = said("serve", "--config", path)

    assert code == 2
    assert out == ""
    assert f"127.0.0.1:{taken} cannot be listened on" in err.splitlines()[-1]


def configured(tmp_path, fhir, *, folder=""):
    """Write the configuration of one source, with its store in *folder* of *tmp_path*."""
    path = tmp_path / "marrowd.toml"
    path.write_text(f"""
[store]
url = "sqlite:///{tmp_path}/{folder}marrowd.sqlite3"
[[sources]]
name = "hospital"
base_url = "{fhir.base_url}"
notification_secret = "a-secret-of-some-length"
""")
    return path


async def test_the_log_of_a_command_is_not_its_answer(said, tmp_path):
    async with running(FhirServer()) as fhir:
        path = configured(tmp_path, fhir)
        async with opened(tmp_path) as store:
            await store.accept(
                [
                    an_event("Observation/1", key="Observation/1#told"),
                    an_event("Observation/2", key="sweep:Observation/2#found", received_at=LATER),
                    an_event("", key="canary#1", kind=EventKind.CANARY, received_at=LATER),
                ]
            )
        swept = await asyncio.to_thread(said, "sweep", "--config", path)
        synced = await asyncio.to_thread(said, "subscriptions", "sync", "--config", path)
        fhir.resources.clear()
        fhir.faults.append(Fault(prefix="/Subscription", method="POST", status=422, times=1))
        refused = await asyncio.to_thread(said, "subscriptions", "sync", "--config", path)

    code, out, err = swept
    assert (0, "hospital: 0 seen, 0 new\n") == (code, out)
    assert '"event":"swept"' in err
    code, out, err = synced
    assert code == 0
    assert "subscription_synced" not in out
    heading, *rows = out.splitlines()
    assert "last event" in heading
    assert len(rows) == 4
    assert all("2026-03-01 12:00:00Z" in row for row in rows)
    assert err.count('"event":"subscription_synced"') == len(rows)
    code, out, err = refused
    assert code == 1
    assert [out.count(done) for done in ("refused", "created")] == [1, 3]


@pytest.mark.parametrize(
    ("unsubscribable", "code", "stands_in"),
    [
        pytest.param({"ImagingStudy"}, 0, 1, id="studies"),
        pytest.param({"Observation"}, 1, 1, id="results"),
        pytest.param({"ImagingStudy", "Observation", "DiagnosticReport"}, 1, 0, id="all"),
    ],
)
async def test_a_subscription_that_the_server_cannot_do_is_shown_as_such(
    said, tmp_path, unsubscribable, code, stands_in
):
    async with running(FhirServer()) as fhir:
        fhir.unsubscribable = unsubscribable
        path = configured(tmp_path, fhir)
        synced = await asyncio.to_thread(said, "subscriptions", "sync", "--config", path)
        listed = await asyncio.to_thread(said, "subscriptions", "list", "--config", path)
        await asyncio.to_thread(said, "subscriptions", "remove", "--config", path)
        removed = await asyncio.to_thread(said, "subscriptions", "list", "--config", path)

    assert code == synced[0]
    assert stands_in == synced[1].count("write answered 422; the sweep stands in")
    assert listed[0] == 0
    assert stands_in == listed[1].count("; the sweep stands in")
    assert stands_in == listed[1].count("refused")
    assert "refused" not in removed[1]


async def test_a_sync_without_a_store_says_what_is_not_remembered(said, tmp_path):
    async with running(FhirServer()) as fhir:
        fhir.unsubscribable = {"ImagingStudy"}
        path = configured(tmp_path, fhir, folder="nowhere/")
        code, out, err = await asyncio.to_thread(said, "subscriptions", "sync", "--config", path)

    assert code == 0
    assert out.count("created") == 3
    assert "marrowd: a running service takes what was refused for missing: " in err


REFUSED = "search answered 400"


@pytest.mark.parametrize(
    ("faults", "code", "told"),
    [
        pytest.param(
            {"": 400},
            1,
            {
                "results (Observation)": REFUSED,
                "studies (ImagingStudy)": f"{REFUSED}; reports have dates of their own",
                "reports (DiagnosticReport)": REFUSED,
                "reports-by-code (DiagnosticReport)": REFUSED,
            },
            id="every search",
        ),
        pytest.param({"/Observation": 400}, 1, {"results (Observation)": REFUSED}, id="results"),
        pytest.param(
            {"/ImagingStudy": 404},
            0,
            {"studies (ImagingStudy)": "search answered 404; reports have dates of their own"},
            id="studies, which the server does not have",
        ),
        pytest.param(
            {"/ImagingStudy": 403},
            4,
            {"studies (ImagingStudy)": "search answered 403"},
            id="studies, which are not for us",
        ),
        pytest.param(
            {"/Observation": 400, "/ImagingStudy": 403},
            1,
            {
                "results (Observation)": REFUSED,
                "studies (ImagingStudy)": "search answered 403",
            },
            id="both",
        ),
    ],
)
async def test_a_sweep_says_what_the_server_did_not_let_it_search(
    said, tmp_path, faults, code, told
):
    """1 is a no that more tries do not change; 4 may work later, and no studies are no lack."""
    async with running(FhirServer()) as fhir:
        fhir.faults += [Fault(prefix=prefix, status=status) for prefix, status in faults.items()]
        path = configured(tmp_path, fhir)
        done, out, err = await asyncio.to_thread(said, "sweep", "--config", path)

    assert out == "hospital: 0 seen, 0 new\n"
    assert [line for line in err.splitlines() if not line.startswith("{")] == [
        f"marrowd: hospital: {what} not searched: {why}" for what, why in told.items()
    ]
    assert code == done


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[]", "line 1: not a FHIR resource", id="one document"),
        pytest.param(f"{json.dumps(PATIENT)}\n\n[]\n", "line 3: not a FHIR resource", id="a line"),
        pytest.param(f"{json.dumps(PATIENT)}\n{{\n", "line 2: not JSON", id="no JSON"),
    ],
)
def test_a_line_that_is_no_resource_is_named(said, tmp_path, text, told):
    path = tmp_path / "export.ndjson"
    path.write_text(text)

    assert said("screen", path) == (3, "", f"marrowd: {path}: {told}\n")
