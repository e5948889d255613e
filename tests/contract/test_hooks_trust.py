"""Trusting CDS Clients: which calls are let in, and that the others learn nothing."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from tests.support.hook_calls import (
    AMPLE,
    PATIENT_VIEW,
    a_call,
    hooks_running,
    level,
    mri,
    whole_prefetch,
)
from tests.support.patience import PATIENCE_S
from tests.support.store import count_of
from tests.support.tokens import ISSUER, claims, ec_key, jwks, raw, rsa_key, signed

from marrowd.errors import BadConfiguration, StoreUnavailable
from marrowd.settings import HooksSettings, Issuer, Rotation
from marrowd.store.open import SqlStore
from marrowd.web.gathering import Gatherer
from marrowd.web.hooks import Budget
from marrowd.web.trust import Trust, check_exposure, trust_from

PUBLIC = "https://cds.example.org"
ADDRESS = f"{PUBLIC}{PATIENT_VIEW}"
BUDGET = Budget(whole_s=1.0, fetch_s=5.0)
MARCH = 1772366400  # 2026-03-01T12:00:00Z, when the clock of these tests stands still


def honest(audience=ADDRESS, **changed):
    return claims(audience, **({"at": MARCH} | changed))


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks()))
    return str(path)


def an_issuer(**changed):
    return Issuer(**({"iss": ISSUER, "source": "hospital"} | changed))


@pytest.fixture
async def bench(tmp_path, key_file):
    async with running(tmp_path, an_issuer(jwks_file=key_file)) as bench:
        yield bench


def running(folder, *issuers, budget=AMPLE):
    def trust(parts):
        return Trust(
            issuers,
            session=parts["session"],
            tokens=parts["store"],
            clock=parts["clock"],
            public_url=lambda: PUBLIC,
            rotation=Rotation(),
        )

    return hooks_running(folder, trust=trust, budget=budget)


async def status(bench, token, *, call=None, path=PATIENT_VIEW):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    body = call or a_call(prefetch=whole_prefetch())
    return (await bench.post(path, body, headers=headers)).status


LET_IN = [
    pytest.param(lambda: signed(honest()), id="ES384"),
    pytest.param(lambda: signed(honest(), key=rsa_key(), algorithm="RS384", kid="rsa"), id="RS384"),
    pytest.param(lambda: signed(honest([ADDRESS])), id="aud is a list"),
    pytest.param(lambda: signed(honest(["https://other", ADDRESS])), id="aud among others"),
    pytest.param(lambda: signed(honest(nbf=MARCH - 5, sub="epic")), id="extra claims"),
    pytest.param(lambda: signed(honest(iat=MARCH + 10)), id="clock a little ahead"),
    pytest.param(lambda: signed(honest(exp=MARCH - 10)), id="clock a little behind"),
    pytest.param(lambda: signed(honest(exp=MARCH + 3600)), id="good for an hour"),
    pytest.param(lambda: signed(honest(tenant="any")), id="a tenant nobody asked for"),
    pytest.param(lambda: signed(honest(), jku="https://ehr.example.org/k"), id="jku beside a file"),
]


@pytest.mark.parametrize("token", LET_IN)
async def test_an_honest_token_is_let_in(bench, token):
    assert await status(bench, token()) == 200


def with_hmac_of_public_key():
    public = (
        ec_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    token = raw({"alg": "HS384", "typ": "JWT", "kid": "ehr"}, honest(), b"")
    message = token.rpartition(".")[0]
    digest = hmac.new(public, message.encode(), hashlib.sha384).digest()
    return raw({"alg": "HS384", "typ": "JWT", "kid": "ehr"}, honest(), digest)


def tampered():
    head, _, signature = signed(honest()).split(".")
    forged = raw({}, honest(iss=ISSUER, jti="other")).split(".")[1]
    return f"{head}.{forged}.{signature}"


ES384 = {"alg": "ES384", "typ": "JWT", "kid": "ehr"}
NONE = ES384 | {"alg": "none"}
KEPT_OUT = [
    pytest.param(lambda: None, id="no token"),
    pytest.param(lambda: "", id="empty token"),
    pytest.param(lambda: "a.b", id="two parts"),
    pytest.param(lambda: "a.b.c.d", id="four parts"),
    pytest.param(lambda: "ä.ö.ü", id="not base64"),
    pytest.param(lambda: raw([], {}), id="header is a list"),
    pytest.param(lambda: raw(ES384, []), id="claims are a list"),
    pytest.param(lambda: raw(b"[" * 2000, honest()), id="header nested deep"),
    pytest.param(lambda: raw(NONE, honest(), b""), id="none"),
    pytest.param(with_hmac_of_public_key, id="HS384 with the public key"),
    pytest.param(
        lambda: jwt.encode(honest(), "s" * 48, "HS256", {"kid": "ehr"}), id="HS256"
    ),
    pytest.param(
        lambda: signed(honest(), key=rsa_key(), algorithm="RS256", kid="rsa"), id="RS256"
    ),
    pytest.param(
        lambda: signed(honest(), key=rsa_key(), algorithm="RS384", kid="ehr"), id="families mixed"
    ),
    pytest.param(lambda: signed(honest(), key=ec_key("thief")), id="another key"),
    pytest.param(tampered, id="claims changed after signing"),
    pytest.param(lambda: signed(honest(), kid="unknown"), id="unknown kid"),
    pytest.param(lambda: raw(ES384 | {"kid": 1}, honest()), id="kid is a number"),
    pytest.param(lambda: signed(honest(), typ="at+jwt"), id="another typ"),
    pytest.param(lambda: signed(honest(), crit=["x"], x=1), id="critical header unknown"),
    pytest.param(lambda: signed(honest(iss="https://thief.example.org")), id="unknown issuer"),
    pytest.param(lambda: signed(honest(iss=None)), id="no issuer"),
    pytest.param(lambda: signed(honest(None)), id="no aud"),
    pytest.param(lambda: signed(honest(PUBLIC)), id="aud is the base"),
    pytest.param(lambda: signed(honest(f"{ADDRESS}/")), id="aud with a slash more"),
    pytest.param(lambda: signed(honest(ADDRESS[:-1])), id="aud is a prefix"),
    pytest.param(lambda: signed(honest(f"{ADDRESS}/feedback")), id="aud of the feedback"),
    pytest.param(lambda: signed(honest([])), id="aud is an empty list"),
    pytest.param(lambda: signed(honest(exp=None)), id="no exp"),
    pytest.param(lambda: signed(honest(iat=None)), id="no iat"),
    pytest.param(lambda: signed(honest(exp=MARCH - 60)), id="expired"),
    pytest.param(lambda: signed(honest(iat=MARCH + 300, exp=MARCH + 600)), id="of the future"),
    pytest.param(lambda: signed(honest(nbf=MARCH + 300)), id="not before"),
    pytest.param(lambda: signed(honest(exp=MARCH + 86_400)), id="good for a day"),
    pytest.param(lambda: signed(honest(exp=1e308)), id="good for ever"),
    pytest.param(lambda: signed(honest(exp=True)), id="exp is true"),
    pytest.param(lambda: raw(ES384, b'{"exp":NaN}'), id="NaN"),
    pytest.param(lambda: signed(honest(jti=None)), id="no jti"),
    pytest.param(lambda: signed(honest(jti="")), id="empty jti"),
    pytest.param(lambda: signed(honest(jti="j" * 300)), id="long jti"),
    pytest.param(lambda: signed(honest(jti="a\x00b")), id="jti holds NUL"),
]  # fmt: skip


@pytest.mark.parametrize("token", KEPT_OUT)
async def test_any_other_token_is_401_without_a_reason(bench, token):
    made = token()
    headers = {} if made is None else {"Authorization": f"Bearer {made}"}

    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()), headers=headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    [issue] = (await answer.json(content_type=None))["issue"]
    assert issue["diagnostics"] == "not authorized"


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Original-URL", "Host"])
async def test_no_header_says_which_address_a_token_is_for(bench, name):
    value = "host=other.example.org" if name == "Forwarded" else "other.example.org"
    token = signed(honest(f"https://other.example.org{PATIENT_VIEW}"))
    headers = {"Authorization": f"Bearer {token}", name: value}

    answer = await bench.post(PATIENT_VIEW, a_call(prefetch=whole_prefetch()), headers=headers)

    assert answer.status == 401


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearerx"])
async def test_another_scheme_is_401(bench, scheme):
    headers = {"Authorization": f"{scheme} {signed(honest())}"}

    answer = await bench.post(PATIENT_VIEW, a_call(), headers=headers)

    assert answer.status == 401


async def test_a_token_lets_one_call_in(bench):
    token = signed(honest())

    assert await status(bench, token) == 200
    assert await status(bench, token) == 401


async def test_a_forged_token_does_not_use_up_an_honest_id(bench):
    payload = honest()

    assert await status(bench, signed(payload, key=ec_key("thief"))) == 401
    assert await status(bench, signed(payload)) == 200


@pytest.mark.parametrize("path", ["/cds-services", f"{PATIENT_VIEW}/feedback"])
async def test_discovery_and_feedback_ask_for_a_token_too(bench, path):
    method = "GET" if path == "/cds-services" else "POST"
    headers = {"Content-Type": "application/json"}

    without = await bench.client.request(method, path, headers=headers, data=b"{}")
    token = signed(honest(f"{PUBLIC}{path}"))
    with_it = await bench.client.request(
        method, path, headers=headers | {"Authorization": f"Bearer {token}"}, data=b"{}"
    )

    assert without.status == 401
    assert with_it.status in {200, 422}


async def test_an_issuer_speaks_for_its_source_and_no_other(tmp_path, key_file):
    async with running(tmp_path, an_issuer(jwks_file=key_file)) as bench:
        await bench.keep(level(), mri())

        assert await status(bench, signed(honest()), call=a_call()) == 200
        other = a_call(fhirServer="https://fhir.other.example.org")
        assert await status(bench, signed(honest()), call=other) == 422


async def test_a_tenant_agreed_is_asked_for(tmp_path, key_file):
    async with running(tmp_path, an_issuer(jwks_file=key_file, tenant="north")) as bench:
        assert await status(bench, signed(honest(tenant="north"))) == 200
        assert await status(bench, signed(honest(tenant="south"))) == 401
        assert await status(bench, signed(honest())) == 401


class KeyServer:
    """Publishes a key set; counts how often it is asked."""

    def __init__(self):
        self.document = jwks()
        self.asked = 0
        self.status = 200

    async def handle(self, _request):
        self.asked += 1
        if self.status == 302:
            return web.Response(status=302, headers={"Location": "/other"})
        return web.json_response(self.document, status=self.status)


@pytest.fixture
async def key_server():
    keys = KeyServer()
    app = web.Application()
    app.router.add_get("/jwks", keys.handle)
    app.router.add_get("/other", keys.handle)
    server = TestServer(app)
    await server.start_server()
    keys.url = str(server.make_url("/jwks"))
    yield keys
    await server.close()


async def test_keys_are_fetched_once_from_the_url_agreed(tmp_path, key_server):
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        assert await status(bench, signed(honest())) == 200
        assert await status(bench, signed(honest(), jku=key_server.url)) == 200

    assert key_server.asked == 1


async def test_a_jku_that_was_not_agreed_is_never_fetched(tmp_path, key_server):
    thief = KeyServer()
    thief.document = jwks("thief")
    app = web.Application()
    app.router.add_get("/jwks", thief.handle)
    async with (
        TestServer(app) as server,
        running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench,
    ):
        url = str(server.make_url("/jwks"))
        token = signed(honest(), key=ec_key("thief"), kid="thief", jku=url)
        assert await status(bench, token) == 401

    assert thief.asked == 0


async def test_nothing_is_fetched_for_an_unknown_issuer(tmp_path, key_server):
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        assert await status(bench, signed(honest(iss="https://thief.example.org"))) == 401

    assert key_server.asked == 0


async def test_unknown_key_ids_do_not_make_the_service_fetch_again_and_again(tmp_path, key_server):
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        for n in range(5):
            assert await status(bench, signed(honest(), kid=f"invented-{n}")) == 401

    assert key_server.asked == 1


async def test_a_new_key_is_found_when_the_set_may_be_read_again(tmp_path, key_server, monkeypatch):
    monkeypatch.setattr("marrowd.web.keys.RELOAD_EVERY_S", 0.0)
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        assert await status(bench, signed(honest())) == 200
        key_server.document = jwks("next")

        assert await status(bench, signed(honest(), key=ec_key("next"), kid="next")) == 200
        assert await status(bench, signed(honest())) == 401  # the former key was taken out


async def test_a_key_replaced_under_its_id_is_good_no_longer(tmp_path, key_server, monkeypatch):
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        assert await status(bench, signed(honest())) == 200
        [other] = [key for key in jwks("next")["keys"] if key["kid"] == "next"]
        key_server.document = {"keys": [other | {"kid": "ehr"}]}
        monkeypatch.setattr("marrowd.web.keys.REFRESH_EVERY_S", 0.0)

        assert await status(bench, signed(honest())) == 401
        assert await status(bench, signed(honest(), key=ec_key("next"))) == 200


@pytest.mark.parametrize("answer", [500, 302])
async def test_without_keys_a_known_issuer_is_asked_to_retry(tmp_path, key_server, answer):
    key_server.status = answer
    async with running(tmp_path, an_issuer(jwks_url=key_server.url)) as bench:
        assert await status(bench, signed(honest())) == 503

    assert key_server.asked == 1


async def test_a_key_that_is_private_or_weak_or_symmetric_is_not_used(tmp_path):
    weak = rsa_key(1024)
    document = {
        "keys": [
            {"kty": "oct", "kid": "sym", "k": "c2VjcmV0"},
            json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key())) | {"kid": "private"},
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())) | {"kid": "weak"},
            *jwks()["keys"],
        ]
    }
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps(document))
    async with running(tmp_path, an_issuer(jwks_file=str(path))) as bench:
        assert await status(bench, signed(honest(), kid="private")) == 401
        with pytest.warns(Warning, match="1024"):
            token = signed(honest(), key=weak, algorithm="RS384", kid="weak")
        assert await status(bench, token) == 401


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="neither file nor url"),
        pytest.param({"jwks_file": "a", "jwks_url": "https://a.example.org"}, id="both"),
        pytest.param({"jwks_url": "http://keys.example.org/jwks"}, id="url without TLS"),
        pytest.param({"jwks_file": "/nowhere/jwks.json"}, id="file not there"),
    ],
)
async def test_an_issuer_without_safe_keys_is_a_mistake_of_the_configuration(tmp_path, changed):
    with pytest.raises(BadConfiguration):
        async with running(tmp_path, an_issuer(**changed)):
            pass


def test_hooks_without_tokens_are_refused_on_an_open_address():
    with pytest.raises(BadConfiguration, match="require_jwt"):
        check_exposure(HooksSettings(require_jwt=False), "0.0.0.0")


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (HooksSettings(), "0.0.0.0"),
        (HooksSettings(require_jwt=False), "127.0.0.1"),
        (HooksSettings(require_jwt=False), "localhost"),
        (HooksSettings(require_jwt=False), "::1"),
        (HooksSettings(require_jwt=False, insecure=True), "0.0.0.0"),
    ],
)
def test_other_exposures_are_allowed(settings, host):
    check_exposure(settings, host)


@pytest.mark.parametrize("is_required", [True, False])
async def test_the_configuration_says_whether_tokens_are_asked_for(bench, key_file, is_required):
    hooks = HooksSettings(
        require_jwt=is_required, issuers=(an_issuer(jwks_file=key_file),) if is_required else ()
    )

    trust = trust_from(
        hooks,
        "127.0.0.1",
        session=bench.hooks.session,
        tokens=bench.store,
        clock=bench.clock,
        public_url=lambda: PUBLIC,
        rotation=Rotation(),
    )

    assert (trust is not None) is is_required


async def never(*_args, **_options):
    await asyncio.sleep(60)


@pytest.mark.parametrize("path", ["/cds-services", PATIENT_VIEW, f"{PATIENT_VIEW}/feedback"])
async def test_a_store_that_hangs_holds_nobody_up_who_has_to_be_verified(
    tmp_path, key_file, monkeypatch, path
):
    trusting = running(tmp_path, an_issuer(jwks_file=key_file), budget=BUDGET)
    async with trusting as bench, asyncio.timeout(PATIENCE_S):
        monkeypatch.setattr(bench.store, "is_first_use", never)
        headers = {"Authorization": f"Bearer {signed(honest(f'{PUBLIC}{path}'))}"}
        if path == "/cds-services":
            answer = await bench.client.get(path, headers=headers)
        else:
            answer = await bench.post(path, a_call(), headers=headers)

    assert answer.status == 503
    assert answer.headers["Retry-After"]


async def test_a_caller_that_cannot_be_verified_is_no_stranger_to_the_metrics(bench, monkeypatch):
    reason = "the disk is full"

    async def away(*_args, **_options):
        raise StoreUnavailable(reason)

    monkeypatch.setattr(bench.store, "is_first_use", away)

    assert await status(bench, signed(honest())) == 503

    service = PATIENT_VIEW.rpartition("/")[2]
    counted = {
        outcome: count_of(bench.metrics, "hook_requests_total", service=service, outcome=outcome)
        for outcome in ("unavailable", "unauthorized")
    }
    assert counted == {"unavailable": 1, "unauthorized": 0}


@pytest.mark.parametrize("hanging", [Gatherer, SqlStore], ids=["drawing", "the store"])
async def test_what_verifying_takes_is_a_part_of_the_budget(
    tmp_path, key_file, monkeypatch, hanging
):
    trusting = running(tmp_path, an_issuer(jwks_file=key_file), budget=BUDGET)
    async with trusting as bench:
        is_first_use = bench.store.is_first_use

        async def slowly(*args, **options):
            await asyncio.sleep(BUDGET.whole_s * 0.8)
            return await is_first_use(*args, **options)

        monkeypatch.setattr(bench.store, "is_first_use", slowly)
        monkeypatch.setattr(hanging, "gather" if hanging is Gatherer else "standings", never)
        loop = asyncio.get_running_loop()
        started = loop.time()

        assert await status(bench, signed(honest())) == 503

        assert loop.time() - started < PATIENCE_S


async def test_tokens_live_on_only_as_ids(bench):
    """What is remembered is the issuer and the id, until the token is no good anyway."""
    payload = honest()
    await status(bench, signed(payload))

    until = bench.clock() + timedelta(hours=1)
    assert not await bench.store.is_first_use(
        ISSUER, payload["jti"], now=bench.clock(), until=until
    )
