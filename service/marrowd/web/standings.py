"""
How things stand with the patients of calls: reads that come while one is under way go together.

Each read is a trip to a thread and back, which costs several times what the database does. A call
that comes alone waits for nobody; of those that come at once all but the first share one trip. A
store that hangs is given up by all who wait for it, since the next trip would hang as well.
"""

import asyncio

from marrowd.errors import StoreUnavailable
from marrowd.store.protocols import Asked, Feedback, Standing

_Waiting = tuple[Asked, "asyncio.Future[Standing]"]


class Standings:
    """The way to the store that calls share."""

    def __init__(self, store: Feedback, *, within_s: float) -> None:
        self._store = store
        self._within_s = within_s
        self.longest_s = 2 * within_s  # behind a trip that has just begun, then one of its own
        self._is_asking = False
        self._waiting: list[_Waiting] = []
        self._rest: asyncio.Task[None] | None = None

    async def of(self, asked: Asked) -> Standing:
        """
        Say how things stand with *asked*.

        Raises:
            StoreUnavailable: the store cannot be read, or has not answered in time.
        """
        if self._is_asking:
            future: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
            self._waiting.append((asked, future))
            return await future
        self._is_asking = True
        try:
            [standing] = await self._read([asked])
        except StoreUnavailable as exc:
            self._refuse(self._taken(), exc)
            raise
        finally:
            self._is_asking = bool(self._waiting)
            if self._is_asking:
                self._rest = asyncio.create_task(self._ask_for_the_rest(), name="standings")
        return standing

    async def _ask_for_the_rest(self) -> None:
        together: list[_Waiting] = []
        try:
            while together := self._taken():
                await self._ask_together(together)
        finally:
            self._is_asking = False
            # None wait any more, unless it ended by a defect: of that they must not wait for ever.
            message = "how things stand could not be read"
            self._refuse(together + self._taken(), StoreUnavailable(message))

    async def _ask_together(self, together: list[_Waiting]) -> None:
        try:
            standings = await self._read([asked for asked, _ in together])
        except StoreUnavailable as exc:
            self._refuse(together + self._taken(), exc)
            return
        for (_, future), standing in zip(together, standings, strict=True):
            if not future.done():
                future.set_result(standing)

    async def _read(self, asked: list[Asked]) -> list[Standing]:
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
