"""
A stand-in EHR that takes cards: verifies signatures, deduplicates by `webhook-id`, answers as told.

`effects` is what a clinician would have seen: each message once, in order of arrival.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.support.patience import PATIENCE_S


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the EHR answers next instead of 204."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_dropped: bool = False
    is_taken: bool = False  # take the message although the sender is told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One POST as it came in."""

    webhook_id: str
    headers: Mapping[str, str]
    body: Any
    is_signed: bool


class Ehr:
    """The stand-in's state; `url` is set once it runs."""

    def __init__(self, *, secrets: tuple[str, ...] = (), token: str | None = None) -> None:
        self.url = ""
        self.secrets = secrets
        self.token = token
        self.replies: deque[Reply] = deque()
        self.posts: list[Posted] = []
        self.effects: list[Any] = []
        self._taken: set[str] = set()
        self._changed = asyncio.Event()

    async def until(self, *, posts: int = 0, effects: int = 0) -> None:
        """Wait until so many POSTs, and messages with effect, have come in."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.posts) < posts or len(self.effects) < effects:
                self._changed.clear()
                await self._changed.wait()

    async def handle(self, request: web.Request) -> web.Response:
        """Take one POST."""
        raw = await request.read()
        webhook_id = request.headers.get("webhook-id", "")
        is_signed = self._is_signed(request, raw)
        body = json.loads(raw)
        self.posts.append(
            Posted(
                webhook_id=webhook_id,
                headers={k.lower(): v for k, v in request.headers.items()},
                body=body,
                is_signed=is_signed,
            )
        )
        reply = self.replies.popleft() if self.replies else Reply(is_taken=True)
        if self.secrets and not is_signed:
            reply = Reply(status=401)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            reply = Reply(status=401)
        if reply.is_taken and webhook_id not in self._taken:
            self._taken.add(webhook_id)
            self.effects.append(body)
        self._changed.set()
        if reply.delay_s:
            await asyncio.sleep(reply.delay_s)
        if reply.is_dropped and request.transport is not None:
            request.transport.abort()
        return web.Response(status=reply.status, headers=reply.headers)

    def _is_signed(self, request: web.Request, raw: bytes) -> bool:
        """Verify as the specification says, without the library that the sender uses."""
        stamp = request.headers.get("webhook-timestamp", "")
        signed = f"{request.headers.get('webhook-id', '')}.{stamp}.".encode() + raw
        given = request.headers.get("webhook-signature", "").split(" ")
        for secret in self.secrets:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = hmac.new(key, signed, hashlib.sha256).digest()
            expected = f"v1,{base64.b64encode(digest).decode()}"
            if any(hmac.compare_digest(expected, g) for g in given):
                return stamp.isdecimal()
        return False


@asynccontextmanager
async def running(ehr: Ehr) -> AsyncIterator[Ehr]:
    """Run *ehr* on a free loopback port for as long as the block lasts."""
    app = web.Application()
    app.router.add_post("/cards", ehr.handle)
    server = TestServer(app)
    await server.start_server()
    ehr.url = str(server.make_url("/cards"))
    try:
        yield ehr
    finally:
        await server.close()
