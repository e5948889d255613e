"""
An authorization server of ours, as strict with assertions as the SMART specification says.

It keeps a public key set of the client, checks signature, algorithm, kid, typ, issuer, subject,
audience, expiry and that no jti comes twice, and grants what it is told to grant. How it fails is
set from outside. In front of `fhir_server.FhirServer` it plays the resource server that takes its
tokens and no others.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.support.tokens import jwks

_ALGORITHMS = ["RS384", "ES384"]
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_AHEAD_S = 300


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the next token requests get instead of a check, `times` times."""

    times: int = 1_000_000
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_dropped: bool = False


class SmartServer:
    """Its state; the URLs are set once it runs."""

    def __init__(
        self, *, client_id: str = "marrowd", clock: Callable[[], float] = time.time
    ) -> None:
        self.client_id = client_id
        self.clock = clock
        self.base_url = ""
        self.token_url = ""
        self.keys = jwks()
        self.discovery: dict[str, Any] = {
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
        }
        self.discovery_answers: list[Answer] = []
        self.answers: list[Answer] = []
        self.delay_s = 0.0
        self.expires_in: object = 300
        self.scope: str | None = "system/*.rs"
        self.requests = 0
        self.discoveries = 0
        self.refused: list[str] = []
        self.resource_calls: list[str | None] = []
        self._tokens: set[str] = set()
        self._used: set[str] = set()

    def revoke_all(self) -> None:
        """Let every token end at once, whatever was said when it was given."""
        self._tokens.clear()

    async def discover(self, _request: web.Request) -> web.Response:
        self.discoveries += 1
        acted = _acted(self.discovery_answers)
        if acted is not None:
            return _answer(acted)
        return web.json_response({"token_endpoint": self.token_url} | self.discovery)

    async def token(self, request: web.Request) -> web.Response:
        self.requests += 1
        form = await request.post()
        await asyncio.sleep(self.delay_s)
        acted = _acted(self.answers)
        if acted is not None:
            if acted.is_dropped and request.transport is not None:
                request.transport.abort()
            return _answer(acted)
        wrong = self._wrong_with({name: str(value) for name, value in form.items()})
        if wrong is not None:
            self.refused.append(wrong)
            return web.json_response({"error": "invalid_client"}, status=400)
        token = f"token-{self.requests}"
        self._tokens.add(token)
        granted = {"access_token": token, "token_type": "bearer", "expires_in": self.expires_in}
        if self.scope is not None:
            granted["scope"] = self.scope
        return web.json_response(granted)

    async def resource(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization")
        self.resource_calls.append(given)
        if given is None or given.removeprefix("Bearer ") not in self._tokens:
            return web.Response(status=401)
        ident = request.match_info["id"]
        return web.json_response({"resourceType": "Observation", "id": ident})

    def _wrong_with(self, form: Mapping[str, str]) -> str | None:
        if form.get("grant_type") != "client_credentials":
            return "grant_type"
        if form.get("client_assertion_type") != _ASSERTION_TYPE or not form.get("scope"):
            return "form"
        try:
            return self._wrong_with_assertion(form.get("client_assertion", ""))
        except jwt.PyJWTError as error:
            return type(error).__name__

    def _wrong_with_assertion(self, assertion: str) -> str | None:
        header = jwt.get_unverified_header(assertion)
        if header.get("typ") != "JWT" or header.get("alg") not in _ALGORITHMS:
            return "header"
        key = next((k for k in self.keys["keys"] if k["kid"] == header.get("kid")), None)
        if key is None or key["alg"] != header["alg"]:
            return "kid"
        claims = jwt.decode(
            assertion,
            jwt.PyJWK(key, header["alg"]).key,
            algorithms=[header["alg"]],
            audience=self.token_url,
            issuer=self.client_id,
            subject=self.client_id,
            options={
                "require": ["iss", "sub", "aud", "exp", "jti"],
                "verify_exp": False,
                "strict_aud": True,
            },
        )
        if not self.clock() < claims["exp"] <= self.clock() + _MAX_AHEAD_S:
            return "exp"
        if claims["jti"] in self._used:
            return "jti"
        self._used.add(claims["jti"])
        return None


def _acted(answers: list[Answer]) -> Answer | None:
    for answer in answers:
        if answer.times > 0:
            answer.times -= 1
            return answer
    return None


def _answer(answer: Answer) -> web.Response:
    headers = {"Content-Type": "application/json", **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def oauth_error(word: str, *, status: int = 400, times: int = 1_000_000) -> Answer:
    """Give a refusal as RFC 6749 writes it, with a description that must not be repeated."""
    body = {"error": word, "error_description": "Zebediah is not on the list"}
    return Answer(status=status, times=times, body=json.dumps(body).encode())


@asynccontextmanager
async def running(server: SmartServer) -> AsyncIterator[SmartServer]:
    """Run *server* on a free loopback port for as long as the block lasts."""
    app = web.Application()
    app.router.add_get("/fhir/.well-known/smart-configuration", server.discover)
    app.router.add_post("/auth/token", server.token)
    app.router.add_get("/fhir/Observation/{id}", server.resource)
    test_server = TestServer(app)
    await test_server.start_server()
    server.base_url = str(test_server.make_url("/fhir"))
    server.token_url = str(test_server.make_url("/auth/token"))
    try:
        yield server
    finally:
        await test_server.close()
