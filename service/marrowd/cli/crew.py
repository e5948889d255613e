"""
The processes that share the work of `marrowd screen`, or this one alone.

They are forked before anything is open that they must not share, and when all that they need is
loaded: so it is loaded once, and its memory is shared. Parts of the work go out in order and come
back in order, and only so many are out that memory stays flat.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from marrowd.cli.hand import Hand

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # parts that wait for each process: enough to keep it busy, few enough for flat memory


class Crew:
    """One hand, or several that are its copies."""

    def __init__(self, hand: Hand, *, workers: int) -> None:
        """
        Take on *workers*.

        Args:
            hand: does a part of the work.
            workers: processes; 0 is one a core. With 1 all is done in this process.
        """
        self._hand = hand
        self._count = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start the processes."""
        if self._count > 1:
            # Imported here: most runs are of one patient, and start sooner without.
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
            from multiprocessing import get_context  # noqa: PLC0415

            self._hand.prepare()
            gc.freeze()  # what is shared is not looked at again: looking would copy it
            self._pool = ProcessPoolExecutor(
                self._count, get_context("fork"), initializer=_start, initargs=(self._hand,)
            )
            self._pool.submit(_nothing).result()  # the first one forks all of them
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Let go of them; what is not begun is not done any more."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def share(self, work: Callable[[Hand, T], R], parts: Iterable[T]) -> Iterator[R]:
        """Do *work* on each of *parts*, and give what comes of it in their order."""
        if self._pool is None:
            yield from (work(self._hand, part) for part in parts)
            return
        ahead: deque[Future[R]] = deque()
        for part in parts:
            ahead.append(self._pool.submit(_do, work, part))
            if len(ahead) >= self._count * _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


_HANDS: list[Hand] = []  # of a process of the crew: one


def _start(hand: Hand) -> None:
    _HANDS[:] = [hand]


def _nothing() -> None:
    pass


def _do(work: Callable[[Hand, T], R], part: T) -> R:
    return work(_HANDS[0], part)
