"""
The public keys of one issuer: from a file or from one configured URL, never from a token's word.

A key set is fetched by the service itself, without redirects, with a size and a time limit, and
kept. A key id that is not in it may be a new key: the set is read again then, but not more often
than once a minute, so that nobody can make the service fetch by inventing ids.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import jwt
import orjson
import structlog

from marrowd.errors import BadConfiguration, EhrUnavailable

RELOAD_EVERY_S: Final = 60.0  # at most, when a key id is not known
RETRY_EVERY_S: Final = 5.0  # while there are no keys at all
REFRESH_EVERY_S: Final = 3600.0  # a key taken out of the set is refused after this
FETCH_TIMEOUT_S: Final = 5.0
WAIT_S: Final = 0.3  # of a call's budget: the fetch goes on and serves the next call
MAX_BYTES: Final = 262_144
MIN_RSA_BITS: Final = 2048  # RFC 7518 section 3.3
_CURVE_BITS: Final = 384
KEY_TYPES: Final = {"ES384": "EC", "RS384": "RSA"}

_log = structlog.get_logger(__name__)
Keys = Mapping[str, Mapping[str, Any]]


class KeySource(Protocol):
    """Where a key set is read."""

    async def load(self) -> bytes:
        """Give the JWKS document; raises EhrUnavailable."""
        ...


def keys_in(path: str) -> Keys:
    """
    Read a JWKS file, put there by the operator.

    Raises:
        BadConfiguration: it is not there, or holds no usable key.
    """
    try:
        keys = _keys_of(Path(path).read_bytes())
    except (OSError, EhrUnavailable):
        keys = {}
    if not keys:
        message = f"hooks.issuers.jwks_file: {path} holds no usable public key"
        raise BadConfiguration(message)
    return keys


class KeyFile:
    """The keys of one issuer, out of a file: a key that is taken out of it is refused at once."""

    def __init__(self, keys: Callable[[], Keys]) -> None:
        """
        Take what gives the keys.

        Args:
            keys: gives the same mapping until the file holds something else.
        """
        self._keys = keys
        self._of: Keys = {}  # what was prepared is of this mapping and of no other
        self._prepared: dict[tuple[str, str], jwt.PyJWK | None] = {}  # by key id and algorithm

    async def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """Give the public key *kid* if it is one for *algorithm*."""
        keys = self._keys()
        if keys is not self._of:
            self._of, self._prepared = keys, {}
        if (kid, algorithm) not in self._prepared:
            found = keys.get(kid)
            if found is None:
                return None  # and not kept: anybody can invent ids
            self._prepared[kid, algorithm] = _usable(found, algorithm)
        return self._prepared[kid, algorithm]

    async def close(self) -> None:
        """Nothing is under way."""


class KeyUrl:
    """A JWKS on the one URL that was agreed."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def load(self) -> bytes:
        """Fetch it."""
        try:
            async with self._session.get(
                self._url,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S),
                headers={"Accept": "application/json"},
            ) as response:
                body = await response.content.read(MAX_BYTES + 1)
                while len(body) <= MAX_BYTES and not response.content.at_eof():
                    body += await response.content.read(MAX_BYTES + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError):
            message = "a jwks_url did not answer"
            raise EhrUnavailable(message) from None
        if response.status != 200 or len(body) > MAX_BYTES:  # noqa: PLR2004 - HTTP 200
            message = "a jwks_url did not answer with a key set"
            raise EhrUnavailable(message)
        return body


class KeySet:
    """The keys of one issuer, kept."""

    def __init__(self, source: KeySource, *, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._prepared: dict[tuple[str, str], jwt.PyJWK | None] = {}  # by key id and algorithm
        self._asked_at: float | None = None
        self._loading: asyncio.Task[None] | None = None

    async def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """
        Give the public key *kid* if it is one for *algorithm*.

        Raises:
            EhrUnavailable: there are no keys yet and they cannot be had quickly.
        """
        if self._is_due(kid):
            await self._reload()
        if not self._keys:
            message = "the keys of an issuer cannot be had now"
            raise EhrUnavailable(message)
        if (kid, algorithm) not in self._prepared:
            found = self._keys.get(kid)
            if found is None:
                return None  # and not kept: anybody can invent ids
            self._prepared[kid, algorithm] = _usable(found, algorithm)
        return self._prepared[kid, algorithm]

    def _is_due(self, kid: str) -> bool:
        if self._asked_at is None:
            return True
        age = self._monotonic() - self._asked_at
        if not self._keys:
            return age > RETRY_EVERY_S
        return age > REFRESH_EVERY_S or (kid not in self._keys and age > RELOAD_EVERY_S)

    async def _reload(self) -> None:
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="jwks")
        try:
            # Shielded: whoever cannot wait leaves the fetch to those who come after.
            await asyncio.wait_for(asyncio.shield(self._loading), WAIT_S)
        except TimeoutError:
            _log.info("jwks_awaited")

    async def _load(self) -> None:
        try:
            self._keys = _keys_of(await self._source.load())
            self._prepared = {}
        except EhrUnavailable as exc:
            _log.warning("jwks_not_read", error=str(exc))  # the keys known so far stay in force
        finally:
            self._asked_at = self._monotonic()

    async def close(self) -> None:
        """Give up a fetch that is under way."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)


def public_keys(document: bytes) -> int:
    """Count the keys of a JWKS *document* that callers' tokens could be verified with."""
    try:
        keys = _keys_of(document)
    except EhrUnavailable:
        return 0
    return sum(any(_usable(key, name) for name in _names(key)) for key in keys.values())


def _names(key: Mapping[str, Any]) -> list[str]:
    return [name for name, kind in KEY_TYPES.items() if kind == key["kty"]]


def _keys_of(document: bytes) -> Keys:
    try:
        keys = orjson.loads(document)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        keys = None
    if not isinstance(keys, list):
        message = "a key set is not a JWKS"
        raise EhrUnavailable(message)
    # A private part or a symmetric key has no business in a public set; what is unknown is ignored.
    return {
        key["kid"]: key
        for key in keys
        if isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and key.get("kty") in KEY_TYPES.values()
        and key.get("use", "sig") == "sig"
        and "d" not in key
    }


def _usable(key: Mapping[str, Any], algorithm: str) -> jwt.PyJWK | None:
    if key["kty"] != KEY_TYPES[algorithm] or key.get("alg", algorithm) != algorithm:
        return None
    try:
        usable = jwt.PyJWK(dict(key), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
        return None
    bits = getattr(usable.key, "key_size", 0)
    is_strong = bits == _CURVE_BITS if key["kty"] == "EC" else bits >= MIN_RSA_BITS
    return usable if is_strong else None
