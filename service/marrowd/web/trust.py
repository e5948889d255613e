"""
Who may call the hooks: a JWT from an issuer agreed in advance, good for one call of one address.

The order is the point. Nothing is fetched and nothing is computed before the issuer is known; the
signature is checked before any claim is believed; a token that was used is remembered last, so that
a forged one cannot use up an honest id. Whatever is wrong, the caller learns 401 and no reason; the
log has the reason, never the token.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import jwt
import orjson
import structlog
from aiohttp import web

from marrowd.errors import BadConfiguration, EhrUnavailable
from marrowd.settings import HooksSettings, Issuer, Rotation
from marrowd.store.cards_shown import Feedback
from marrowd.web.answers import refusal
from marrowd.web.keys import KEY_TYPES, KeyFile, KeySet, KeyUrl, keys_in

LEEWAY_S: Final = 30.0  # clocks of two hospitals' machines
MAX_LIFE_S: Final = 3600.0  # CDS Hooks best practices: ids are kept for a token's lifetime
_MAX_ID: Final = 255
_JWS: Final = {algorithm: jwt.PyJWS([algorithm]) for algorithm in KEY_TYPES}
_TIMES: Final = ("exp", "iat", "nbf")

_log = structlog.get_logger(__name__)


class _NotTrusted(Exception):
    """The reason why a call is not let in: for the log only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An EHR that has shown who it is."""

    issuer: str
    source: str  # what its calls speak for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A JWT taken apart, nothing of it believed yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class Trust:
    """The issuers agreed in advance."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        *,
        session: aiohttp.ClientSession,
        tokens: Feedback,
        clock: Callable[[], datetime],
        public_url: Callable[[], str],
        rotation: Rotation,
    ) -> None:
        """
        Take what never changes; nothing is fetched yet.

        Args:
            issuers: who may call.
            session: for key sets.
            tokens: remembers which tokens were used.
            clock: the time that tokens are judged by.
            public_url: the address under which callers know the service, without trailing slash.
            rotation: gives key sets that come by file.

        Raises:
            BadConfiguration: an issuer has not exactly one place for its keys, or an unsafe one.
        """
        self._tokens = tokens
        self._clock = clock
        self._public_url = public_url
        self._issuers = tuple(issuers)
        self._keys = {issuer: _key_set(issuer, session, rotation) for issuer in issuers}

    async def caller(self, request: web.Request) -> Caller:
        """
        Say who calls.

        Raises:
            HTTPException: 401; 503 when the keys of a known issuer cannot be had now.
        """
        try:
            return await self._caller(request)
        except _NotTrusted as exc:
            _log.warning("call_not_trusted", reason=str(exc))
        except EhrUnavailable as exc:
            _log.warning("call_not_trusted", reason=str(exc))
            raise refusal(503, "callers cannot be verified now; retry") from None
        raise refusal(401, "not authorized")

    async def _caller(self, request: web.Request) -> Caller:
        token = _taken_apart(_bearer(request))
        issuer = self._issuer(token.claims)
        algorithm, kid = _algorithm(token.header), token.header.get("kid")
        if not isinstance(kid, str) or not kid:
            message = "no kid"
            raise _NotTrusted(message)
        jku = token.header.get("jku")
        if jku is not None and issuer.jwks_url is not None and jku != issuer.jwks_url:
            message = "jku is not the one agreed"
            raise _NotTrusted(message)
        key = await self._keys[issuer].key(kid, algorithm)
        if key is None:
            message = "no such key for this algorithm"
            raise _NotTrusted(message)
        _verify(token, key, algorithm)
        await self._claims(token.claims, issuer, f"{self._public_url()}{request.path}")
        return Caller(issuer=issuer.iss, source=issuer.source)

    def _issuer(self, claims: Mapping[str, Any]) -> Issuer:
        named = [issuer for issuer in self._issuers if issuer.iss == claims.get("iss")]
        if not named:
            message = "unknown issuer"
            raise _NotTrusted(message)
        tenant = claims.get("tenant")
        for issuer in named:
            if issuer.tenant is not None and issuer.tenant == tenant:
                return issuer
        for issuer in named:
            if issuer.tenant is None:
                return issuer
        message = "tenant is not the one agreed"
        raise _NotTrusted(message)

    async def _claims(self, claims: Mapping[str, Any], issuer: Issuer, address: str) -> None:
        now = self._clock()
        expires = _check_times(claims, now.timestamp())
        _check_audience(claims.get("aud"), address)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_ID or "\x00" in jti:
            message = "no jti"
            raise _NotTrusted(message)
        until = datetime.fromtimestamp(expires + LEEWAY_S, UTC)
        if not await self._tokens.is_first_use(issuer.iss, jti, now=now, until=until):
            message = "jti was used before"
            raise _NotTrusted(message)

    async def close(self) -> None:
        """Give up what is being fetched."""
        for keys in self._keys.values():
            await keys.close()


def trust_from(
    hooks: HooksSettings,
    host: str,
    *,
    session: aiohttp.ClientSession,
    tokens: Feedback,
    clock: Callable[[], datetime],
    public_url: Callable[[], str],
    rotation: Rotation,
) -> Trust | None:
    """
    Give the trust that the configuration asks for; None where tokens are not required.

    Args:
        hooks: the section of the configuration.
        host: where the public listener listens.
        session: for key sets.
        tokens: remembers which tokens were used.
        clock: the time that tokens are judged by.
        public_url: the address under which callers know the service.
        rotation: gives key sets that come by file.

    Raises:
        BadConfiguration: the hooks would be open to anybody, or an issuer has no safe keys.
    """
    check_exposure(hooks, host)
    if not hooks.require_jwt:
        return None
    return Trust(
        hooks.issuers,
        session=session,
        tokens=tokens,
        clock=clock,
        public_url=public_url,
        rotation=rotation,
    )


def check_exposure(hooks: HooksSettings, host: str) -> None:
    """
    Refuse to serve hooks to anybody who can reach them, unless that was said twice.

    Raises:
        BadConfiguration: `require_jwt` is off, *host* is reachable, and `insecure` is not set.
    """
    if hooks.require_jwt:
        if not hooks.issuers:
            _log.warning("no_issuers", hint="every call is answered 401: see hooks.issuers")
        return
    if is_loopback(host):
        _log.info("hooks_without_jwt", host=host, hint="only this machine can connect")
        return
    if not hooks.insecure:
        message = (
            "hooks.require_jwt is off and http.host is reachable from outside: anybody could ask "
            "for cards. Configure hooks.issuers, listen on 127.0.0.1, or set hooks.insecure"
        )
        raise BadConfiguration(message)
    _log.warning("hooks_without_jwt", host=host, hint="anybody who can connect can ask for cards")


def _key_set(
    issuer: Issuer, session: aiohttp.ClientSession, rotation: Rotation
) -> KeySet | KeyFile:
    monotonic = asyncio.get_running_loop().time
    if (issuer.jwks_file is None) == (issuer.jwks_url is None):
        message = f"hooks.issuers {issuer.iss}: give exactly one of jwks_file and jwks_url"
        raise BadConfiguration(message)
    if issuer.jwks_file is not None:
        place = f"hooks.issuers {issuer.iss}"
        return KeyFile(rotation.hold(issuer, lambda now: keys_in(str(now.jwks_file)), place=place))
    url = str(issuer.jwks_url)
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        message = f"hooks.issuers {issuer.iss}: jwks_url must be https"
        raise BadConfiguration(message)
    return KeySet(KeyUrl(session, url), monotonic=monotonic)


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine and nobody else can mean it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bearer(request: web.Request) -> str:
    given = request.headers.getall("Authorization", [])
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        message = "no bearer token"
        raise _NotTrusted(message)
    return token.strip()


def _taken_apart(text: str) -> _Token:
    parts = text.split(".")
    try:
        header, claims, _ = (_decoded(part) for part in parts)
        return _Token(text=text, header=_object(header), claims=_object(claims))
    except (ValueError, binascii.Error, TypeError):
        message = "not a JWT"
        raise _NotTrusted(message) from None


def _decoded(part: str) -> bytes:
    padded = part + "=" * (-len(part) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _object(text: bytes) -> Mapping[str, Any]:
    value = orjson.loads(text)  # strict: neither NaN nor half a surrogate pair gets further
    if not isinstance(value, dict):
        raise TypeError
    return value


def _algorithm(header: Mapping[str, Any]) -> str:
    algorithm, kind = header.get("alg"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
        message = "alg is neither ES384 nor RS384"
        raise _NotTrusted(message)
    if not isinstance(kind, str) or kind.upper() != "JWT":
        message = "typ is not JWT"
        raise _NotTrusted(message)
    return algorithm


def _verify(token: _Token, key: jwt.PyJWK, algorithm: str) -> None:
    try:
        _JWS[algorithm].decode(token.text, key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        message = "the signature is not good"
        raise _NotTrusted(message) from None


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    for name in _TIMES:
        value = claims.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number and not (name == "nbf" and value is None):
            message = f"{name} is not a time"
            raise _NotTrusted(message)
    expires, issued = float(claims["exp"]), float(claims["iat"])
    if now >= expires + LEEWAY_S:
        message = "expired"
        raise _NotTrusted(message)
    if max(issued, float(claims.get("nbf") or 0)) > now + LEEWAY_S:
        message = "not valid yet"
        raise _NotTrusted(message)
    if expires - max(issued, now) > MAX_LIFE_S + LEEWAY_S:
        message = "valid for too long"
        raise _NotTrusted(message)
    return expires


def _check_audience(audience: object, address: str) -> None:
    given = audience if isinstance(audience, list) else [audience]
    if address not in given:
        message = "aud is not the address called"
        raise _NotTrusted(message)
