"""Every secret is rotated under the running service: no restart, no signal, nothing in between."""

import json
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import make_url
from tests.support import ehr as stand_in
from tests.support import fhir_server, smart_server
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import EDEMA, lab, report
from tests.support.line import webhook_secret
from tests.support.mounted import Mounted
from tests.support.service import Service, until
from tests.support.smart_server import SmartServer
from tests.support.tokens import ISSUER, claims, ec_key, jwks, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = "hospital"
DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
HOOK = "/cds-services/marrow-vitamin-d-patient-view"
FIRST = {
    "notification": "the-first-secret-of-all",
    "fhir": "fhir-1",
    "webhook": webhook_secret(),
    "ehr": "ehr-1",
    "keys": json.dumps(jwks("first")),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fhir():
    async with fhir_server.running(FhirServer(start=DAY)) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ehr():
    async with stand_in.running(Ehr(secrets=(FIRST["webhook"],), token=FIRST["ehr"])) as ehr:
        yield ehr


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    return Mounted(tmp_path_factory.mktemp("rotated") / "secrets", FIRST)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(fhir, ehr, mounted, tmp_path_factory):
    settings = {
        "[sources]": {
            "subscribe": '"none"',
            "notification_secret_file": f'"{mounted["notification"]}"',
            "auth": f'{{kind = "bearer", token_file = "{mounted["fhir"]}"}}',
        },
        "[destinations]": {
            "secret_file": f'"{mounted["webhook"]}"',
            "token_file": f'"{mounted["ehr"]}"',
        },
        "hooks": {"require_jwt": "true", "budget": '"5s"', "fetch_budget": '"4s"'},
        "[hooks.issuers]": {
            "iss": f'"{ISSUER}"',
            "source": f'"{SOURCE}"',
            "jwks_file": f'"{mounted["keys"]}"',
        },
    }
    async with running(tmp_path_factory.mktemp("service"), fhir, ehr.url, settings) as service:
        yield service


@asynccontextmanager
async def running(folder, fhir, ehr_url, settings):
    service = Service(
        folder,
        source=SOURCE,
        base_url=fhir.base_url,
        ehr_url=ehr_url,
        webhook_secret=FIRST["webhook"],
        settings=settings,
    )
    try:
        await service.start()
        yield service
    finally:
        await service.stop()


def said(service, event):
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def taken(service, place):
    return [line["place"] for line in said(service, "secret_taken")].count(place)


async def told(service, secret, resource):
    """Bring *resource* to the intake under *secret*; give the answer's status."""
    ref = f"{resource['resourceType']}/{resource['id']}"
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{service.url}/events/{SOURCE}/{ref}"
    async with (
        aiohttp.ClientSession() as session,
        session.put(url, json=resource, headers=headers) as answer,
    ):
        return answer.status


async def gone(service, secret, ref):
    """Say that *ref* is gone, so that the service reads it to be sure."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        aiohttp.ClientSession() as session,
        session.delete(f"{service.url}/events/{SOURCE}/{ref}", headers=headers) as answer,
    ):
        assert answer.status == 204


async def called(service, name, fhir):
    """Call a hook under the key *name*; give the answer's status."""
    token = signed(claims(f"{service.url}{HOOK}"), key=ec_key(name), kid=name)
    call = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": fhir.base_url,
        "context": {"userId": "Practitioner/1", "patientId": "1"},
        "prefetch": {},
    }
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(f"{service.url}{HOOK}", json=call) as answer,
    ):
        return answer.status


async def test_notifications_are_let_in_by_the_new_secret_and_no_longer_by_the_old(
    service, mounted
):
    ignored = {"resourceType": "Basic", "id": "1"}
    old, new = FIRST["notification"], secrets.token_urlsafe(24)
    assert (await told(service, old, ignored), await told(service, new, ignored)) == (204, 401)

    mounted.swap(notification=new)

    async def is_let_in():
        return await told(service, new, ignored) == 204

    await until(is_let_in, "the new secret lets in")
    assert await told(service, old, ignored) == 401
    mounted.swap(notification=old)

    async def is_back():
        return await told(service, old, ignored) == 204

    await until(is_back, "the old secret is back")


async def test_a_secret_that_cannot_be_one_leaves_the_old_in_force_and_is_told(service, mounted):
    ignored = {"resourceType": "Basic", "id": "1"}
    mounted.swap(notification="short", webhook="whsec_")

    async def are_refused():
        return await service.metric("marrowd_secrets_refused") == 2

    await until(are_refused, "both are refused")
    assert await told(service, FIRST["notification"], ignored) == 204
    refused = {line["place"]: line["error"] for line in said(service, "secret_refused")}
    assert "at least 16 characters" in refused["sources hospital"]
    assert "whsec_" in refused["destinations ehr"]
    doctor = await service.run("doctor")
    assert doctor.code == 2
    assert "notification_secret: a notification secret has at least 16" in doctor.err

    mounted.swap(**FIRST)

    async def are_taken():
        return await service.metric("marrowd_secrets_refused") == 0

    await until(are_taken, "none is refused any more")


async def test_the_fhir_server_is_shown_the_new_token(service, fhir, mounted):
    async def shown(ref, token):
        await gone(service, FIRST["notification"], ref)
        await until(lambda: fhir.asked(f"/{ref}"), "it is read")
        return {seen.headers.get("Authorization") for seen in fhir.asked(f"/{ref}")} == {
            f"Bearer {token}"
        }

    assert await shown("Observation/before", "fhir-1")
    mounted.swap(fhir="fhir-2")
    numbers = iter(range(1000))

    async def is_new():
        return await shown(f"Observation/after-{next(numbers)}", "fhir-2")

    await until(is_new, "the new token is shown")


async def test_cards_are_signed_with_the_new_secret_and_bear_the_new_token(
    service, fhir, ehr, mounted
):
    async def decided(patient):
        for resource in (
            lab(f"l-{patient}", f"Patient/{patient}", at=DAY - timedelta(days=3)),
            *report(f"m-{patient}", f"Patient/{patient}", EDEMA, at=DAY),
        ):
            assert await told(service, FIRST["notification"], fhir.put(resource)) == 204

    await decided("one")
    await ehr.until(effects=1)
    ehr.secrets, ehr.token = (webhook_secret(),), "ehr-2"
    await decided("two")
    await ehr.until(posts=2)
    assert len(ehr.effects) == 1  # what is signed with the old secret is not taken

    before = taken(service, "destinations ehr")
    mounted.swap(webhook=ehr.secrets[0], ehr="ehr-2")
    await until(lambda: taken(service, "destinations ehr") > before, "both are taken")
    await decided("three")
    await ehr.until(effects=2)
    assert ehr.effects[1]["patient"] == "Patient/three"


async def test_a_key_taken_out_of_a_key_set_is_refused_at_once(service, fhir, mounted):
    assert await called(service, "first", fhir) != 401
    assert await called(service, "second", fhir) == 401

    mounted.swap(keys=json.dumps(jwks("second")))

    async def is_trusted():
        return await called(service, "second", fhir) != 401

    await until(is_trusted, "the new key is trusted")
    assert await called(service, "first", fhir) == 401


async def test_nothing_of_a_secret_is_in_the_log(service):
    log = service.log.read_text()

    assert [text for text in (*FIRST.values(), "fhir-2", "ehr-2") if text in log] == []


async def test_a_private_key_and_its_name_change_together(fhir, tmp_path):
    async with smart_server.running(SmartServer()) as smart:
        smart.keys = jwks("first")
        mounted = Mounted(tmp_path / "secrets", {"key": pem("first"), "name": "first"})
        auth = (
            f'{{kind = "smart-backend", client_id = "marrowd", key_id_file = "{mounted["name"]}", '
            f'private_key_file = "{mounted["key"]}", token_url = "{smart.token_url}"}}'
        )
        settings = {"[sources]": {"subscribe": '"none"', "auth": auth}}
        async with running(tmp_path, fhir, "http://127.0.0.1:9", settings) as service:
            await gone(service, service.secret, "Observation/smart-1")
            await until(lambda: smart.requests == 1, "a token is asked for")

            smart.keys = jwks("second")
            mounted.swap(key="not a key", name="second")

            async def is_refused():
                return await service.metric("marrowd_secrets_refused") == 1

            await until(is_refused, "what is no key is refused")
            mounted.swap(key=pem("second"), name="second")
            await until(lambda: taken(service, "sources hospital: auth"), "it is taken")
            smart.revoke_all()
            fhir.faults.append(fhir_server.Fault(prefix="/Observation/smart-2", status=401))
            await gone(service, service.secret, "Observation/smart-2")
            await until(lambda: smart.requests > 1, "another token is asked for")
            assert smart.refused == []


async def test_the_next_connection_to_postgresql_logs_in_anew(
    fhir, tmp_path, migrated_postgres_url
):
    url = make_url(migrated_postgres_url)
    with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS rotated")
        connection.execute("CREATE ROLE rotated SUPERUSER LOGIN")
        mounted = Mounted(tmp_path / "secrets", {"url": migrated_postgres_url})
        settings = {
            "store": {"url_file": f'"{mounted["url"]}"'},
            "[sources]": {"subscribe": '"none"'},
        }
        mine = (
            "SELECT usename FROM pg_stat_activity "
            "WHERE application_name = 'marrowd' AND datname = current_database()"
        )
        try:
            async with running(tmp_path, fhir, "http://127.0.0.1:9", settings) as service:
                assert {row[0] for row in connection.execute(mine)} == {url.username}
                elsewhere = url.set(database="another")
                mounted.swap(url=elsewhere.render_as_string(hide_password=False))

                async def is_refused():
                    return await service.metric("marrowd_secrets_refused") == 1

                await until(is_refused, "another database is refused")
                anew = url.set(username="rotated", password="of-no-use-here")
                mounted.swap(url=anew.render_as_string(hide_password=False))
                await until(lambda: taken(service, "store"), "it is taken")
                connection.execute(mine.replace("usename", "pg_terminate_backend(pid)"))

                def has_moved():
                    return {row[0] for row in connection.execute(mine)} == {"rotated"}

                await until(has_moved, "new connections are the new user's")
        finally:
            connection.execute("DROP ROLE rotated")


def pem(name):
    key = ec_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.decode()
