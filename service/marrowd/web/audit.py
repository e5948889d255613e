"""
Who was shown which card in answer to a hook, kept in memory for a second and written together.

A clinician does not wait for a disk, so a power cut loses the entries of the last second. While the
store is away entries wait, up to a bound; what is beyond it is counted and said, never silently
lost. A card is shown all the same: withholding advice to protect its record would be the wrong way
round.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import islice
from typing import Final

import structlog
from aiohttp import web

from marrowd.errors import BadInput, StoreUnavailable
from marrowd.store.upkeep import Audit, AuditEntry

FLUSH_EVERY_S: Final = 1.0
MOST: Final = 20_000  # entries waiting while the store is away: about 20 MB
_TOGETHER: Final = 500  # rows in one transaction
_LONGEST: Final = 255  # characters of a name that an EHR chose

_log = structlog.get_logger(__name__)


class AuditTrail:
    """Entries not yet written."""

    def __init__(self, store: Audit, *, most: int = MOST) -> None:
        self._store = store
        self._most = most
        self._waiting: deque[AuditEntry] = deque()
        self._lost = 0
        self._writing = asyncio.Lock()

    def note(self, entry: AuditEntry) -> None:
        """Take an entry; as little as can be done, since a clinician waits."""
        if len(self._waiting) >= self._most:
            self._lost += 1
            return
        self._waiting.append(entry)

    async def flush(self) -> None:
        """
        Write what waits.

        What the store does not take waits for the next time, and so does what comes meanwhile:
        under load something always does, and would be written by commits of a few rows each.
        """
        async with self._writing:
            if self._lost:
                _log.error("audit_entries_lost", count=self._lost, reason="too many waited")
                self._lost = 0
            left = len(self._waiting)
            while left > 0:
                some = list(islice(self._waiting, min(left, _TOGETHER)))
                try:
                    await self._store.add_audit(some)
                except StoreUnavailable:
                    _log.warning("audit_not_written", count=len(self._waiting))
                    return
                except BadInput:
                    some = some[: await self._one_by_one(some)]
                for _ in some:
                    self._waiting.popleft()
                left -= len(some)

    async def _one_by_one(self, some: list[AuditEntry]) -> int:
        """Write each alone where one of them can never be written; say how many are settled."""
        for index, entry in enumerate(some):
            try:
                await self._store.add_audit([entry])
            except BadInput:
                _log.exception("audit_entries_lost", count=1, reason="cannot be stored")
            except StoreUnavailable:
                return index
        return len(some)

    async def while_serving(self, _app: web.Application) -> AsyncIterator[None]:
        """Flush from time to time, and once more at the end."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._keep_flushing(stop), name="audit")
        yield
        stop.set()  # and not cancelled: what is being written would be written a second time
        await task
        await self.flush()

    async def _keep_flushing(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_EVERY_S):
                    await stop.wait()
            await self.flush()


def storable(text: str) -> str:
    """Give a name that an EHR chose so that any database takes it: nobody evades the record."""
    plain = text[:_LONGEST].encode("utf-8", "backslashreplace").decode()
    return plain.replace("\x00", "\\x00")
