"""
One HTTP exchange with a FHIR server, done so that the server cannot hurt the service.

Knows nothing of resources: a method, a URL under the base, bytes back. Redirects are refused (a
token must not follow one), answers are read up to a cap, each attempt has a time limit, and what
may be repeated is repeated a few times with growing, jittered pauses. Whoever needs more patience
than that (the worker, with its durable inbox) has it outside.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from marrowd.errors import EhrUnavailable, MarrowdError
from marrowd.fhir.addresses import unreached
from marrowd.fhir.answers import (
    Absent,
    LeftAlone,
    Rejected,
    TooLarge,
    Unreachable,
    Unusable,
    error_of,
    http_date,
    seconds_to_wait,
)
from marrowd.fhir.authorization import Authorization, FixedAuthorization
from marrowd.fhir.breaker import Breaker, Wait
from marrowd.telemetry.metrics import CallOutcome, Operation
from marrowd.telemetry.tracing import SpanName, Told, add_traceparent, inner

Observe = Callable[[Operation, CallOutcome, float], None]
"""Told the seconds that each attempt took and how it ended."""


def _unobserved(_operation: Operation, _outcome: CallOutcome, _seconds: float) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one exchange may cost."""

    timeout_s: float = 30.0  # HAPI answers searches in 20-160 ms; a busy EHR may need seconds
    connect_s: float = 5.0
    max_bytes: int = 20_000_000  # a report with a scanned PDF inside, base64
    tries: int = 3
    first_pause_s: float = 0.25
    longest_pause_s: float = 5.0  # a server that asks for more gets it from the worker
    at_once: int = 20  # requests under way; more wait, and no time limit counts that


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request: *url* is absolute and already known to lie under the base."""

    operation: Operation
    method: str
    url: URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_repeatable: bool = True
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A 2xx answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case, parameters cut off."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Transport:
    """Exchanges with one FHIR server over a session owned by the caller."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        authorization: Authorization | None = None,
        breaker: Breaker | None = None,
        limits: Limits = Limits(),
        observe: Observe = _unobserved,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        self._session = session
        self._authorization = authorization or FixedAuthorization()
        self._breaker = breaker
        self._limits = limits
        self._timeout = aiohttp.ClientTimeout(total=limits.timeout_s, sock_connect=limits.connect_s)
        self._observe = observe
        self._clock = clock
        self._rng = rng or random.SystemRandom()
        self._room = asyncio.Semaphore(limits.at_once)

    async def exchange(self, ask: Ask) -> Reply:
        """
        Ask until there is an answer that settles it, a few times at most.

        Raises:
            Absent, Rejected, TooLarge, Unusable, EhrUnavailable: see `fhir.answers`.
        """
        pause_s = self._limits.first_pause_s
        for _ in range(self._limits.tries - 1):
            try:
                return await self._attempt(ask)
            except (Unusable, LeftAlone):
                raise
            except EhrUnavailable as error:
                wait_s = max(pause_s * self._rng.uniform(0.5, 1.5), error.retry_after_s or 0.0)
                if not ask.is_repeatable or wait_s > self._limits.longest_pause_s:
                    raise
                await asyncio.sleep(wait_s)
                pause_s *= 2
        return await self._attempt(ask)

    async def _attempt(self, ask: Ask) -> Reply:
        async with self._room:
            return await self._observed(ask)

    async def _observed(self, ask: Ask) -> Reply:
        entry = self._enter(ask)
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcome = CallOutcome.UNAVAILABLE
        try:
            reply = await self._counted(ask, entry)
            outcome = CallOutcome.OK
        except MarrowdError as error:
            outcome = _outcome_of(error)
            raise
        finally:
            self._observe(ask.operation, outcome, loop.time() - started)
        return reply

    def _enter(self, ask: Ask) -> int:
        entry = self._breaker.enter() if self._breaker is not None else 0
        if isinstance(entry, Wait):
            message = f"{ask.operation} not asked: the server did not answer lately"
            raise LeftAlone(message, retry_after_s=entry.seconds)
        return entry

    async def _counted(self, ask: Ask, entry: int) -> Reply:
        """Send *ask* and tell the breaker whether anybody was there."""
        breaker = self._breaker
        if breaker is None:
            return await self._send(ask)
        try:
            reply = await self._send(ask)
        except Unreachable:
            breaker.failed(entry)
            raise
        except MarrowdError:
            breaker.answered()
            raise
        except BaseException:  # cancelled: no news
            breaker.abandoned(entry)
            raise
        breaker.answered()
        return reply

    async def _send(self, ask: Ask) -> Reply:
        value = await self._authorization.header()
        reply = await self._once(ask, value)
        if reply.status == HTTPStatus.UNAUTHORIZED and await self._authorization.renew(value):
            reply = await self._once(ask, await self._authorization.header())
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            wait_s = seconds_to_wait(reply.headers.get("Retry-After"), now=self._clock())
            at = http_date(reply.headers.get("Date"))
            raise error_of(reply.status, ask.operation, retry_after_s=wait_s, at=at)
        return reply

    async def _once(self, ask: Ask, authorization: str | None) -> Reply:
        with inner(SpanName.FHIR) as span:
            span.tell(Told.OPERATION, ask.operation)
            span.tell(Told.METHOD, ask.method)
            reply = await self._request(ask, authorization)
            span.tell(Told.STATUS, reply.status)
            if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
                span.fail(str(reply.status))
        return reply

    async def _request(self, ask: Ask, authorization: str | None) -> Reply:
        headers = dict(ask.headers)
        add_traceparent(headers)
        if authorization is not None:
            headers["Authorization"] = authorization
        try:
            async with self._session.request(
                ask.method,
                ask.url,
                headers=headers,
                data=ask.body,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                body = b""  # of a refusal it could only tell what must not be logged
                if response.status < HTTPStatus.MULTIPLE_CHOICES:
                    cap = ask.max_bytes or self._limits.max_bytes
                    body = await _read_up_to(response, cap, ask.operation)
                return Reply(status=response.status, headers=response.headers, body=body)
        except TimeoutError:
            message = f"{ask.operation} took longer than {self._limits.timeout_s:g} s"
            raise Unreachable(message) from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreached(error, ask.operation) from None


async def _read_up_to(response: aiohttp.ClientResponse, cap: int, operation: str) -> bytes:
    """Read the (decompressed) body; stop as soon as it is longer than *cap* bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(65_536):
        size += len(part)
        if size > cap:
            response.close()  # the rest is not read, so the connection cannot be used again
            message = f"{operation} answered more than {cap} bytes"
            raise TooLarge(message)
        parts.append(part)
    return b"".join(parts)


def _outcome_of(error: MarrowdError) -> CallOutcome:
    if isinstance(error, Absent):
        return CallOutcome.NOT_FOUND
    if isinstance(error, Rejected | TooLarge | Unusable):
        return CallOutcome.REFUSED
    return CallOutcome.UNAVAILABLE
