"""
SMART Backend Services: an access token for a source, fetched when needed and kept while good.

    none -> asked -> good --(80 % of its life)--> good, asked again --> good
                      |                                  (the old one serves until the new is there)
                      '--(refused with 401)--> none -> asked -> good, once

However many requests wait, one token is asked for. After an answer without a token the endpoint is
left in peace, for a few seconds or as long as it asks, and everybody gets the same answer:
authorization servers lock out those who insist, and one that stumbles is not helped by a crowd.
Time and randomness are handed in; nothing of a token or key is ever logged.
"""

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import structlog

from marrowd.errors import BadConfiguration, EhrUnavailable
from marrowd.fhir.answers import Unreachable, Unusable
from marrowd.fhir.assertions import ClientKey
from marrowd.fhir.scopes import is_any_granted, not_granted
from marrowd.fhir.token_endpoint import TIMEOUT_S, TokenEndpoint
from marrowd.settings import SmartBackendAuth

RENEWED_AT = 0.8  # of a token's life
QUIET = timedelta(seconds=5)  # after a failure, and before a token just got is doubted
LONGEST_QUIET = timedelta(minutes=5)  # however long a Retry-After is
DISCOVERED_FOR = timedelta(hours=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A token in use."""

    header: str = field(repr=False)
    got: datetime
    renew: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    error: EhrUnavailable
    until: datetime  # the endpoint is left in peace


class SmartAuthorization:
    """The authorization of one source."""

    def __init__(
        self,
        auth: SmartBackendAuth,
        session: aiohttp.ClientSession,
        *,
        key: Callable[[], ClientKey],
        source: str,
        base_url: str,
        clock: Callable[[], datetime],
        rng: random.Random,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """
        Take what it takes; nothing is asked yet.

        Args:
            auth: who we are there and what we ask for.
            session: whose connections are used.
            key: gives the key in force, asked for each token.
            source: its name.
            base_url: of the source.
            clock: gives the time.
            rng: gives ids of assertions.
            timeout_s: how long an answer may take.
        """
        self._auth = auth
        self._key = key
        self._endpoint = TokenEndpoint(session, clock=clock, timeout_s=timeout_s)
        self._source = source
        self._base_url = base_url
        self._clock = clock
        self._rng = rng
        self._kept: _Kept | None = None
        self._failure: _Failure | None = None
        self._asking: asyncio.Task[_Kept] | None = None
        self._found: tuple[str, datetime] | None = None  # the token endpoint, and since when
        self._lacking: tuple[str, ...] = ()

    async def header(self) -> str:
        """
        Give "Bearer ..." of a token that is good now.

        Raises:
            EhrUnavailable: none can be had at the moment.
            Unusable: none will be had before somebody mends something; the message says what.
        """
        kept, now = self._kept, self._clock()
        if kept is None or now >= kept.end:
            return (await self._asked()).header
        if now >= kept.renew and not self._is_quiet(now):
            _ = self._begin()  # looks after itself: see `_looked_at`
        return kept.header

    async def renew(self, refused: str | None) -> bool:
        """
        Get another token in place of the one in the header *refused*, once for all who ask.

        False for a token that is refused as soon as it is got: another would fare no better.
        """
        kept, now = self._kept, self._clock()
        if kept is None or kept.header == refused:
            if kept is not None and now - kept.got < QUIET:
                return False
            self._kept = None
            await self._asked()
        return True

    async def close(self) -> None:
        """Give up a request that is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _asked(self) -> _Kept:
        failure, now = self._failure, self._clock()
        # How often somebody is asked who is not there at all is the breaker's to say.
        if (
            failure is not None
            and now < failure.until
            and not isinstance(failure.error, Unreachable)
        ):
            left_s = (failure.until - now).total_seconds()
            raise type(failure.error)(str(failure.error), retry_after_s=left_s)
        # Shielded: whoever cannot wait leaves the token to those who come after.
        return await asyncio.shield(self._begin())

    def _begin(self) -> "asyncio.Task[_Kept]":
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="token")
            self._asking.add_done_callback(_looked_at)
        return self._asking

    def _is_quiet(self, now: datetime) -> bool:
        return self._failure is not None and now < self._failure.until

    async def _ask(self) -> _Kept:
        try:
            kept = await self._granted()
        except EhrUnavailable as error:
            asked = timedelta(
                seconds=min(error.retry_after_s or 0.0, LONGEST_QUIET.total_seconds())
            )
            self._failure = _Failure(error=error, until=self._clock() + max(QUIET, asked))
            self._found = None  # it may have moved
            _log.warning("token_not_had", source=self._source, error=str(error))
            raise
        self._kept, self._failure = kept, None
        return kept

    async def _granted(self) -> _Kept:
        token_url = await self._token_url()
        asked_at = self._clock()  # a token's life begins before its answer arrives
        granted = await self._endpoint.grant(
            token_url,
            assertion=self._key().assertion(
                client_id=self._auth.client_id,
                token_url=token_url,
                now=asked_at,
                jti=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            ),
            scope=self._auth.scope,
        )
        self._compare(granted.scope)
        life = timedelta(seconds=granted.life_s)
        return _Kept(
            header=f"Bearer {granted.token}",
            got=self._clock(),
            renew=asked_at + life * RENEWED_AT,
            end=asked_at + life,
        )

    async def _token_url(self) -> str:
        if self._auth.token_url is not None:
            return self._auth.token_url
        now = self._clock()
        if self._found is None or now - self._found[1] >= DISCOVERED_FOR:
            found = await self._endpoint.discover(self._base_url, algorithm=self._key().algorithm)
            self._found = (found, now)
        return self._found[0]

    def _compare(self, granted: str) -> None:
        """Say when less was granted than asked for, once for each change."""
        asked = self._auth.scope
        lacking = not_granted(asked, granted) if granted else ()  # unsaid: as asked (RFC 6749)
        if lacking and not is_any_granted(asked, granted):
            message = (
                "the token endpoint granted nothing of auth.scope: "
                "check what the client is registered for"
            )
            raise Unusable(message)
        if lacking and lacking != self._lacking:
            # Names of ours only: what was asked, never what the server answered.
            hint = f"not granted in full: {' '.join(lacking)}; see auth.scope"
            _log.warning("scope_smaller_than_asked", source=self._source, hint=hint)
        self._lacking = lacking


def client_key(auth: SmartBackendAuth, *, source: str, base_url: str) -> ClientKey:
    """
    Give the key that *auth* holds.

    Raises:
        BadConfiguration: it cannot be used, or would be used in clear text.
    """
    place = f"sources {source}: auth"
    if base_url.startswith("https:") and (auth.token_url or "https:").startswith("http:"):
        message = f"{place}.token_url must be https, as base_url is"
        raise BadConfiguration(message)
    pem = auth.private_key.get_secret_value()
    return ClientKey(pem, key_id=auth.key_id, place=f"{place}.private_key")


def _looked_at(task: "asyncio.Task[_Kept]") -> None:
    """Take note of an error that nobody waits for: it was logged where it arose."""
    if not task.cancelled():
        task.exception()
