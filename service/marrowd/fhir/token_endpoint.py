"""
A server's token endpoint: where it is, and one request to it.

Told by the discovery document under the FHIR base, whose word is not taken blindly: a token
endpoint on another host counts only when the configuration names it, and never in clear text when
the FHIR server itself is reached by TLS. Neither the assertion, nor the token, nor the text of an
answer is ever part of an error; of a refusal only the specification's own words are kept.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from marrowd.errors import EhrUnavailable
from marrowd.fhir.addresses import unreached
from marrowd.fhir.answers import Unreachable, Unusable, seconds_to_wait

TIMEOUT_S = 10.0  # of one request; both documents are a few hundred bytes
_MAX_BYTES = 65_536
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")  # RFC 6750: no blank, no line end
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# RFC 6749 section 5.2: what the endpoint says, and what a person can do about it.
_REFUSALS = {
    "invalid_client": "check auth.client_id, auth.key_id, that the public key is registered there, "
    "and this machine's clock",
    "invalid_grant": "check this machine's clock, and that the client may use client_credentials",
    "invalid_request": "the server does not take a signed assertion (private_key_jwt)",
    "invalid_scope": "check auth.scope against what the client is registered for",
    "unauthorized_client": "let the client be registered for client_credentials",
    "unsupported_grant_type": "the server does not offer client_credentials",
}
_LONGEST_LIFE_S = 3600.0  # SMART: 300 s at most; a longer one would outlive a withdrawn right
_USUAL_LIFE_S = 300.0  # recommended; taken when the answer does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An access token, how long it is good for, and its scope ("" when as asked)."""

    token: str = field(repr=False)
    life_s: float
    scope: str


class TokenEndpoint:
    """Asks, once for each call; keeps nothing."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        clock: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._session = session
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def discover(self, base_url: str, *, algorithm: str) -> str:
        """
        Ask the FHIR server where tokens are had.

        Raises:
            EhrUnavailable: no answer.
            Unusable: an answer that a person has to look at.
        """
        url = URL(f"{base_url}/.well-known/smart-configuration")
        status, body, wait_s = await self._ask("discovery", "GET", url)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            message = (
                "the server has no .well-known/smart-configuration: it does not speak SMART "
                'there; set auth.token_url, or another auth.kind ("bearer", "basic")'
            )
            raise Unusable(message)
        if status != HTTPStatus.OK:
            raise _not_now(status, "discovery", wait_s)
        found = _object(body, "discovery")
        _check_offer(found, "token_endpoint_auth_methods_supported", "private_key_jwt")
        _check_offer(found, "token_endpoint_auth_signing_alg_values_supported", algorithm)
        return _checked(found.get("token_endpoint"), URL(base_url))

    async def grant(self, token_url: str, *, assertion: str, scope: str) -> Granted:
        """
        Ask for a token.

        Raises:
            EhrUnavailable: no answer, or one that waiting may mend.
            Unusable: a refusal, or an answer without a token.
        """
        form = {
            "scope": scope,
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        status, body, wait_s = await self._ask("token", "POST", URL(token_url), form)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(status, body) or _not_now(status, "token", wait_s)
        found = _object(body, "token")
        token = found.get("access_token")
        kind = found.get("token_type", "")
        if not (
            isinstance(token, str)
            and _TOKEN.fullmatch(token)
            and isinstance(kind, str)
            and kind.lower() == "bearer"
        ):
            message = "the token endpoint answered something other than a bearer token"
            raise Unusable(message)
        granted = found.get("scope")
        return Granted(
            token=token,
            life_s=_life(found.get("expires_in")),
            scope=granted if isinstance(granted, str) else "",
        )

    async def _ask(
        self, what: str, method: str, url: URL, form: dict[str, str] | None = None
    ) -> tuple[int, bytes, float | None]:
        try:
            async with self._session.request(
                method,
                url,
                data=form,
                headers={"Accept": "application/json"},
                allow_redirects=False,  # an assertion goes where it is addressed to
                timeout=self._timeout,
            ) as response:
                body = await _read_up_to(response, what)
                wait_s = seconds_to_wait(response.headers.get("Retry-After"), now=self._clock())
                return response.status, body, wait_s
        except TimeoutError:
            message = f"{what} took longer than {self._timeout.total:g} s"
            raise Unreachable(message) from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreached(error, what) from None


async def _read_up_to(response: aiohttp.ClientResponse, what: str) -> bytes:
    body = b""
    async for part in response.content.iter_chunked(_MAX_BYTES):
        body += part
        if len(body) > _MAX_BYTES:
            response.close()
            message = f"{what} answered more than {_MAX_BYTES} bytes"
            raise Unusable(message)
    return body


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = f"{what} answered something other than a JSON object"
        raise Unusable(message)
    return found


def _check_offer(found: dict[str, Any], name: str, ours: str) -> None:
    """Refuse early what the server says it does not take; a server that says nothing may."""
    offered = found.get(name)
    if isinstance(offered, list) and offered and ours not in offered:
        message = f"the server's {name} does not list {ours}"
        if ours != "private_key_jwt":
            other = "an EC key (P-384)" if ours == "RS384" else "an RSA key"
            message = f"{message}: use {other} as auth.private_key"
        raise Unusable(message)


def _checked(endpoint: object, base: URL) -> str:
    message = "the server's smart-configuration names no usable token_endpoint; set auth.token_url"
    try:
        url = URL(endpoint) if isinstance(endpoint, str) else URL()
    except ValueError:
        raise Unusable(message) from None
    if url.scheme not in ("http", "https") or not url.host or url.user or url.fragment:
        raise Unusable(message)
    if base.scheme == "https" and url.scheme != "https":
        message = "the server's token_endpoint is not https"
        raise Unusable(message)
    if url.host != base.host:
        message = (
            "the server's token_endpoint lies on another host than its base_url: "
            "if that is right, set auth.token_url to it"
        )
        raise Unusable(message)
    return str(endpoint)


def _refusal(status: int, body: bytes) -> Unusable | None:
    """Read an OAuth error, if that is what the answer is."""
    if status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return None
    try:
        word = _object(body, "token").get("error")
    except Unusable:
        word = None
    if isinstance(word, str) and word in _REFUSALS:
        return Unusable(f"the token endpoint answered {word}: {_REFUSALS[word]}")
    return Unusable(f"the token endpoint answered {status}: {_REFUSALS['invalid_client']}")


def _not_now(status: int, what: str, wait_s: float | None) -> EhrUnavailable:
    message = f"{what} answered {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return EhrUnavailable(message, retry_after_s=wait_s)
    return Unusable(message)


def _life(said: object) -> float:
    if isinstance(said, str) and re.fullmatch(r"[0-9]{1,9}", said):
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int | float) or not said > 0:
        return _USUAL_LIFE_S
    return float(min(said, _LONGEST_LIFE_S))  # in this order: an integer may be beyond any float
