"""
How things stand with the patients of calls: reads that are wanted at once go together.

Each read is a trip to a thread and back, which costs several times what the database does. A trip
begins with the next turn of the loop, so that calls that came with one turn share it, and those
that come while it is under way share the next. A store that hangs is given up by all who wait for
it, since the next trip would hang as well.
"""

import asyncio

from marrowd.errors import StoreUnavailable
from marrowd.store.cards_shown import AnswerStanding, Asked, Feedback

_Waiting = tuple[Asked, "asyncio.Future[AnswerStanding]"]


class Standings:
    """The way to the store that calls share."""

    def __init__(self, store: Feedback, *, within_s: float) -> None:
        self._store = store
        self._within_s = within_s
        self.longest_s = 2 * within_s  # behind a trip that has just begun, then one of its own
        self._waiting: list[_Waiting] = []
        self._asking: asyncio.Task[None] | None = None

    def of(self, asked: Asked) -> "asyncio.Future[AnswerStanding]":
        """
        Say how things stand with *asked*, soon.

        The future has StoreUnavailable when the store cannot be read, or has not answered in time.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[AnswerStanding] = loop.create_future()
        self._waiting.append((asked, future))
        if self._asking is None:
            self._asking = loop.create_task(self._ask(), name="standings")
        return future

    async def _ask(self) -> None:
        together: list[_Waiting] = []
        try:
            while together := self._taken():
                await self._ask_together(together)
        finally:
            self._asking = None
            # None wait any more, unless it ended by a defect: of that they must not wait for ever.
            if left := together + self._taken():
                self._refuse(left, StoreUnavailable("how things stand could not be read"))

    async def _ask_together(self, together: list[_Waiting]) -> None:
        try:
            standings = await self._read([asked for asked, _ in together])
        except StoreUnavailable as exc:
            self._refuse(together + self._taken(), exc)
            return
        for (_, future), standing in zip(together, standings, strict=True):
            if not future.done():
                future.set_result(standing)

    async def _read(self, asked: list[Asked]) -> list[AnswerStanding]:
        try:
            async with asyncio.timeout(self._within_s):
                return list(await self._store.standings(asked))
        except TimeoutError:
            message = "the store did not answer in time"
            raise StoreUnavailable(message) from None

    def _taken(self) -> list[_Waiting]:
        taken, self._waiting = self._waiting, []
        return taken

    @staticmethod
    def _refuse(waiting: list[_Waiting], error: StoreUnavailable) -> None:
        for _, future in waiting:
            if not future.done():
                future.set_exception(error)
