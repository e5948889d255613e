"""
A card on its way to the EHR: one signed POST and the answer to it, nothing about what follows.

Signed by the Standard Webhooks rules (`webhook-id`, `webhook-timestamp`, `webhook-signature`) with
every secret in force: two while one replaces the other, so that the receiver can change at
its own pace. `webhook-id` is the message's own id and the same at each try.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import aiohttp
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from marrowd.errors import BadConfiguration
from marrowd.fhir.answers import seconds_to_wait
from marrowd.telemetry.tracing import add_traceparent

TIMEOUT_S = 20.0  # Standard Webhooks: 15 to 30 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status, or none and a word on why ("timeout", "connection")."""

    status: int | None = None
    problem: str = ""
    retry_after_s: float | None = None

    @property
    def is_taken(self) -> bool:
        """Say whether the message arrived."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's ranges


class CardDestination(Protocol):
    """Somewhere cards are posted to."""

    @property
    def name(self) -> str:
        """The destination's configured name."""
        ...

    @property
    def mark(self) -> str:
        """Names the address, which may be a secret, without telling it: a 410 is said of it."""
        ...

    async def send(self, message_id: str, body: bytes) -> Answer:
        """Try once to hand over *body*; never raises for what the other side does."""
        ...


def mark_of(url: str) -> str:
    """Give the mark of a destination's address."""
    return sha256(url.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What shows a destination that it is us; replaced as a whole, never in part."""

    signers: tuple[Webhook, ...] = field(default=(), repr=False)
    token: str | None = field(default=None, repr=False)


def credentials(
    destination: str, *, secrets: Sequence[str] = (), token: str | None = None
) -> Credentials:
    """
    Give the credentials for *destination*.

    Raises:
        BadConfiguration: a secret that nothing can be signed with.
    """
    try:
        return Credentials(signers=tuple(Webhook(secret) for secret in secrets), token=token)
    except (EmptyWebhookSecretError, ValueError):
        message = f'destinations {destination}: a secret is "whsec_" and base64'
        raise BadConfiguration(message) from None


class WebhookDestination:
    """An EHR's endpoint for posted cards."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        name: str,
        url: str,
        shown: Callable[[], Credentials] = Credentials,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """
        Take where it is and how to show who we are.

        Args:
            session: whose connections are used.
            name: as configured.
            url: the endpoint.
            shown: gives the credentials in force, asked at each try.
            clock: gives the time.
            timeout_s: how long an answer may take.
        """
        self._name = name
        self._session = session
        self._url = url
        self._shown = shown
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    @property
    def name(self) -> str:
        """The destination's configured name."""
        return self._name

    @property
    def mark(self) -> str:
        """Names the address."""
        return mark_of(self._url)

    async def send(self, message_id: str, body: bytes) -> Answer:
        """
        Post *body* once.

        Args:
            message_id: the idempotency key, sent as `webhook-id`.
            body: JSON text, signed byte for byte as sent.
        """
        now = self._clock().astimezone(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        shown = self._shown()
        if shown.signers:
            text = body.decode("utf-8")
            headers["webhook-signature"] = " ".join(
                signer.sign(message_id, now, text) for signer in shown.signers
            )
        add_traceparent(headers)
        if shown.token is not None:
            headers["Authorization"] = f"Bearer {shown.token}"
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers=headers,
                allow_redirects=False,  # a signature and a token are for this URL only
                timeout=self._timeout,
            ) as response:
                wait_s = seconds_to_wait(response.headers.get("Retry-After"), now=now)
                return Answer(status=response.status, retry_after_s=wait_s)
        except TimeoutError:
            return Answer(problem="timeout")
        except (aiohttp.ClientError, OSError):
            return Answer(problem="connection")
