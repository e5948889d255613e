"""`marrowd doctor`: each mistake that people make is made here, found, and said how to mend."""

import asyncio
import contextlib
import json
import socket
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.collector import collecting
from tests.support.fhir_server import Fault, FhirServer
from tests.support.fhir_server import running as fhir_running
from tests.support.patience import PATIENCE_S
from tests.support.smart_server import SmartServer, oauth_error
from tests.support.smart_server import running as smart_running
from tests.support.store import an_event
from tests.support.store import opened as store_opened
from tests.support.stored import saying
from tests.support.tokens import ec_key, jwks

from marrowd.app import opened, running
from marrowd.checks.configured import configured
from marrowd.checks.everything import everything
from marrowd.checks.remarks import Grade, Remark
from marrowd.checks.stores import check_store
from marrowd.cli.doctor import doctor_command, lines_of
from marrowd.cli.exits import Exit
from marrowd.settings import Settings
from marrowd.store.migrate import upgrade
from marrowd.work.refusals import Refusals
from marrowd.work.subscriptions import SubscriptionRow, sync_subscriptions

SECRET = "notify-me-of-everything"
WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def utc_now():
    return datetime.now(UTC)


def free_port():
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Site:
    """A hospital that is set up well, and its configuration to be spoilt."""

    def __init__(self, folder, base_url, ehr_url):
        self.folder = folder
        self.port, self.ops_port = free_port(), free_port()
        self.config = {
            "http": {
                "port": self.port,
                "ops_port": self.ops_port,
                "public_url": f"http://127.0.0.1:{self.port}",
            },
            "store": {"url": f"sqlite:///{folder}/marrowd.sqlite3"},
            "sources": [
                {
                    "name": "hospital",
                    "base_url": base_url,
                    "notification_secret": SECRET,
                    "auth": {"kind": "none"},
                }
            ],
            "destinations": [
                {"name": "ehr", "source": "hospital", "url": ehr_url, "secret": WEBHOOK}
            ],
            "hooks": {"require_jwt": False},
        }
        self.source = self.config["sources"][0]
        self.destination = self.config["destinations"][0]

    @property
    def settings(self):
        return Settings.model_validate(self.config)

    async def found(self, *grades, clock=utc_now):
        """Give what doctor finds, of some grades or all but what is fine."""
        wanted = set(grades) or {*Grade} - {Grade.FINE}
        return [
            remark
            async for remarks in everything(self.settings, only=None, clock=clock)
            for remark in remarks
            if remark.grade in wanted
        ]

    async def sync(self):
        async with opened(self.settings) as accesses:
            access = accesses["hospital"]
            await sync_subscriptions(access.client, access.wanted, endpoint=access.endpoint)


async def no_card(_request):
    return web.Response(status=204)


@pytest.fixture
async def fhir():
    async with fhir_running(FhirServer()) as server:
        yield server


@pytest.fixture
async def site(tmp_path, fhir):
    app = web.Application()
    app.router.add_post("/cards", no_card)
    ehr = TestServer(app)
    await ehr.start_server()
    yield Site(tmp_path, fhir.base_url, str(ehr.make_url("/cards")))
    await ehr.close()


@pytest.fixture
async def served(site, fhir):
    async with running(site.settings):
        await site.sync()
        activate(fhir)
        yield site


def activate(fhir, status="active"):
    for subscription in fhir.of_type("Subscription"):
        fhir.put(subscription | {"status": status})


def only(found, says):
    [remark] = found
    assert says in f"{remark.place}: {remark.says}"
    assert remark.mend
    return remark


async def test_where_all_is_well_nothing_is_found(served):
    assert await served.found() == []

    fine = [f"{f.place}: {f.says}" for f in await served.found(Grade.FINE)]
    assert fine == [
        "configuration: sound",
        "report reader: as it is written, not compiled",
        "store: schema 0005, read and written",
        "source hospital: its clock and this one agree",
        "source hospital: it speaks FHIR 4.0.1 and lets us search",
        "source hospital: its Subscriptions are as they should be",
        "source hospital: notifications: they arrive under http.public_url with this secret",
        "destination ehr: it answers",
    ]


async def test_it_changes_nothing(served, fhir):
    before = dict(fhir.resources)
    fhir.seen.clear()
    await served.found()

    assert fhir.resources == before
    assert {seen.method for seen in fhir.seen} == {"GET"}


async def test_a_wrong_notification_secret_is_found_at_both_ends(served):
    served.source["notification_secret"] = "another-one-of-some-length"
    found = await served.found()

    says = [f.says for f in found]
    assert sum("carries another notification secret" in s for s in says) == 4
    assert says[-1] == "the running service has another notification secret"
    assert "SECRET" not in repr(found)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(("by_s", "word"), [(120, "behind"), (-120, "ahead of")])
async def test_a_clock_that_is_off_is_found(served, by_s, word):
    found = await served.found(clock=lambda: utc_now() + timedelta(seconds=by_s))

    assert f"{word} this one" in only(found, "its clock is 1").says
    assert "NTP" in found[0].mend


async def test_a_server_that_does_not_answer_is_found(served):
    served.source["base_url"] = f"http://127.0.0.1:{free_port()}/fhir"
    found = await served.found(Grade.AWAY)

    only(found, "source hospital: nobody answers")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(prefix="/metadata", status=404), "there is no FHIR server under base_url"),
        (Fault(prefix="/Observation", status=401), "search answered 401"),
        (Fault(prefix="/Observation", status=403), "does not let us read"),
        (Fault(prefix="/Observation", status=400), "refuses a search by code"),
        (Fault(prefix="/Subscription", status=403), "its Subscriptions cannot be read"),
        (Fault(prefix="/metadata", status=200, body=b"<html>"), "source hospital"),
        (
            Fault(
                prefix="/metadata",
                status=200,
                body=b'{"resourceType":"CapabilityStatement","fhirVersion":"3.0.2"}',
                headers={"Content-Type": "application/fhir+json"},
            ),
            "does not speak FHIR R4",
        ),
    ],
)
async def test_a_server_that_refuses_is_found(served, fhir, fault, says):
    fhir.faults = [fault]

    only(await served.found(Grade.WRONG), says)


async def test_a_server_that_is_ill_is_away(served, fhir):
    fhir.faults = [Fault(prefix="/Observation", status=503)]

    only(await served.found(), "source hospital: search answered 503")


async def test_wrong_credentials_are_named_by_their_kind(served, fhir):
    fhir.faults = [Fault(prefix="/Observation", status=401)]
    said = set()
    for auth in (
        {"kind": "none"},
        {"kind": "basic", "user": "u", "password": "p"},
        {"kind": "bearer", "token": "t"},
    ):
        served.source["auth"] = auth
        [remark] = await served.found(Grade.WRONG)
        said.add(remark.mend)

    assert len(said) == 3


async def test_a_subscription_in_error_is_found(served, fhir):
    activate(fhir, "error")
    found = await served.found()

    assert len(found) == 4
    assert all("is in error or off" in f.says and "public_url" in f.mend for f in found)


async def test_subscriptions_that_are_not_there_are_found(served, fhir):
    for subscription in fhir.of_type("Subscription"):
        fhir.remove(f"Subscription/{subscription['id']}")
    found = await served.found()

    assert len(found) == 4
    assert all("subscriptions sync" in f.mend for f in found)


async def test_a_subscription_that_the_server_does_not_take_is_known(served, fhir):
    [studies] = [s for s in fhir.of_type("Subscription") if s["criteria"] == "ImagingStudy?"]
    fhir.remove(f"Subscription/{studies['id']}")
    async with store_opened(served.folder) as store:
        rows = [
            SubscriptionRow(slug="studies", ref="", state="", done="refused"),
            SubscriptionRow(slug="results", ref="Subscription/1", state="active", done="kept"),
        ]
        await Refusals(store, source="hospital").remember(rows, at=utc_now())

    remark = only(await served.found(), "it takes no Subscription for studies")

    assert remark.grade is Grade.NOTE
    assert "the sweep brings them" in remark.mend


async def test_subscriptions_otherwise_not_right_are_found(served, fhir):
    first, second, *_ = fhir.of_type("Subscription")
    fhir.put(first | {"status": "requested"})
    fhir.put(second | {"criteria": "Observation?code=1"})
    fhir.put(first | {"id": "double"})
    fhir.put(first | {"id": "also", "status": "requested"})
    grades = sorted(f.grade for f in await served.found())

    assert grades == [Grade.NOTE, Grade.NOTE, Grade.WRONG]


async def test_subscriptions_of_others_are_left_to_them(served):
    served.source["subscribe"] = "none"

    [remark] = await served.found()
    assert remark.says == "others make its Subscriptions"


async def test_a_token_endpoint_out_of_reach_is_found(site):
    site.source["auth"] = smart(f"http://127.0.0.1:{free_port()}/token")
    found = await site.found(Grade.AWAY)

    assert any(f.place == "source hospital: auth" and "token_url" in f.mend for f in found)


async def test_a_token_endpoint_that_refuses_us_is_found(site):
    async with smart_running(SmartServer()) as server:
        server.answers.append(oauth_error("invalid_client"))
        site.source["auth"] = smart(server.token_url)
        [remark] = await site.found(Grade.WRONG)

    assert remark.place == "source hospital: auth"
    assert "invalid_client" in remark.says
    assert "registered" in remark.mend


def smart(token_url):
    pem = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "kind": "smart-backend",
        "client_id": "marrowd",
        "private_key": pem,
        "key_id": "ehr",
        "token_url": token_url,
    }


async def test_a_public_url_that_leads_nowhere_is_found(site):
    found = await site.found(Grade.AWAY)

    assert "marrowd serve" in only(found, "notifications: nobody answers").mend


async def test_a_public_url_that_leads_elsewhere_is_found(served):
    app = web.Application()
    elsewhere = TestServer(app)
    await elsewhere.start_server()
    served.config["http"]["public_url"] = str(elsewhere.make_url("")).rstrip("/")
    found = await served.found()
    await elsewhere.close()

    assert found[-1].says == "what answers at http.public_url knows no source hospital"


async def test_a_proxy_that_fails_is_found(served):
    async def broken(_request):
        return web.Response(status=502)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", broken)
    proxy = TestServer(app)
    await proxy.start_server()
    served.config["http"]["public_url"] = str(proxy.make_url("")).rstrip("/")
    found = await served.found(Grade.NOTE)
    await proxy.close()

    only(found, "http.public_url answered 502")


async def test_a_destination_that_is_down_is_found(served):
    served.destination["url"] = f"http://127.0.0.1:{free_port()}/cards"

    only(await served.found(), "destination ehr: nobody answers")


@pytest.mark.parametrize(
    ("status", "grade"), [(401, Grade.WRONG), (404, Grade.NOTE), (500, Grade.AWAY)]
)
@pytest.mark.parametrize("kind", ["webhook", "fhir"])
async def test_a_destination_that_refuses_is_found(served, fhir, status, grade, kind):
    fhir.faults = [Fault(prefix="/ehr", status=status)]
    served.destination |= {"url": f"{fhir.base_url}/ehr", "kind": kind, "token": "t"}
    del served.destination["secret"]

    assert only(await served.found(), f"destination ehr: it answers {status}").grade is grade


async def test_what_a_destination_refused_before_is_found(site, tmp_path):
    async with store_opened(tmp_path) as store:
        now = utc_now()
        for number in range(3):
            await store.apply("main", [], saying("ehr"), now=now, patients=[f"Patient/{number}"])
        for index, message in enumerate(
            await store.claim_messages(
                "ehr", worker="w", limit=9, now=now, until=now + timedelta(minutes=1)
            )
        ):
            if index:
                await store.park_message(message, now=now, reason="401")
            else:
                at = now + timedelta(hours=1)
                await store.retry_message(message, at=at, reason="timeout")
        await store.stop_destination("ehr", mark="m")
    found = [f for f in await site.found() if f.place == "destination ehr"]

    assert [(f.grade, f.says) for f in found] == [
        (Grade.WRONG, "it answered 410 and is sent nothing"),
        (Grade.WRONG, "it refused cards for good: 401 x2"),
        (Grade.NOTE, "it did not take cards, which are tried again: timeout x1"),
    ]


async def test_events_set_aside_are_found(site, tmp_path):
    async with store_opened(tmp_path) as store:
        await store.accept([an_event()])
        now = utc_now()
        until = now + timedelta(minutes=1)
        [event] = await store.claim(worker="w", limit=1, now=now, until=until)
        await store.park(event, now=now, reason="error")

    assert any(f.says == "1 event was set aside" for f in await site.found(Grade.NOTE))


async def test_a_store_that_is_not_migrated_is_found(site, postgres_url):
    site.config["store"]["url"] = postgres_url
    assert "db upgrade" in only(await check_store(site.settings), "it has schema none").mend

    await asyncio.to_thread(upgrade, postgres_url)
    assert [f.grade for f in await check_store(site.settings)] == [Grade.FINE]


async def test_a_newer_schema_is_found(site, tmp_path):
    async with store_opened(tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "marrowd.sqlite3")) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.execute("UPDATE schema_use SET oldest_usable = '9999'")
        db.commit()

    only(await check_store(site.settings), "run the newer version")


async def test_a_database_that_is_away_is_found(site):
    site.config["store"]["url"] = f"postgresql://u:zebra@127.0.0.1:{free_port()}/d"
    found = await site.found(Grade.AWAY)

    assert found[0].place == "store"
    assert "zebra" not in repr(found)


async def test_a_folder_that_is_not_there_is_found(site, tmp_path):
    site.config["store"]["url"] = f"sqlite:///{tmp_path}/none/marrowd.sqlite3"

    assert "volume" in only(await check_store(site.settings), "there is no folder").mend


@pytest.mark.parametrize(
    ("body", "status", "grade"),
    [
        (json.dumps(jwks()), 200, Grade.FINE),
        ('{"keys":[]}', 200, Grade.WRONG),
        ("<html>", 200, Grade.WRONG),
        ("", 404, Grade.AWAY),
    ],
)
async def test_an_issuer_without_keys_is_found(site, fhir, body, status, grade):
    fhir.faults = [Fault(prefix="/keys", status=status, body=body.encode())]
    site.config["hooks"]["issuers"] = [
        {
            "iss": "https://ehr.example.org",
            "jwks_url": f"{fhir.base_url}/keys",
            "source": "hospital",
        }
    ]
    found = await site.found(*Grade)

    assert [f.grade for f in found if "jwks_url" in f.place] == [grade]


def spoilt(tmp_path, **changed):
    site = Site(tmp_path, "https://fhir.example.org/r4", "https://ehr.example.org/cards")
    for place, value in changed.items():
        section, _, key = place.partition("__")
        table = site.config.setdefault(section, {})
        (table[0] if isinstance(table, list) else table)[key] = value
    return configured(site.settings)


@pytest.mark.parametrize(
    ("changed", "place", "grade"),
    [
        ({"http__public_url": None}, "http.public_url", Grade.NOTE),
        ({"http__public_url": "http://localhost:8080"}, "http.public_url", Grade.NOTE),
        ({"http__public_url": "http://marrowd.example.org"}, "http.public_url", Grade.NOTE),
        ({"http__host": "0.0.0.0"}, "hooks.require_jwt", Grade.WRONG),
        ({"destinations__secret": "not base64!"}, "destinations ehr: secret", Grade.WRONG),
        ({"destinations__secret": "whsec_c2hvcnQ="}, "destinations ehr: secret", Grade.NOTE),
        ({"destinations__url": "http://ehr.example.org/c"}, "destinations ehr: url", Grade.NOTE),
        ({"sources__base_url": "http://f.example.org"}, "sources hospital: base_url", Grade.NOTE),
        ({"store__url": "postgresql://u:p@db.example.org/d"}, "store.url", Grade.NOTE),
        ({"store__url": "postgresql://db.example.org/d?sslmode=prefer"}, "store.url", Grade.NOTE),
        ({"hooks__require_jwt": True}, "hooks.issuers", Grade.NOTE),
        ({"retention__evidence": "544d"}, "retention.evidence", Grade.NOTE),
    ],
)
def test_the_configuration_alone_tells_of_it(tmp_path, changed, place, grade):
    given = {"http__public_url": "https://marrowd.example.org"} | changed
    [remark] = spoilt(tmp_path, **given)

    assert (remark.place, remark.grade) == (place, grade)
    assert remark.mend


def test_evidence_kept_as_long_as_it_speaks_is_sound(tmp_path):
    url = "https://marrowd.example.org"

    assert not spoilt(tmp_path, http__public_url=url, retention__evidence="545d")


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:p@db.example.org/d?a=b&sslmode=verify-full", "postgresql:///d?host=/run"],
)
def test_a_database_that_is_here_or_asked_for_tls_is_sound(tmp_path, url):
    assert not spoilt(tmp_path, http__public_url="https://m.example.org", store__url=url)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "it has no keys"),
        ({"jwks_url": "https://e.example.org/k", "jwks_file": "f"}, "two places"),
        ({"jwks_url": "http://e.example.org/k"}, "clear text"),
        ({"jwks_file": "/none"}, "holds no key"),
        ({"jwks_file": "empty"}, "holds no key"),
    ],
)
def test_an_issuer_whose_keys_cannot_be_had_is_found(tmp_path, keys, says):
    (tmp_path / "empty").write_text('{"keys": []}', encoding="utf-8")
    if keys.get("jwks_file") == "empty":
        keys = {"jwks_file": str(tmp_path / "empty")}
    issuer = {"iss": "https://e.example.org", "source": "hospital", **keys}
    found = spoilt(
        tmp_path, http__public_url="https://marrowd.example.org", hooks__issuers=[issuer]
    )

    assert says in only(found, "hooks.issuers https://e.example.org").says


def test_an_issuer_with_keys_in_a_file_is_sound(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(jwks()), encoding="utf-8")
    issuer = {"iss": "https://e.example.org", "source": "hospital", "jwks_file": str(path)}

    assert not spoilt(
        tmp_path, http__public_url="https://marrowd.example.org", hooks__issuers=[issuer]
    )


@pytest.mark.parametrize(
    ("store", "code"),
    [
        ("sqlite:///{}/new.sqlite3", Exit.FINE),
        ("sqlite:///{}/none/new.sqlite3", Exit.NO),
        ("postgresql://u:p@127.0.0.1:9/d", Exit.OUT_OF_REACH),
    ],
)
def test_the_exit_code_says_how_bad_it_is(tmp_path, capsys, store, code):
    path = tmp_path / "marrowd.toml"
    path.write_text(
        f'[store]\nurl = "{store.format(tmp_path)}"\n[hooks]\nrequire_jwt = false\n',
        encoding="utf-8",
    )

    assert doctor_command(path, None) is code
    assert "store: " in capsys.readouterr().out
    assert not (tmp_path / "new.sqlite3").exists()


def test_a_remark_is_two_lines_for_a_person():
    remark = Remark(grade=Grade.WRONG, place="store", says="it is old", mend="do this")

    assert lines_of(remark) == ["wrong store: it is old", "      -> do this"]


def test_everything_waits_for_nobody_for_long(tmp_path):
    site = Site(tmp_path, "http://127.0.0.1:9/fhir", "http://127.0.0.1:9/cards")

    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await site.found()

    assert asyncio.run(bounded())


@pytest.mark.parametrize(
    ("status", "grade", "says"),
    [
        (200, Grade.FINE, "the collector answers"),
        (401, Grade.NOTE, "answers 401 to no token"),
        (404, Grade.WRONG, "answers 404"),
        (503, Grade.AWAY, "answers 503"),
    ],
)
async def test_the_collector_of_traces_is_sent_an_empty_batch(served, status, grade, says):
    async with collecting() as collector:
        collector.status = status
        served.config["tracing"] = {"endpoint": collector.url}
        [remark] = [f for f in await served.found(grade) if f.place == "tracing"]

    assert says in remark.says
    assert (collector.asked, collector.spans) == (1, [])


async def test_a_collector_that_is_not_there(served):
    served.config["tracing"] = {"endpoint": f"http://127.0.0.1:{free_port()}"}

    only(await served.found(Grade.AWAY), "tracing: nobody answers")
