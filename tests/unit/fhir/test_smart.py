import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs
from tests.support.patience import PATIENCE_S
from tests.support.smart_server import Answer, SmartServer, oauth_error, running
from tests.support.tokens import ec_key, rsa_key
from yarl import URL

from marrowd.errors import BadConfiguration, BadInput, EhrUnavailable
from marrowd.fhir.answers import Unusable
from marrowd.fhir.authorization import authorization_for
from marrowd.fhir.client import FhirClient
from marrowd.fhir.smart import DISCOVERED_FOR, QUIET, SmartAuthorization, client_key
from marrowd.fhir.token_endpoint import _checked
from marrowd.fhir.transport import Limits, Transport
from marrowd.settings import Rotation, SmartBackendAuth, Source

LIMITS = Limits(timeout_s=PATIENCE_S, tries=2, first_pause_s=0.001, longest_pause_s=0.05)
MARKER = "Zebediah"


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[SmartServer]:
    async with running(SmartServer(clock=lambda: clock().timestamp())) as server:
        yield server


@pytest.fixture
async def made(
    server: SmartServer, clock: Clock
) -> AsyncIterator[Callable[..., SmartAuthorization]]:
    """Make authorizations that are closed at the end of the test."""
    all_made = []
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        def make(*, within_s: float = PATIENCE_S, **changed) -> SmartAuthorization:
            auth = {
                "kind": "smart-backend",
                "client_id": "marrowd",
                "private_key": pem(ec_key()),
                "key_id": "ehr",
            } | changed
            made = SmartAuthorization(
                SmartBackendAuth(**auth),
                session,
                key=lambda: client_key(
                    SmartBackendAuth(**auth), source="main", base_url=server.base_url
                ),
                source="main",
                base_url=server.base_url,
                clock=clock,
                rng=random.SystemRandom(),
                timeout_s=within_s,
            )
            all_made.append(made)
            return made

        yield make
        for authorization in all_made:
            await authorization.close()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param({"private_key": pem(ec_key()), "key_id": "ehr"}, id="ES384"),
        pytest.param({"private_key": pem(rsa_key()), "key_id": "rsa"}, id="RS384"),
    ],
)
async def test_a_token_is_had_from_a_strict_server(server, made, key) -> None:
    assert await made(**key).header() == "Bearer token-1"
    assert server.refused == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"client_id": "somebody"}, "InvalidIssuerError"),
        ({"key_id": "unknown"}, "kid"),
        ({"private_key": pem(ec_key("another"))}, "InvalidSignatureError"),
    ],
)
async def test_a_strict_server_refuses_what_is_wrong(server, made, changed, what) -> None:
    with pytest.raises(Unusable, match="invalid_client: check "):
        await made(**changed).header()

    assert server.refused == [what]


async def test_concurrent_callers_share_one_request(server, made) -> None:
    server.delay_s = 0.05
    authorization = made()

    headers = await asyncio.gather(*(authorization.header() for _ in range(50)))

    assert set(headers) == {"Bearer token-1"}
    assert (server.requests, server.discoveries) == (1, 1)


async def test_a_caller_that_gives_up_leaves_the_token_to_the_others(server, made) -> None:
    server.delay_s = 0.05
    authorization = made()
    first = asyncio.create_task(authorization.header())
    second = asyncio.create_task(authorization.header())
    await asyncio.sleep(0.01)

    first.cancel()

    assert await second == "Bearer token-1"
    assert server.requests == 1


async def test_a_token_is_kept_until_four_fifths_of_its_life(server, made, clock) -> None:
    authorization = made()
    await authorization.header()
    clock.go_on(239)

    assert await authorization.header() == "Bearer token-1"
    assert server.requests == 1


async def test_the_old_token_serves_while_it_is_renewed(server, made, clock) -> None:
    authorization = made()
    await authorization.header()
    clock.go_on(241)
    server.delay_s = 0.02

    assert await authorization.header() == "Bearer token-1"
    await settled(authorization)
    assert await authorization.header() == "Bearer token-2"
    assert server.requests == 2
    assert server.refused == []  # another jti each time


async def test_an_ended_token_is_not_shown(made, clock) -> None:
    authorization = made()
    await authorization.header()
    clock.go_on(300)

    assert await authorization.header() == "Bearer token-2"


async def test_a_renewal_that_fails_leaves_the_old_token(server, made, clock) -> None:
    authorization = made()
    await authorization.header()
    server.answers.append(Answer(status=503))
    clock.go_on(241)

    assert await authorization.header() == "Bearer token-1"
    await settled(authorization)
    assert await authorization.header() == "Bearer token-1"
    assert server.requests == 2  # quiet for a while after a failure
    clock.go_on(60)
    with pytest.raises(EhrUnavailable, match="token answered 503"):
        await authorization.header()


@pytest.mark.parametrize(
    ("expires_in", "still_good_s"),
    [(60, 47), ("60", 47), (None, 239), (-5, 239), (True, 239), ("soon", 239), (10**9, 2879)],
)
async def test_the_life_of_a_token(server, made, clock, expires_in, still_good_s) -> None:
    server.expires_in = expires_in
    authorization = made()
    await authorization.header()
    clock.go_on(still_good_s)
    await authorization.header()
    await settled(authorization)
    assert server.requests == 1
    clock.go_on(2)
    await authorization.header()
    await settled(authorization)

    assert server.requests == 2


async def settled(authorization: SmartAuthorization) -> None:
    if authorization._asking is not None:
        await asyncio.gather(authorization._asking, return_exceptions=True)


@pytest.mark.parametrize("word", ["invalid_client", "invalid_scope", "unauthorized_client"])
async def test_a_refusal_says_how_to_mend_it_and_is_not_insisted_on(
    server, made, clock, word
) -> None:
    server.answers.append(oauth_error(word, times=1))
    authorization = made()

    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Unusable, match=rf"answered {word}: \w+") as raised:
                await authorization.header()

    assert server.requests == 1
    assert MARKER not in str(raised.value) + str(logs)
    clock.go_on(QUIET.total_seconds() + 1)
    assert await authorization.header() == "Bearer token-2"


@pytest.mark.parametrize(
    ("answer", "quiet_s"),
    [
        (Answer(status=500, times=1), 5.0),
        (Answer(status=503, headers={"Retry-After": "60"}, times=1), 60.0),
        (Answer(status=429, headers={"Retry-After": "86400"}, times=1), 300.0),
    ],
)
async def test_an_endpoint_that_stumbles_is_left_in_peace(
    server, made, clock, answer, quiet_s
) -> None:
    server.answers.append(answer)
    authorization = made()
    for _ in range(3):
        with pytest.raises(EhrUnavailable, match=f"token answered {answer.status}") as raised:
            await authorization.header()

    assert server.requests == 1
    assert raised.value.retry_after_s == quiet_s
    clock.go_on(quiet_s)
    assert await authorization.header() == "Bearer token-2"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (Answer(status=500), EhrUnavailable, "token answered 500"),
        (Answer(status=429, headers={"Retry-After": "7"}), EhrUnavailable, "token answered 429"),
        (Answer(status=302, headers={"Location": "/x"}), Unusable, "token answered 302"),
        (Answer(status=404), Unusable, "token answered 404"),
        (Answer(status=401, body=b"<html>"), Unusable, "endpoint answered 401: check"),
        (Answer(body=b"<html>"), Unusable, "other than a JSON object"),
        (Answer(body=b"[" * 60_000), Unusable, "other than a JSON object"),
        (Answer(body=b"[]"), Unusable, "other than a JSON object"),
        (Answer(body=b"{}"), Unusable, "other than a bearer token"),
        (
            Answer(body=b'{"access_token":"a","token_type":"mac"}'),
            Unusable,
            "other than a bearer token",
        ),
        (
            Answer(body=b'{"access_token":"a\\r\\nX: 1","token_type":"bearer"}'),
            Unusable,
            "other than a bearer token",
        ),
        (Answer(body=b" " * 70_000), Unusable, "more than 65536 bytes"),
        (Answer(is_dropped=True), EhrUnavailable, "token failed: ServerDisconnectedError"),
    ],
)
async def test_what_else_a_token_endpoint_answers(server, made, answer, error, said) -> None:
    server.answers.append(answer)

    with pytest.raises(EhrUnavailable, match=said) as raised:
        await made().header()

    assert isinstance(raised.value, Unusable) == (error is Unusable)
    assert raised.value.retry_after_s == (7.0 if answer.status == 429 else None)


async def test_a_slow_token_endpoint_is_not_waited_for_without_end(server, made) -> None:
    server.delay_s = 1.3

    with pytest.raises(EhrUnavailable, match="token took longer than 1 s"):
        await made(within_s=1.0).header()


@pytest.mark.parametrize(
    ("discovery", "said"),
    [
        ({"token_endpoint": None}, "no usable token_endpoint"),
        ({"token_endpoint": "/auth/token"}, "no usable token_endpoint"),
        ({"token_endpoint": "file:///etc/passwd"}, "no usable token_endpoint"),
        ({"token_endpoint": "http://[x/"}, "no usable token_endpoint"),
        ({"token_endpoint": "http://u:p@127.0.0.1/token"}, "no usable token_endpoint"),
        ({"token_endpoint": "http://169.254.169.254/token"}, "another host.*auth.token_url"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "private_key_jwt$"),
        ({"token_endpoint_auth_signing_alg_values_supported": ["RS384"]}, "ES384: use an RSA key"),
    ],
)
async def test_what_discovery_says_is_checked(server, made, discovery, said) -> None:
    server.discovery |= discovery

    with pytest.raises(Unusable, match=said):
        await made().header()

    assert server.requests == 0


def test_a_token_endpoint_in_clear_text_is_refused_under_tls() -> None:
    with pytest.raises(Unusable, match="not https"):
        _checked("http://fhir.example.org/token", URL("https://fhir.example.org/r4"))


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (Answer(status=404), Unusable, "does not speak SMART"),
        (Answer(status=503), EhrUnavailable, "discovery answered 503"),
        (Answer(status=302), Unusable, "discovery answered 302"),
        (Answer(body=b"no"), Unusable, "other than a JSON object"),
    ],
)
async def test_discovery_that_fails(server, made, answer, error, said) -> None:
    server.discovery_answers.append(answer)

    with pytest.raises(error, match=said):
        await made().header()


async def test_discovery_is_kept_for_an_hour(server, made, clock) -> None:
    authorization = made()
    for _ in range(3):
        await authorization.header()
        clock.go_on(301)
    assert (server.requests, server.discoveries) == (3, 1)

    clock.go_on(DISCOVERED_FOR.total_seconds())
    await authorization.header()

    assert server.discoveries == 2


async def test_a_configured_token_endpoint_needs_no_discovery(server, made) -> None:
    assert await made(token_url=server.token_url).header() == "Bearer token-1"
    assert server.discoveries == 0


async def test_a_smaller_grant_is_said_once(server, made, clock) -> None:
    server.scope = "system/Observation.rs"
    authorization = made()

    with capture_logs() as logs:
        await authorization.header()
        clock.go_on(301)
        await authorization.header()

    assert [line["hint"] for line in logs] == ["not granted in full: system/*.rs; see auth.scope"]


async def test_a_grant_of_nothing_is_an_error(server, made) -> None:
    server.scope = "openid"

    with pytest.raises(Unusable, match="granted nothing of auth"):
        await made().header()


async def test_no_scope_in_the_answer_means_as_asked(server, made) -> None:
    server.scope = None

    with capture_logs() as logs:
        await made().header()

    assert logs == []


def client_of(server: SmartServer, session, authorization) -> FhirClient:
    transport = Transport(session, authorization=authorization, limits=LIMITS)
    return FhirClient(transport, server.base_url)


async def test_a_token_refused_in_between_is_renewed_once(server, made, clock) -> None:
    authorization = made()
    async with aiohttp.ClientSession() as session:
        client = client_of(server, session, authorization)
        await client.read("Observation/1")
        server.revoke_all()
        clock.go_on(10)

        await asyncio.gather(*(client.read(f"Observation/{i}") for i in range(10)))

    assert server.requests == 2


async def test_a_token_refused_after_it_was_replaced_is_not_renewed(server, made, clock) -> None:
    authorization = made()
    old = await authorization.header()
    clock.go_on(300)
    await authorization.header()

    assert await authorization.renew(old)
    assert server.requests == 2


async def test_closing_gives_up_a_request(server, made) -> None:
    server.delay_s = 0.5
    authorization = made()
    asking = asyncio.create_task(authorization.header())
    await asyncio.sleep(0.05)

    await authorization.close()

    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_fresh_token_that_is_refused_is_not_renewed_again(server, made) -> None:
    authorization = made()
    async with aiohttp.ClientSession() as session:
        client = client_of(server, session, authorization)
        await client.read("Observation/1")
        server.revoke_all()

        with pytest.raises(Unusable, match="read answered 401"):
            await client.read("Observation/1")

    assert server.requests == 1


async def test_a_token_goes_to_no_other_host(server, made) -> None:
    async with running(SmartServer()) as other, aiohttp.ClientSession() as session:
        client = client_of(server, session, made())
        with pytest.raises(BadInput):
            await client.content(f"{other.base_url}/Observation/1")

        assert other.resource_calls == []


async def test_neither_token_nor_key_shows(made) -> None:
    authorization = made()
    with capture_logs() as logs:
        await authorization.header()

    shown = repr(authorization) + repr(authorization._kept) + repr(vars(authorization)) + str(logs)
    assert "token-1" not in shown
    assert "BEGIN" not in shown


def test_a_token_url_in_clear_text_is_refused_under_tls() -> None:
    auth = SmartBackendAuth(
        kind="smart-backend",
        client_id="c",
        private_key=pem(ec_key()),
        key_id="1",
        token_url="http://auth.example.org/token",
    )
    source = Source(
        name="main", base_url="https://fhir.example.org", notification_secret="s" * 16, auth=auth
    )

    with pytest.raises(BadConfiguration, match="must be https"):
        authorization_for(
            source, None, rotation=Rotation(), clock=Clock(), rng=random.SystemRandom()
        )
