"""Looks every few seconds whether a secret's file holds another one, and says what became of it."""

import asyncio

import structlog

from marrowd.settings import Rotation
from marrowd.telemetry.metrics import Metrics
from marrowd.work.bell import Bell

EVERY_S = 2.0  # a handful of small files; new content is in force at the second look

_log = structlog.get_logger(__name__)


class SecretWatch:
    """Keeps the secrets of this process as their files are."""

    name = "secrets"

    def __init__(self, rotation: Rotation, metrics: Metrics) -> None:
        self._rotation = rotation
        self._metrics = metrics
        self._bell = Bell()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop* is set."""
        async with self._bell.rung_by(stop):
            while not stop.is_set():
                await self.look()
                await self._bell.nap(EVERY_S)

    async def look(self) -> None:
        """Take what is new; keep what is in force where that cannot be used."""
        for change in await asyncio.to_thread(self._rotation.look):
            if change.refused:
                _log.error("secret_refused", place=change.place, error=change.refused)
            else:
                _log.info("secret_taken", place=change.place)
        self._metrics.secrets_refused.set(len(self._rotation.refused))
